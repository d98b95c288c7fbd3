"""The commands of this project: six stages, the claims, and tools; ``python -m stages`` lists all.

Whoever loads one computes with the same kernels as on every other machine.
"""

from stages.common.runtime.determinism import pin
from stages.common.runtime.signals import end_silently_while_starting

pin()
end_silently_while_starting()
