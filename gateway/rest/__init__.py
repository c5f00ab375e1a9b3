"""Methods over HTTP: unary, client streams and server streams.

`unary` responds with one message. `client_stream` takes many messages and responds with one.
`server_stream` responds with many, in one of the `stream_formats` (SSE, NDJSON, a JSON array), or
with
a file.
"""
