"""Commands about what is scanned and how it is read."""
