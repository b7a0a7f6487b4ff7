"""Photographs: decoding, colour constancy, recipes, loading, inspection and duplicates."""
