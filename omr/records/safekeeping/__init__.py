"""Copies of a workspace, what puts one back, and what tells that one is missing."""
