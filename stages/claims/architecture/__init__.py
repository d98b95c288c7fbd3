"""Claim: how many neurons, how many layers, which functions."""
