"""The gRPC methods of the payments service: the contract mapped to the use cases."""
