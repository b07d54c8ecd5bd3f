"""Scanning from the desk: scanners behind SANE, pages looked at as they come, folders that are watched."""
