"""Run one ``omr`` command after the other: a line of JSON in, its code and what it said out."""

from __future__ import annotations

import io
import json
import sys

from omr.cli import main


def run(words: list[str], code_page: str) -> list[object]:
    """Run a command with the streams of the PC's code page."""
    said = io.BytesIO()
    ours = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (io.TextIOWrapper(said, code_page, write_through=True) for _ in range(2))
    try:
        main(words)
    except SystemExit as end:
        return [end.code or 0, said.getvalue().decode("latin-1")]
    finally:
        sys.stdout, sys.stderr = ours


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line), sys.argv[1])), flush=True)
