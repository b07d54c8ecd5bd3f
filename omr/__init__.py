"""Read satisfaction slips: forms -> reading -> records -> reports."""

__version__ = "0.2.0"
