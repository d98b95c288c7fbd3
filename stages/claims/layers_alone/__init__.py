"""Claim: it was not just the last layer's fault."""
