"""Whether a slip is taken for another: its serial, its sheet."""
