"""Claim: neurons that fire together wire together."""
