"""The desks in the browser: scanning, review, overview; internal and offline."""
