"""Claim: if we only listened to the 2s, all would become a 2."""
