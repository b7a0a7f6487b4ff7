"""What turns a case's embeddings and metadata into a probability, fitted on the rows of one fold."""
