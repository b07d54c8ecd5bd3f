"""Measured on our own forms, filled with real ink and scanned by a machine unlike that of omr/simulate."""
