"""Files of tables, one module per format: every cell comes out as the text that stands in the file."""
