"""Pictures of every kind that is read, and the pages of a TIFF -> pixels."""
