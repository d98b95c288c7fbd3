"""Claim: the network is confident about noise."""
