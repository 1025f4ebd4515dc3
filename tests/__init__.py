"""Tests are sentences: each docstring completes "This test ensures that ..."."""
