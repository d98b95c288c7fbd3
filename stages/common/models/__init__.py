"""A trained network, and how one comes about."""
