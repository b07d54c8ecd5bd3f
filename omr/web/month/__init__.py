"""The desks of a month: board, figures, printing, signals."""
