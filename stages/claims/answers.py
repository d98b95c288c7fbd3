"""Questions of viewers that need no figure of their own: a sentence each, with its number."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from stages.claims.avenues import verdict as avenues
from stages.claims.averaging import verdict as averaging
from stages.claims.shared.outputs import why_left_out
from stages.claims.wishes import verdict as wishes
from stages.page.figures.text import decimal, percent, plural, significant


class Answer(NamedTuple):
    """A question, what was measured, and the claim that has more of it."""

    question: str
    answer: str
    claim: str


def answers() -> list[Answer]:
    """All answers, as far as their claims have been measured on these images."""
    every = {
        entries: "wishes",
        hidden_weights: "avenues",
        biases: "avenues",
        only_measured: "averaging",
        arrows: "wishes",
    }
    return [answer() for answer, claim in every.items() if not why_left_out(claim)]


def entries() -> Answer:
    """How many entries the gradient has: one for each weight and bias, not the first layer's."""
    sizes = [int(n) for n in wishes.read()[0].sizes]
    layers = [n_in * n_out for n_in, n_out in pairwise(sizes)]
    weights, count = sum(layers), sum(sizes[1:])
    return Answer(
        f"Has the gradient only {sizes[0]} \N{MULTIPLICATION SIGN} {sizes[1]} entries?",
        f"No: one for each of {weights:,} weights and {plural(count, 'bias')}, "
        f"{weights + count:,} in all, of which the first layer's weights are {layers[0]:,}.",
        "avenues",
    )


def hidden_weights() -> Answer:
    """How far the weights move between hidden layers, or before the only one."""
    last = avenues.read().siblings[-1]
    first = float(last.moved[avenues.FIRST].mean())
    return Answer(
        "Do the weights of hidden layers change at all?",
        f"Yes: in training, the first layer's weights move by {decimal(first)} times their own "
        "first length.",
        "avenues",
    )


def biases() -> Answer:
    """What part of a step goes to the biases."""
    first, *_, last = avenues.read().siblings
    before, after = (
        percent(float(look.shares[avenues.BIASES].mean()), 1) for look in (first, last)
    )
    return Answer(
        "What about the biases?",
        f"They learn by the same gradient: they get {before} of the first step's squared length, "
        f"{after} of the last one's.",
        "avenues",
    )


def only_measured() -> Answer:
    """Whether the average over many images is what the network learns from."""
    averages = averaging.read()
    rate, epoch = averages.rates[0], averages.epochs[0]
    return Answer(
        "Is the average over all images only for measuring how well it does?",
        f"No, its gradient is what to step along; the average of {averages.batch} images stands in "
        f"for it, and a short step (rate {significant(rate)}) along that lowers the cost of all "
        f"images in {percent(averages.lowered(epoch, rate), 0)} of the tries, untrained.",
        "averaging",
    )


def arrows() -> Answer:
    """Whether the arrows that the lecture draws beside the neurons before have the right signs."""
    shares = wishes.read()[0].arrays["turned"][0]
    return Answer(
        "Are the arrows at 7:37 of the lecture the wrong way round?",
        "Yes, the viewers are right: an output that should fall asks for the opposite of its "
        f"weights. Drawn without that sign, {percent(float(np.median(shares)), 0)} of the arrows "
        "would point the wrong way (median over untrained networks).",
        "wishes",
    )
