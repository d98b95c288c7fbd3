"""Claim: there is room to experiment with the parameters."""
