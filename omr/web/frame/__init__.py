"""What every page stands in: the request, who asks, the shell around a page."""
