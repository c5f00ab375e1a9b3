"""Deployment of the mesh: on one machine, and in containers."""
