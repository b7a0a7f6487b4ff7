"""Curation of ISIC-style tables as in Ahammed et al. 2025, sections 3 and 4: one file per step, and a record."""
