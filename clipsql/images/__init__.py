"""Find, decode and hash pictures, and read when and where they were taken."""
