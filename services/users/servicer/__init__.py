"""UserService and AuthService: contract ↔ use cases."""
