"""What decides a training: the parameters of ``train``, and the descent that they stand for."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from nn import (
    ACTIVATIONS,
    COSTS,
    INITIALIZERS,
    SCHEDULES,
    SGD,
    Examples,
    Settings,
    evaluate,
)
from stages.common.files.arrays import load_labelled
from stages.common.images.augment import Distort, Distortion, strength_at
from stages.common.images.preprocess import Preprocessing
from stages.common.models.model import as_examples
from stages.common.models.recipe import Recipe
from stages.common.runtime.cli import choice, parameters_of, problem_of, real, switch, whole

Activation = Annotated[str, choice("activation", ACTIVATIONS, "Function of the hidden neurons.")]
Cost = Annotated[
    str,
    choice(
        "cost",
        COSTS,
        "What is lowered: quadratic is the sum of squares, with sigmoid outputs; "
        "cross_entropy comes with softmax outputs.",
    ),
]
Initializer = Annotated[
    str, choice("initializer", INITIALIZERS, "Rule for the deviation of the first weights.")
]
Gain = Annotated[float, real("gain", 0, 100, "Factor on that deviation.")]
LearningRate = Annotated[
    float, real("learning_rate", 0, 1e6, "Length of a step, as a multiple of the gradient.")
]
Schedule = Annotated[
    str, choice("schedule", SCHEDULES, "How the learning rate falls from first to last step.")
]
Momentum = Annotated[
    float, real("momentum", 0, 0.9999, "Share of the last step that is made again.")
]
WeightDecay = Annotated[
    float,
    real(
        "weight_decay",
        0,
        1,
        "Share of itself, times the learning rate, that a weight (not a bias) loses at a step.",
    ),
]
Epochs = Annotated[int, whole("epochs", 1, 10**6, "Times that every image is visited.")]
Reshuffle = Annotated[
    bool,
    switch(
        "reshuffle", "New mini-batches from all images each epoch, or the same ones in a new order."
    ),
]
FullBatch = Annotated[
    bool, switch("full_batch", "One step an epoch, along the gradient over all images.")
]
Distorted = Annotated[
    float, real("distorted", 0, 1, "Share of the mini-batches that are distorted.")
]
Shift = Annotated[int, whole("shift", 0, 100, "Pixels that their images are moved by at most.")]
Rotation = Annotated[float, real("rotation", 0, 180, "... turned by at most, in degrees.")]
Scaling = Annotated[
    float, real("scaling", 0, 0.9, "... enlarged or shrunk by at most, as a share.")
]
Shear = Annotated[float, real("shear", 0, 2, "... slanted by at most, in pixels a pixel.")]
Elastic = Annotated[
    float, real("elastic", 0, 1000, "Pixels that points are pushed by at most, before ...")
]
Smoothness = Annotated[
    float, real("smoothness", 0.5, 100, "... pushes are smoothed, by so many pixels.")
]
Fading = Annotated[
    float, real("fading", 0, 1, "Share of all that is lost over the last 30 % of the epochs.")
]
Hidden = Annotated[
    list[int] | None,
    whole("hidden", 1, 10**6, "Neurons of a hidden layer; once for each, or not at all."),
]


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What a network is trained on: ``examples`` as it sees them, and what they were made of.

    Those are prepared ``grey`` levels, (N, height * width) uint8: images are distorted as pixels,
    and their edges are looked for after that.
    """

    examples: Examples
    grey: NDArray[np.uint8]
    preprocessing: Preprocessing

    @classmethod
    def load(cls, folder: Path, preprocessing: Preprocessing) -> "TrainingSet":
        """Read labelled images from disk."""
        examples = as_examples(folder, preprocessing)
        grey = load_labelled(folder)[0] if preprocessing.edges else examples.stored
        return cls(examples, grey, preprocessing)  # without edges one array: it may be sent away

    def distort(self, most: Distortion, share: float, rng: np.random.Generator) -> Distort:
        """What brings such images into place, so many of all mini-batches distorted."""
        made = self.preprocessing
        return Distort(made.height, made.width, most, share=share, rng=rng, edges=made.edges)


@dataclass(frozen=True, kw_only=True)
class Descent:
    """All that decides a training but its images, its mini-batches' size and its seed.

    Names and meanings are those of ``train`` in params.yaml.
    """

    hidden: Hidden
    activation: Activation
    cost: Cost
    initializer: Initializer
    gain: Gain
    learning_rate: LearningRate
    schedule: Schedule
    momentum: Momentum
    weight_decay: WeightDecay
    epochs: Epochs
    reshuffle: Reshuffle
    full_batch: FullBatch
    distorted: Distorted
    shift: Shift
    rotation: Rotation
    scaling: Scaling
    shear: Shear
    elastic: Elastic
    smoothness: Smoothness
    fading: Fading

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> "Descent":
        """Choose from the values of ``train``, which has more."""
        return cls(**{field.name: section[field.name] for field in fields(cls)})

    def start(
        self,
        training: TrainingSet,
        classes: int,
        batch_size: int,
        seed: int,
    ) -> tuple[SGD, Distort]:
        """The descent before its first step, and what distorts the images for it."""
        most = Distortion(
            self.shift, self.rotation, self.scaling, self.shear, self.elastic, self.smoothness
        )
        _, _, rng = np.random.default_rng(seed).spawn(3)  # the first two are the recipe's
        distort = training.distort(most, self.distorted, rng)
        recipe = Recipe(
            tuple(self.hidden or ()),
            self.settings(batch_size),
            self.activation,
            self.cost,
            self.initializer,
            self.gain,
        )
        sgd = recipe.start(training.examples, classes, seed, distort)
        if distort.edges:
            sgd.examples = replace(training.examples, stored=training.grey)
        return sgd, distort

    def epoch(self, sgd: SGD, distort: Distort) -> None:
        """One epoch of what ``start`` began, as distorted as it is to be by then."""
        distort.strength = strength_at(self.fading, sgd.epochs_done / self.epochs)
        sgd.epoch()

    def settings(self, batch_size: int) -> Settings:
        """The part that the loop of the descent needs."""
        return Settings(
            learning_rate=self.learning_rate,
            epochs=self.epochs,
            batch_size=batch_size,
            schedule=self.schedule,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            reshuffle=self.reshuffle,
            full_batch=self.full_batch,
        )


def judged(
    descent: Descent,
    batch_size: int,
    seed: int,
    training: TrainingSet,
    validation: Examples,
) -> tuple[float, float]:
    """Train a network to the end; its cost and accuracy on the validation images.

    A descent that has left the finite numbers has an infinite cost.
    """
    labels = training.examples.labels
    classes = 1 + max(int(labels.max()), int(validation.labels.max()))  # as in train
    sgd, distort = descent.start(training, classes, batch_size, seed)
    with np.errstate(all="ignore"):  # a rate that is too high is seen in the cost
        for _ in range(descent.epochs):
            descent.epoch(sgd, distort)
        cost, accuracy = evaluate(sgd.network, validation)
    return (cost if np.isfinite(cost) else np.inf), accuracy


PARAMETERS = parameters_of(Descent)  # by name, with their types and ranges


def typed(name: str, value: Any) -> Any:
    """A value of YAML as the parameter's type has it: 3 is 3.0 for a real number.

    Raises ``ValueError``, in one line, for a value that ``train`` would not take.
    """
    parameter = PARAMETERS[name]
    if problem := problem_of(value, parameter):
        raise ValueError(problem)
    return [*map(parameter.kind, value)] if parameter.many else parameter.kind(value)
