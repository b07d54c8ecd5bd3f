"""Our own forms filled with real ink, and scanned by a machine that shares nothing with omr/simulate."""
