"""What is written by hand and can be read: digits, one a cell."""
