"""Files as people and scanners leave them: which are read, are they whole, where their bytes come from."""
