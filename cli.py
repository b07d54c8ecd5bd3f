"""``python cli.py …`` from a checkout; the installed command is ``omr``."""

from omr.cli import main

if __name__ == "__main__":  # worker processes import this file too
    main()
