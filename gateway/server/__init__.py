"""The server: uvicorn with its bounds, draining, reloads and worker processes.

`server` runs uvicorn with the HTTP and WebSocket `protocols`; `generations` replaces the
descriptors while requests go on, and `reload` decides when; `workers` runs several processes on
one port; `program` does what the command line asks for.
"""
