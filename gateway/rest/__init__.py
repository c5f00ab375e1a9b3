"""Methods over HTTP: unary, client streams and server streams.

`unary` answers with one message; `client_stream` takes many messages and answers with one;
`server_stream` answers with many, in one of the `stream_formats` (SSE, NDJSON, a JSON array), or
with a file.
"""
