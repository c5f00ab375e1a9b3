"""The server: uvicorn with bounds, draining, hot reload and worker processes.

`server` runs uvicorn with the HTTP and WebSocket `protocols`. `reloadable` replaces the gateway
context
while requests are served, and `reload` decides when. `workers` runs several processes on one port.
`program` implements the command line.
"""
