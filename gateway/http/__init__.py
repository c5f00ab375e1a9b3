"""HTTP without routes and without gRPC.

`messages` are request and response; `errors` are AIP-193 errors, with `languages` to choose among
their
texts; `encoding` compresses responses and handles conditional requests; `cors` admits origins;
`metadata` and `trace` translate headers; `tasks` ends the tasks of a request.
"""
