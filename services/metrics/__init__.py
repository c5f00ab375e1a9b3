"""The metrics room owns time series, the state of the modules, and alerts.

It promises that every figure was measured: by its own collectors, or reported
over OTLP. A source that is away has no figures, never old or default ones.
"""
