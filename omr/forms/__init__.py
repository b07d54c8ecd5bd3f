"""What is printed: the form as content, its layout in mm, serials, the print-ready PDF."""
