"""One scanned page becomes answers: pure functions, no database, no clock, no environment."""
