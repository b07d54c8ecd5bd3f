"""``python -m omr.cli``: the command line of a Python whose programs are not on the path."""

from omr.cli import main

if __name__ == "__main__":
    main()
