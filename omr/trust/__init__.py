"""Why the figures can be believed: the audit by hand, the signed export, unusual patterns."""
