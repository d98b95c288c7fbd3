"""Claim: you land in some local minimum, and are happy with it."""
