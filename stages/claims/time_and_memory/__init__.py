"""Claim: time and memory grow in proportion to images, neurons and layers."""
