"""Envoy as a REST front end built from the same descriptors, to compare with the gateway."""
