"""The container images of the mesh."""
