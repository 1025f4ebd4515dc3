"""Compares the metadata that Intake records with what independent readers find: `make accuracy`."""
