"""Benchmarks and long-running tests; not part of the Lambda zip."""
