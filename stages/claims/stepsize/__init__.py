"""Claim: gradient descent goes in small, smooth steps downhill."""
