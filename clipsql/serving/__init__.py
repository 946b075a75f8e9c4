"""The web gallery and the HTTP API: one process over one database, each request with the rights of a role of it."""
