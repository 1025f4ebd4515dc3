"""One module per family of file types, each imported when the first file of its types arrives."""
