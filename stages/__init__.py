"""The pipeline's stages: one command each, run by DVC in the order of dvc.yaml.

Stages never import one another; they meet through files. What several of them need stands in
``options`` (the command line), ``files`` (writing whole or not at all), ``arrays`` and ``tables``
(numbers on disk), ``preprocess`` (from grey levels to what the network sees), ``model`` (a trained
network with its preprocessing), ``trainings`` (networks that a stage trains for itself), ``layers``
(what every neuron holds and wishes for), ``walk`` (a descent that can be looked at), ``limits``
(what this machine can hold) and ``trust`` (numbers that are not to be believed). ``sources`` and
``idx`` belong to ``fetch`` and ``normalize``; ``story``, ``embed``, ``codec`` and ``bundle`` to
``report``. ``predict`` is a command for everybody, and no stage; ``ink`` prepares what it reads.
``check`` is none either: it looks at the parameters of all stages before the first one runs.
"""

import os

# Set before NumPy is loaded. A second BLAS thread slows layers of 16 neurons down, by several
# times when the machine is busy, and could change the last bits of a sum.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
