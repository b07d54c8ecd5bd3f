"""Files as scanners and offices write them: every page in them accounted for."""
