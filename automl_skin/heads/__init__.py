"""Families of heads: one file a family, a table of them in `catalogue`."""
