"""A scanned stack comes in and ends with a receipt."""
