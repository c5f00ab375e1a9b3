"""The rooms of the mesh, and the kernel that runs any of them.

A room is a folder here with the floor plan that `CONTRIBUTING.md` describes.
It rests on `services.kernel` and on other rooms' contracts (`libral.*`), never
on their code.
"""
