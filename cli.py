"""``python cli.py …`` from a checkout; the installed command is ``omr``."""

from omr.cli import main

main()
