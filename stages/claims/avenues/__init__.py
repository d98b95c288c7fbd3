"""Claim: the first layer hardly changes, since three avenues have to be balanced."""
