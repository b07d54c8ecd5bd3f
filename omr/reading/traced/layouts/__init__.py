"""Boxes as other programs' files state them, laid on a print: AMC, SDAPS, OMRChecker."""
