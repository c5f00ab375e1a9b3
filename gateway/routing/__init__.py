"""Routes: from path, query and body to a request message.

`template` parses path templates, `routes` checks the bindings of a method, `table` finds the route
of a
path. `params` binds path, query and body to the message, with `text_fields` for values given as
text.
`defaults` makes routes of contracts without annotations.
"""
