"""Claim: the negative gradient is the direction of steepest descent."""
