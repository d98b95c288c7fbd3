"""Claim: what one digit wants of every neuron, with the right signs."""
