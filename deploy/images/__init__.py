"""The images of the mesh: how they are built, and on what."""
