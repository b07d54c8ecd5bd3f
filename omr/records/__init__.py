"""What is kept: the only rooms that know SQL."""
