"""Tests of the mesh on one machine. A package, since they share a mesh until its last test."""
