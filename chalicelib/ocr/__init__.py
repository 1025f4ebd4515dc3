"""Optical character recognition by Amazon Textract; imported only where a stage has it on."""
