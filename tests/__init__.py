"""The tests; each process of theirs computes with the kernels that are the same everywhere."""

import stages  # noqa: F401 - before NumPy is loaded, by whatever test is the first
