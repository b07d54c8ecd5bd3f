"""Reading on several machines, and what becomes of it when one is lost."""
