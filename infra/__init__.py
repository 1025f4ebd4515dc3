"""Builds, deploys and runs Intake; not part of the Lambda zip."""
