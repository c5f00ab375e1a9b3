"""Envoy in the gateway's place: the same REST from the same descriptors, to compare with."""
