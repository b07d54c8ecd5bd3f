"""The report in sentences, made from its figures."""
