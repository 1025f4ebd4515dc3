"""The web UI: its files and their routes."""
