"""What the metrics room does by itself: collect, watch, alert, forget."""
