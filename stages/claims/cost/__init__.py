"""Claim: the cost is small when the network is right and sure, and large when it is wrong."""
