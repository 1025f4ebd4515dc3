"""What measures Intake and tries it for long; nothing of it is in the Lambda zip."""
