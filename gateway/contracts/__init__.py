"""Contracts: the descriptors that the gateway serves by, and where they come from.

`descriptors` loads a descriptor set as methods with their HTTP bindings and access rules, with
`comments` for the documentation; `descriptor_sets` joins several sets; `reflection` asks servers
for theirs; `discovery` chooses between the two and follows changes.
"""
