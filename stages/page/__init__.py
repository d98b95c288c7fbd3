"""What a reader sees: figures, and the pages that show them."""
