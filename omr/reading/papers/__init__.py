"""Boxes on papers whose print is not known: the print is learned from the page itself."""
