"""Claim: neurons have to be continuous, not on or off."""
