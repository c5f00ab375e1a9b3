"""Telemetry: what the gateway records of the requests that it serves.

`metrics` counts durations per method, route and status; `otlp` reports them.
"""
