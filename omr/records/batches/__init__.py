"""Batches that were read: their receipts, corrected, taken back."""
