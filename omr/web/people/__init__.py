"""Accounts: who may come in, and what keeps others out."""
