"""Claim: two guesses could reach 99.99 %."""
