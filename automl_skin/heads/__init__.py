"""Families of heads: one file per family, a table of them in `catalogue`."""
