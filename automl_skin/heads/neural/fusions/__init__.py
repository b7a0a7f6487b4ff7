"""How image and metadata meet in a neural head; one small file per fusion."""
