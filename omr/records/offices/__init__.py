"""What the register speaks of: units, months, surveys, visits, statements."""
