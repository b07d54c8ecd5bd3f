"""Proof that nothing was changed: the chain of events walked, and the office's signature."""
