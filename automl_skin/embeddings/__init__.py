"""Stage one: embeddings of images, computed once and kept on disk."""
