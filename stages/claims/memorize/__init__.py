"""Claim: it may just memorize its images."""
