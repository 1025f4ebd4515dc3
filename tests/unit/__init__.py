"""Tests of pure logic: no AWS, no network."""
