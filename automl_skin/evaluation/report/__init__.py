"""The report of a study as one HTML page, for those who must answer for the model."""
