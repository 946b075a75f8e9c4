"""The schema of a database: brought to a revision, and compared with what is expected."""
