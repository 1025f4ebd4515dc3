"""Measurements of what the tests only bound; run by hand."""
