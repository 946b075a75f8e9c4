"""Search and judge pictures from Python; pages of results."""
