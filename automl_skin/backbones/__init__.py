"""What timm offers: networks, their weights, and how they turn images into embeddings."""
