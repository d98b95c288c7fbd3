"""The pipeline's stages: one command each, run by DVC in the order of dvc.yaml.

Stages never import one another; they meet through files. What several of them need stands in
``options`` (the command line), ``files`` (writing whole or not at all), ``arrays`` (arrays on
disk), ``preprocess`` (from grey levels to what the network sees) and ``model`` (a trained network
with its preprocessing); ``sources`` and ``idx`` belong to ``fetch`` and ``normalize``.
"""

import os

# Set before NumPy is loaded. A second BLAS thread slows layers of 16 neurons down, by several
# times when the machine is busy, and could change the last bits of a sum.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
