"""The local AWS for development and tests, and the adapter with its workarounds."""
