"""Which way the embeddings of a photograph move what a whole stack says of its case.

Symbols
-------
y : log-odds of a class by the stack
l : log-odds of the class by the head of a chain that sees the image
x : embedding of a network, of the photographs of one kind
dy/dx : sum over chains of dy/dl dl/dx

dl/dx is that of `automl_skin.explain.chain_score`. dy/dl goes through the fusion of the chain, its calibrator, the
blend of its fold and the mean of the folds; it is taken by differences, wide where ranks have to move, by the very
functions that score cases. With it `automl_skin.explain.heat` gives the heat of the stack.

Trees have no gradient. Chains whose image goes through trees alone are left out, and `HeatShares` says which share of
the stack's weight that is.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from automl_skin.arrays import Float32Array, FloatArray, IntArray
from automl_skin.chains.config import ChainConfig
from automl_skin.chains.fitted import FittedChain
from automl_skin.chains.inputs import CaseInputs
from automl_skin.chains.roles import seen_roles
from automl_skin.explain.chain_score import ChainScore, has_gradient
from automl_skin.metrics.odds import log_odds
from automl_skin.stacking.fitted import FittedStack

SHIFT = 0.01
"""Of the differences in dy/dl, log-odds."""

SHIFT_OF_RANKS = 0.5
"""The same where ranks lie between l and y, which go in steps."""

_SPREAD = 1.0  # of embeddings that a network's own head sees, which standardises nothing

Pair = tuple[int, int]
"""Trial and fold, which name a chain."""


@dataclass(frozen=True)
class HeatShares:
    """What the heat of a stack speaks for, in shares of the stack's weight, which add up to 1.

    Parameters
    ----------
    shown : float
        Of heads with gradients that see the image.
    trees : float
        Of trees that see the image.
    metadata : float
        Of heads that see metadata alone.
    """

    shown: float
    trees: float
    metadata: float

    @classmethod
    def of(cls, stack: FittedStack) -> "HeatShares":
        """Return the shares of a stack."""
        shown = trees = metadata = 0.0
        for trial, fold in stack.needed:
            blend = stack.stack.blends[fold]
            weight = blend.weights[blend.members.index(trial)] / len(stack.stack.blends)
            config = stack.chains[trial, fold].config
            image = weight * _image_share(config)
            metadata += weight - image
            if has_gradient(config):
                shown += image
            else:
                trees += image
        return cls(shown, trees, metadata)

    def in_words(self) -> str:
        """Return a sentence that says what the heat speaks for, and what it leaves out."""
        rest = {"trees, which have no gradient": self.trees, "metadata alone": self.metadata}
        left_out = [f"{share:.0%} {what}" for what, share in rest.items() if share > 0]
        ending = f"; left out: {', '.join(left_out)}" if left_out else ""
        return f"heat speaks for {self.shown:.0%} of the stack's weight{ending}"


@dataclass(frozen=True)
class NetworkDirection:
    """What `automl_skin.explain.heat.Looking.heat` needs of one network.

    Parameters
    ----------
    name : str
        Of its embedding.
    directions : ndarray of shape (n_cases, n_dimensions)
        dy/dx.
    average : ndarray of shape (n_dimensions,), or None
        Embedding of the average photograph in training, where the chains standardise by it.
    """

    name: str
    directions: FloatArray
    average: Float32Array | None


def network_directions(
    stack: FittedStack, inputs: CaseInputs, classes: IntArray, place: int = 0
) -> list[NetworkDirection]:
    """Return what the networks that look at one kind of photograph make of some cases.

    Parameters
    ----------
    inputs : CaseInputs
        Of the cases, each of which has a photograph of the kind.
    classes : ndarray of shape (n_cases,)
        The class that each case's heat is of.
    place : int
        Position of the kind in ``inputs.roles``; 0 where there is one kind only.

    Returns
    -------
    list of NetworkDirection
        One per network, two where one chain standardises its embedding and another does not; none where no head with
        gradients sees this kind.
    """
    totals: dict[tuple[str, bool], FloatArray] = {}
    averages: dict[tuple[str, bool], list[FloatArray]] = defaultdict(list)
    slopes = _slopes(stack, inputs, classes)
    for pair in smooth_chains(stack):
        chain = stack.chains[pair]
        score = ChainScore(chain, inputs, classes)
        for block in _blocks(chain, inputs, place):
            firsts = np.full(len(inputs), block.first)
            columns = inputs.embeddings[block.name][:, block.first : block.first + len(block.scale)]
            key = (block.name, block.mean is not None)
            along = slopes[pair][:, None] * score.gradient(block.name, firsts, columns, block.scale)
            totals[key] = totals.get(key, 0.0) + along
            averages[key] += [] if block.mean is None else [block.mean]
    return [
        NetworkDirection(
            name, total, np.mean(averages[name, known], axis=0, dtype=np.float32) if known else None
        )
        for (name, known), total in totals.items()
    ]


def smooth_chains(stack: FittedStack) -> list[Pair]:
    """Return the chains of which there is heat."""
    return [pair for pair in stack.needed if has_gradient(stack.chains[pair].config)]


@dataclass(frozen=True)
class _Block:
    """The columns of one network and kind of photograph: their name and first in `CaseInputs`, and how they spread."""

    name: str
    first: int
    mean: FloatArray | None
    scale: FloatArray


def _blocks(chain: FittedChain, inputs: CaseInputs, place: int) -> Iterator[_Block]:
    """Yield the columns by which a chain sees one kind of photograph; see `automl_skin.chains.roles`."""
    config, projection = chain.config, chain.projection
    assert projection is not None
    kinds = seen_roles(config, inputs) or [0]
    start = 0
    for name, network in zip(chain.image_names, config.networks, strict=True):
        is_tower = bool(network.role)
        n = inputs.embeddings[name].shape[1] // (1 if is_tower else max(1, len(inputs.roles)))
        seen = [inputs.roles.index(network.role)] if is_tower else kinds
        if place in seen:
            first = 0 if is_tower else place * n
            if config.uses_logits:
                yield _Block(name, first, None, np.full(n, _SPREAD))
            else:
                columns = slice(start + seen.index(place) * n, start + (seen.index(place) + 1) * n)
                scale = projection.scale[columns]
                yield _Block(name, first, projection.mean[columns], np.where(np.isfinite(scale), scale, 0.0))
        start += n * len(seen)


def _slopes(stack: FittedStack, inputs: CaseInputs, classes: IntArray) -> dict[Pair, FloatArray]:
    """Return dy/dl of each chain with gradients, shape (n_cases,)."""
    branches = {pair: stack.chains[pair].branches(inputs) for pair in stack.needed}
    answers = {pair: stack.chains[pair].answer(each) for pair, each in branches.items()}
    n_folds, rows = len(stack.stack.blends), np.arange(len(inputs))

    def of_fold(fold: int, given: dict[Pair, FloatArray]) -> FloatArray:
        members = stack.stack.blends[fold].members
        return stack.blend_members(np.stack([given[member, fold] for member in members]), fold)

    folds = [of_fold(fold, answers) for fold in range(n_folds)]
    slopes = {}
    for pair in smooth_chains(stack):
        in_ranks = "rank" in {stack.chains[pair].config.fusion, stack.stack.blends[pair[1]].rule}
        shift = SHIFT_OF_RANKS if in_ranks else SHIFT
        ends = []
        for by in (shift, -shift):
            first, *others = branches[pair]
            moved = np.stack([_shifted(first, classes, by), *others])
            fold = of_fold(pair[1], answers | {pair: stack.chains[pair].answer(moved)})
            mean = stack.average([*folds[: pair[1]], fold, *folds[pair[1] + 1 :]])
            ends.append(log_odds(mean[rows, classes]))
        slopes[pair] = np.asarray((ends[0] - ends[1]) / (2 * shift))
    return slopes


def _shifted(probabilities: FloatArray, classes: IntArray, by: float) -> FloatArray:
    """Return probabilities with the log-odds of one class per case moved; the others keep their proportions."""
    rows = np.arange(len(classes))
    weighted = probabilities.copy()
    weighted[rows, classes] *= np.exp(by)
    return np.asarray(weighted / weighted.sum(axis=1, keepdims=True))


def _image_share(config: ChainConfig) -> float:
    """Return how much of a chain's answer is of the head that sees the image."""
    if not config.uses_image:
        return 0.0
    return {"late": config.image_weight, "rank": 0.5}.get(config.fusion, 1.0)
