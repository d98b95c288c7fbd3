"""What decides a training: its parameters, its images, and the descent that they stand for."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
    Dataset,
    Settings,
    evaluate,
    stacked,
)
from stages.common.files.arrays import load_labelled
from stages.common.files.atomic import StageError, one_line
from stages.common.files.paths import PARAMETERS as PARAMETER_FILE
from stages.common.images.augment import Augment, Distort, strength_at
from stages.common.images.preprocess import Preprocessing
from stages.common.models.model import as_examples
from stages.common.models.recipe import Recipe
from stages.common.runtime.params import (
    Hidden,
    choice,
    flat,
    parameters_of,
    problem_of,
    real,
    switch,
    whole,
)


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What a network is trained on: ``examples`` as it sees them, and what they were made of.

    Those are prepared ``grey`` levels, (N, height * width) uint8: images are distorted as pixels,
    and their edges are looked for after that.
    """

    examples: Dataset
    grey: NDArray[np.uint8]
    preprocessing: Preprocessing

    @classmethod
    def load(cls, folder: Path, preprocessing: Preprocessing) -> "TrainingSet":
        """Read labelled images from disk."""
        examples = as_examples(folder, preprocessing)
        grey = load_labelled(folder)[0] if preprocessing.edges else examples.stored
        return cls(examples, grey, preprocessing)  # without edges one array: it may be sent away

    def distort(self, augment: Augment, rng: np.random.Generator) -> Distort:
        """What brings such images into place, some of all mini-batches distorted."""
        made = self.preprocessing
        return Distort(made.height, made.width, augment, rng=rng, edges=made.edges)


@dataclass(frozen=True, kw_only=True)
class TrainingParams:
    """All that decides a training but its images, its mini-batches' size and its seed."""

    hidden: Hidden = field(default_factory=list)
    activation: Annotated[str, choice(ACTIVATIONS, "of the hidden neurons")]
    cost: Annotated[str, choice(COSTS, "what is lowered{} (with softmax outputs)")]
    initializer: Annotated[str, choice(INITIALIZERS, "deviation of the first weights")]
    gain: Annotated[float, real(0, 100, "factor on that deviation")]
    learning_rate: Annotated[float, real(0, 1e6, "step as a multiple of the gradient")]
    schedule: Annotated[str, choice(SCHEDULES, "how it falls")]
    momentum: Annotated[float, real(0, 0.9999, "share of the last step made again")]
    weight_decay: Annotated[
        float, real(0, 1, "times the learning rate: how much weights shrink at a step")
    ]
    epochs: Annotated[int, whole(1, 10**6, "times that every image is visited")]
    reshuffle: Annotated[
        bool, switch("true: new mini-batches each epoch; false: the same in a new order")
    ]
    full_batch: Annotated[
        bool, switch("true: one step an epoch, along the gradient over all images")
    ]
    augment: Augment

    def start(
        self,
        training: TrainingSet,
        classes: int,
        batch_size: int,
        seed: int,
    ) -> tuple[SGD, Distort]:
        """The descent before its first step, and what distorts the images for it."""
        _, _, rng = np.random.default_rng(seed).spawn(3)  # the first two are the recipe's
        distort = training.distort(self.augment, rng)
        recipe = Recipe(
            tuple(self.hidden),
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
        distort.strength = strength_at(self.augment.decay, sgd.epochs_done / self.epochs)
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


def train_and_score(
    params: TrainingParams,
    batch_size: int,
    seed: int,
    training: TrainingSet,
    validation: Dataset,
) -> tuple[float, float]:
    """Train a network to the end; its cost and accuracy on the validation images.

    A descent that has left the finite numbers has an infinite cost.
    """
    labels = training.examples.labels
    classes = 1 + max(int(labels.max()), int(validation.labels.max()))  # as in train
    sgd, distort = params.start(training, classes, batch_size, seed)
    with np.errstate(all="ignore"):  # a rate that is too high is seen in the cost
        for _ in range(params.epochs):
            params.epoch(sgd, distort)
        cost, accuracy = evaluate(sgd.network, validation)
    return (cost if np.isfinite(cost) else np.inf), accuracy


def train_together(
    params: TrainingParams,
    batch_size: int,
    seeds: Sequence[int],
    training: TrainingSet,
    classes: int,
    epochs: Sequence[int],
) -> list[NDArray[np.floating]]:
    """Parameters, (S, P), after each of ``epochs``, of a stack of networks, one for each seed.

    Each seed decides first weights; mini-batches and distortions are those of the first one for
    all of them. A stack takes 0.7 of the time that its networks take alone.
    """
    starts = [params.start(training, classes, batch_size, seed) for seed in seeds]
    first, distort = starts[0]
    stack = stacked([sgd.network for sgd, _ in starts])
    together = SGD(stack, first.examples, first.settings, first.rng, distort)
    kept = [stack.parameters.copy()] if 0 in epochs else []
    with np.errstate(all="ignore"):  # a network that diverged is seen in its parameters
        for epoch in range(1, params.epochs + 1):
            params.epoch(together, distort)
            kept += [stack.parameters.copy()] if epoch in epochs else []
    return kept


PARAMETERS = parameters_of(TrainingParams)  # by name, with their rules


def coerce(name: str, value: Any) -> Any:
    """A value of YAML as the parameter's type has it: 3 is 3.0 for a real number.

    Raises ``ValueError``, in one line, for a value that ``train`` would not take.
    """
    parameter = PARAMETERS[name]
    if problem := problem_of(value, parameter):
        raise ValueError(problem)
    return [*map(parameter.kind, value)] if parameter.many else parameter.kind(value)


def own_section() -> dict[str, Any]:
    """What ``train`` has in params.yaml, by name, as far as it decides a training.

    Raises ``StageError`` if that is nothing to train with.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        section = flat(YAML(typ="safe").load(PARAMETER_FILE)["train"])
        return {name: coerce(name, section[name]) for name in PARAMETERS}
    except (YAMLError, KeyError, TypeError, ValueError) as error:
        message = f"{PARAMETER_FILE}: expected a section train that can be trained with"
        raise StageError(f"{message}: {one_line(error)}; run make check") from error
