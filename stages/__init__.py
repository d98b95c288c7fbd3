"""The pipeline's stages: one command each, run by DVC in the order of dvc.yaml.

Stages never import one another; they meet through files. What several of them need stands in
``options`` (the command line), ``locks`` and ``signals`` (how a stage begins and ends early),
``files`` (writing whole or not at all), ``checkpoints`` (going on where a killed run stopped),
``arrays`` and ``tables`` (numbers on disk), ``preprocess`` (from grey levels to what the network
sees), ``model`` (a trained network with its preprocessing), ``trainings`` (networks that a stage
trains for itself), ``layers`` (what every neuron holds and wishes for) and ``walk`` (a descent that
can be looked at). ``sources`` and ``idx`` belong to ``fetch`` and ``normalize``; ``story``,
``embed``, ``codec`` and ``bundle`` to ``report``. ``predict`` is a command for everybody, and no
stage; ``ink`` prepares what it reads.
"""

import os
import signal
import sys

# A stage is starting (python -m stages.NAME): until it heeds signals by itself, an interrupt ends
# it silently instead of with a traceback out of the middle of an import.
if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# Set before NumPy is loaded. A second BLAS thread slows layers of 16 neurons down, by several
# times when the machine is busy, and could change the last bits of a sum.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
