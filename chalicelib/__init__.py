"""The code of the Lambda functions. app.py declares what invokes it."""
