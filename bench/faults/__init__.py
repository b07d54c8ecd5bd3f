"""Harmed files and killed programs: nothing is lost, doubled or left hanging."""
