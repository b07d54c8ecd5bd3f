"""The front page of each role: what waits, how the house stands, the first day, help."""
