"""The gRPC methods of the users service: the contract mapped to the use cases."""
