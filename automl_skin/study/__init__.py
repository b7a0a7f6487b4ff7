"""A study's folder as typed records: one class per file on disk."""
