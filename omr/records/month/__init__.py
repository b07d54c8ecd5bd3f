"""A month as a whole: what was issued against what came back, closed, and handed on."""
