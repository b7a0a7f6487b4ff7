"""A few trials become one answer, by weights that are cross-fitted on out-of-fold probabilities."""
