"""The report as text, charts and pages."""
