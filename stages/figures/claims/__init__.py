"""What the chapters say, each claim with the figure of what was measured."""

from stages.figures.claims.claim import HELD, NOT_HELD, PARTLY, Claim

__all__ = ["CLAIMS", "HELD", "NOT_HELD", "PARTLY", "Claim"]

# In the order in which the page tells them.
CLAIMS: tuple[Claim, ...] = ()
