"""The operators' dashboard, in Japanese, on top of the gateway's HTTP and WebSocket API.

Layers, from the top: `__main__` starts the program, `server` assembles `routes` and `pages`. The
decorator of `page` registers a page, which draws `parts` and reads through a `context`. The context
holds the live `connection` of a session, the `event_cache` of all sessions and the `api` client.
"""
