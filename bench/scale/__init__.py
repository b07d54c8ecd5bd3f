"""Databases of a year and of a country: what they cost to ask."""
