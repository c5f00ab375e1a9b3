"""Tests of the mesh on one machine. A package, because the tests share a mesh."""
