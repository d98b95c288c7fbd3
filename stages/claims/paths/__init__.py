"""Claim: a drunk man stumbling downhill beats a careful one."""
