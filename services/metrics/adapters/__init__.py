"""What is measured and controlled: the host, PostgreSQL, the cache, the processes."""
