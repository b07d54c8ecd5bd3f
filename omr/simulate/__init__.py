"""Respondents, pens, paper and scanner: fills and scans a printed form with known truth."""
