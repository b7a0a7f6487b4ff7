"""Fusions that need the map or the tokens of a network before it is pooled: metadata enter the network itself."""
