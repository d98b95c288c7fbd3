"""Claim: where a descent ends is a local minimum."""
