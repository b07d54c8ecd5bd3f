"""Ink over and beside boxes becomes numbers: strokes followed, measured, never judged."""
