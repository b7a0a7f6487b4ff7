"""Scoring tables with a bundle: in parts, resumable, every row accounted for."""
