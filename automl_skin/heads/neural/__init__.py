"""Torch modules of the neural heads."""
