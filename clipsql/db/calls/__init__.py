"""One typed Python caller for each SQL function, as SQLAlchemy expressions."""
