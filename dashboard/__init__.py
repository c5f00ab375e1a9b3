"""The operators' dashboard, in Japanese. It uses only the gateway's HTTP and WebSocket.

Layers, from the top: `__main__` starts the program, `server` puts it together of `routes` and
`pages`. A page is registered by the decorator of `page`, draws `parts`, and works with a
`context`, which holds the live `connection` of a session, the `event_cache` of all sessions and
the `api` of the gateway.
"""
