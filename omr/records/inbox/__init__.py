"""Stacks on their way in: what people send and scanners leave in folders, until it is a batch."""
