"""Published systems as studies: their cells run by the machinery of a search, their tables with ours beside them."""
