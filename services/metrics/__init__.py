"""The metrics service owns time series, the state of the modules, and alerts.

Its collectors measure the infrastructure, and processes report their measurements over OTLP. A
source that is unavailable has no figures; they are never replaced by old or default values.
"""
