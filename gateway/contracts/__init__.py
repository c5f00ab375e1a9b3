"""Contracts: the descriptors that the gateway serves, and their sources.

`descriptors` loads a descriptor set as methods with HTTP bindings and access rules, with `comments`
for
the documentation; `descriptor_sets` merges several sets; `reflection` fetches them from servers;
`discovery` chooses between the two and follows changes.
"""
