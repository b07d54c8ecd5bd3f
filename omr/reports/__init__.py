"""What leaves the house: figures with their n/N, tables, files."""
