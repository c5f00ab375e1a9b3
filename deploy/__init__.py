"""How the mesh is run: on a laptop, in containers."""
