"""What a paper did to its table before anything else: functions from a table to a table."""
