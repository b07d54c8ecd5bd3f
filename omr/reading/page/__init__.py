"""Pixels become a page whose slip is known: located, aligned, identified."""
