"""Claim: the cost can be 32 times more sensitive to one weight than to another."""
