"""Serials: printed, handed over, spoiled, counted; the units they go to, the months they belong to."""
