"""The clients in examples/, used end to end on a local stack: `make test-examples`."""
