"""Claim: backpropagation computes the gradient efficiently."""
