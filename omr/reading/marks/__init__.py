"""Boxes become numbers, and numbers answers."""
