"""What the signals of a month find, and how often they cry wolf."""
