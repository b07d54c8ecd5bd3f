"""Commands that keep the office running: copies, proofs, accounts, the server."""
