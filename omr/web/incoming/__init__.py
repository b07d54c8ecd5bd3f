"""What comes in: stacks uploaded or scanned, batches and their receipts, imports, packages on a stick."""
