"""Where the form lies on a page: markers, the map from millimetres, codes, every box."""
