"""What every other room of the records stands on: the database, the originals, the mark."""
