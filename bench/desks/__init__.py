"""The desks under load, a reviewer's keys and time, and the rows that people learn on."""
