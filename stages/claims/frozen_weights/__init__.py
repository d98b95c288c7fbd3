"""Claim: all derivatives are taken at the old weights, before any of them steps."""
