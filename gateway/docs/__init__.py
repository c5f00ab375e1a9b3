"""The gateway's own pages, and the documentation that it derives from the contracts.

`pages` serves health, readiness, metrics and documents; `openapi` makes the OpenAPI 3.1 document,
`schemas` its JSON schemas, and `html` the page for people.
"""
