"""Of what a case's probability is made: its image against its metadata, and the fields of these.

Shapley values in log-odds (Shapley 1953; Lundberg and Lee 2017). Image and metadata are two players, whose values are
exact; the metadata's is divided among its fields over orders in which the fields become known, each also in reverse
(antithetic permutations, Mitchell et al. 2022), so that the fields add up to it whatever the orders are. What is left
out is what the model knows as absent: no image, a missing field. A part says what the model makes of a case, not what
causes a diagnosis.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import permutations

import numpy as np
import pandas as pd

from automl_skin.arrays import BoolArray, FloatArray
from automl_skin.chains.inputs import CaseInputs
from automl_skin.metrics.odds import log_odds
from automl_skin.seeding import generator

BASE, IMAGE, METADATA = "log_odds_base", "part_image", "part_metadata"

MAX_ORDERS = 16
"""Orders of the fields; all of them where there are no more."""

MAX_ROWS = 4096
"""Altered rows that are scored at once."""


def field_column(name: str) -> str:
    """Return the column of the part of a field; no field's is that of the image or of all metadata."""
    return f"part_of_{name}"


def explain_cases(predict: Callable[[CaseInputs], FloatArray], inputs: CaseInputs) -> pd.DataFrame:
    """Return the parts of the log-odds of the positive class.

    Parameters
    ----------
    predict : callable
        Returns probabilities, shape (n_cases, 2).
    inputs : CaseInputs
        At least one case.

    Returns
    -------
    DataFrame of shape (n_cases, 3 + n_fields)
        The log-odds with neither image nor metadata, the parts of both, which add up to the log-odds of the
        probability with it, and the parts of the fields, which add up to that of the metadata.
    """
    fields = list(inputs.metadata.columns)
    orders = _orders(len(fields))
    known = sorted({frozenset(order[:end]) for order in orders for end in range(len(fields) + 1)}, key=sorted)
    looks = [(image, subset) for image in (False, True) for subset in known]
    given = dict(zip(looks, _log_odds_of(predict, inputs, looks), strict=True))
    nothing, everything = frozenset[int](), frozenset(range(len(fields)))

    image = np.mean([given[True, some] - given[False, some] for some in (nothing, everything)], axis=0)
    by_metadata = {some: (given[False, some] + given[True, some]) / 2 for some in known}
    parts = {BASE: given[False, nothing], IMAGE: image}
    parts[METADATA] = by_metadata[everything] - by_metadata[nothing]
    for place, name in enumerate(fields):
        before = [frozenset(order[: order.index(place)]) for order in orders]
        steps = [by_metadata[some | {place}] - by_metadata[some] for some in before]
        parts[field_column(name)] = np.mean(steps, axis=0)
    return pd.DataFrame(parts, index=inputs.metadata.index)


def _orders(n_fields: int) -> list[tuple[int, ...]]:
    """Return orders of fields, the same for all cases, so that one case alone has the parts that it has in a batch."""
    if n_fields <= 3:
        return list(permutations(range(n_fields)))
    random = generator(0, "orders of fields")
    drawn = [tuple(random.permutation(n_fields).tolist()) for _ in range(MAX_ORDERS // 2)]
    return drawn + [order[::-1] for order in drawn]


def _log_odds_of(
    predict: Callable[[CaseInputs], FloatArray],
    inputs: CaseInputs,
    looks: Sequence[tuple[bool, frozenset[int]]],
) -> Iterator[FloatArray]:
    """Yield the log-odds of all cases for each look, which is whether the image is shown, and which fields are."""
    at_once = max(1, MAX_ROWS // len(inputs))
    for start in range(0, len(looks), at_once):
        some = looks[start : start + at_once]
        rows = inputs.take(np.tile(np.arange(len(inputs)), len(some)))
        image = np.repeat([shown for shown, _ in some], len(inputs))
        places = range(inputs.metadata.shape[1])
        shown = np.array([[place in subset for place in places] for _, subset in some], np.bool_)
        positive = predict(_without(rows, image, np.repeat(shown, len(inputs), axis=0)))[:, 1]
        yield from log_odds(positive).reshape(len(some), len(inputs))


def _without(inputs: CaseInputs, image: BoolArray, fields: BoolArray) -> CaseInputs:
    """Return cases of which some images and fields are absent, as those of a case that never had them."""
    embeddings = {
        name: np.where(image[:, None], values, np.float32(0)) for name, values in inputs.embeddings.items()
    }
    return replace(
        inputs,
        embeddings=embeddings,
        has_image=inputs.has_image & image,
        metadata=inputs.metadata.reset_index(drop=True).where(fields),
        has_role=None if inputs.has_role is None else inputs.has_role & image[:, None],
    )
