"""What is known of the images that a command will get, before anything runs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.common.files.atomic import StageError

Labels = NDArray[np.integer]


class NotInDataError(StageError):
    """What a claim asks of the images, and they do not have: a class, or so many of them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Outlook:
    """Numbers of images, inputs and classes, as far as they are known.

    A command makes one of the images that it has; ``make check`` makes one of the parameters, and
    of the files that are there already.
    """

    images: int  # to train on
    inputs: int  # of a network
    classes: int  # or the fewest that there can be
    shape: tuple[int, int] | None = None  # height and width of an image, as it is prepared
    labels: Labels | None = None  # (images,), of those to train on, from 0 on
    test_labels: Labels | None = None  # (n,), from 0 on

    def sizes(self, hidden: list[int]) -> tuple[int, ...]:
        """Neurons of every layer of a network with these hidden ones."""
        return (self.inputs, *hidden, self.classes)
