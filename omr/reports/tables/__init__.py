"""Figures as tables, and what is hidden in them."""
