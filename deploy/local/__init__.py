"""The mesh on one machine, with one command and without root."""
