"""Lambda functions to compare process_upload with, and the runtime that runs either."""
