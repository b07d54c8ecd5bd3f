"""What is counted together, with its error; nothing is laid out here."""
