"""`python -m clipsql` is the command `clipsql`, of that Python."""

from clipsql.cli import main

main(prog_name="clipsql")
