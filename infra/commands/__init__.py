"""The commands behind the Makefile, one module each."""
