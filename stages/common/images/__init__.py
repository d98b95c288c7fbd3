"""From IDX files to what a network sees."""
