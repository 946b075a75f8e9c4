"""Find the copies among pictures, and show them in pairs."""
