"""The bundle: one folder, without pickle, that holds everything needed to score new cases."""
