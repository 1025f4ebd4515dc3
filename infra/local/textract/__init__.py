"""Amazon Textract for the local AWS, with Tesseract."""
