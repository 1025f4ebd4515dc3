"""Bytes to type and metadata. Independent of AWS and HTTP; an import contract enforces it."""
