"""What heads see: encoded metadata, projected embeddings, images pooled to cases."""
