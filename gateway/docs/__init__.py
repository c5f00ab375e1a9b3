"""The gateway's own pages, and the documentation generated from the contracts.

`pages` serves health, readiness, metrics and documents; `openapi` makes the OpenAPI 3.1 document,
`schemas` its JSON schemas, and `html` the HTML page.
"""
