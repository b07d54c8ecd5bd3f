"""The same definition without paper: as an XLSForm for form servers, as one file for a browser."""
