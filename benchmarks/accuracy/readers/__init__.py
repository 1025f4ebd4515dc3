"""Independent readers of files: run by an interpreter of their own, import nothing of Intake."""
