"""Telemetry of the requests that the gateway serves.

`metrics` counts durations per method, route and status; `otlp` reports them.
"""
