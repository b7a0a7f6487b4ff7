"""The built-in study: dermoscopy-like pictures and metadata with a known truth."""
