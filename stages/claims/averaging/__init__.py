"""Claim: a mini-batch is a good approximation, and much quicker."""
