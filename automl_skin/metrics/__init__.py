"""Pure functions on arrays: ranking, thresholds, calibration, intervals, the price of choosing the best."""
