"""The command line: one file a command; parse, call the steps, print."""
