"""Claim: the trained weights look almost random."""
