"""The types and rules of the metrics service: series, modules, infrastructure, endpoints, alerts."""
