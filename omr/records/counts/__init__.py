"""What counts today: slips, answers, tallies, reconciliation, closed months."""
