"""Making and checking a data folder."""
