"""A laid-out form becomes paper: PDF, picture, cover sheets, posters."""
