"""Figures as PNG, drawn without pyplot and its global state."""
