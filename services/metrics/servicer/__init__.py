"""The gRPC services of the metrics service: contract ↔ service."""
