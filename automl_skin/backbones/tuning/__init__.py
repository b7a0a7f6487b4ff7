"""Tuning: a network learns on from labelled photographs, with a head of our own on its embedding."""
