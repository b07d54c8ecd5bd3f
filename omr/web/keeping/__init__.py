"""Keeping the house from the desk: settings, backups, the scanner's self-test."""
