"""PDF documents: every page in them, as its own picture or as viewers show it."""
