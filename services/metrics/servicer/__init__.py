"""The gRPC services of the metrics service."""
