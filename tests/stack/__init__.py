"""Tests on a stage that is deployed to a local AWS with IAM on."""
