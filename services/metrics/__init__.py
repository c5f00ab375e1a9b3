"""The metrics service owns time series, the state of the modules, and alerts.

Every figure is measured, by its own collectors or by a process that reports
over OTLP. A source that does not answer has no figures, never old or default ones.
"""
