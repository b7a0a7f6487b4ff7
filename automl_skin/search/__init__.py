"""The search: which chains are tried, in which order, on what, and what came of them."""
