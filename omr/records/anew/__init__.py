"""Slips that were read before are measured and decided again."""
