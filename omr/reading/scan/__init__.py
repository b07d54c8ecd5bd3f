"""Files become pixels: pages in whatever container and way up they come."""
