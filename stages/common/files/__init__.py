"""Numbers on disk: whole or not at all, and read strictly."""
