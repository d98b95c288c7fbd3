"""Claim: you need a lot of training data."""
