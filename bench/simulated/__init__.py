"""Simulated paper: what is silently wrong, what is asked, and pages laid wrongly."""
