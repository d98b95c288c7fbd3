"""Figures: each module draws one, and says in words what it shows."""
