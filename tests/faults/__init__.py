"""The fault harness: a whole mesh under seeded faults, and the promises that it must keep.

`python -m tests.faults` runs it; docs/faults.md tells what it does.
"""
