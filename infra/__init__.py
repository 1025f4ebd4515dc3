"""What builds, deploys and runs Intake; nothing of it is in the Lambda zip."""
