"""What Intake costs, side by side with what it could cost: `make bench`."""
