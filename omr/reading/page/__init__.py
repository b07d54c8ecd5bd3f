"""The page in the form's own millimetres: the print taken off, what else is on it told apart."""
