"""Paper that was not printed here: its print is learned from scans, and pages are laid on it."""
