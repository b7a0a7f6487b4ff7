"""What a paper shows besides its tables: tests, curves, pictures; one section of the report each."""
