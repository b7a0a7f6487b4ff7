"""What models look at: heat over photographs, importances of columns, maps of embeddings."""
