"""Pictures on their way into the database: looked up, staged, written, queued."""
