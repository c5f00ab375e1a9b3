"""The fault harness: a whole mesh under seeded faults, and checks of its promises.

`python -m tests.faults` runs it; docs/faults.md describes it.
"""
