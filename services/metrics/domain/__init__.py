"""Types and rules of series, modules, infrastructure, endpoints and alerts."""
