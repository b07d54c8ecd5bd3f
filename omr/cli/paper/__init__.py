"""Commands about what is printed and where it went."""
