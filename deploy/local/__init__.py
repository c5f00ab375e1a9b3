"""The mesh on one machine, started by one command, without root."""
