"""The average precision of one class with an interval on the scale of log-odds.

Boyd, Eng & Page 2013, "Area under the precision-recall curve: point estimates and confidence intervals" (ECML PKDD),
recommend that scale. The standard error is that of the infinitesimal jackknife over groups: with weights w the average
precision is ``sum w_i P_i / sum w_i`` over the positives, P_i the share of positives at or above case i, and a case's
influence is the derivative by its weight. The spread is shrunk, upwards only, towards the binomial one of that paper,
which is not 0 where the classes separate.
"""

import numpy as np
import scipy.special

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.metrics.parts import Part, student, unbiased

_PRIOR_GROUPS = 10


def precision_part(positive: BoolArray, scores: FloatArray, codes: IntArray) -> Part:
    """Return the average precision of one class; `codes` are the cases' groups from 0."""
    value, of_cases = _influence(positive, scores)
    influence = np.bincount(codes, of_cases).astype(np.float64)
    n_groups, n_others = (len(np.unique(codes[side])) for side in (positive, ~positive))
    m = int(positive.sum())
    sizes = np.bincount(codes[positive])
    largest = float((sizes**2).sum() / m)
    alone = unbiased(float((of_cases**2).sum()), m)
    together = unbiased(float((influence**2).sum()), n_groups)
    effect = min(together / alone, 2 * largest) if alone > 0 else largest
    # The binomial spread of the log-odds; ends that touch 0 or 1 stay a quarter of a case away.
    inner = float(np.clip(value, 1 / (4 * m), 1 - 1 / (4 * m)))
    ratio = alone * m / (inner * (1 - inner))
    more = max(ratio, (_PRIOR_GROUPS + n_groups * ratio) / (_PRIOR_GROUPS + n_groups))
    fewest = min(n_groups, n_others)
    reach = student(fewest) * np.sqrt(effect * more / (m * inner * (1 - inner)))
    low, high = scipy.special.expit(scipy.special.logit(inner) + np.array([-reach, reach]))
    return Part(value, min(float(low), value), max(float(high), value), fewest, influence)


def _influence(positive: BoolArray, scores: FloatArray) -> tuple[float, FloatArray]:
    descending = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(
        np.append(np.diff(scores[descending]) != 0, True)
    )  # equal scores are called together
    hit = positive[descending].astype(np.float64)
    tie = np.searchsorted(ends, np.arange(len(scores)))
    called = ends[tie] + 1.0
    precision = np.cumsum(hit)[ends][tie] / called
    m = hit.sum()
    value = float((hit * precision).sum() / m)
    first = np.append(0, ends[:-1] + 1)[tie]  # a case changes the precision of its equals and of all below
    below = [np.cumsum((hit * each / called)[::-1])[::-1][first] for each in (np.ones(len(hit)), precision)]
    of_cases = np.empty(len(scores))
    of_cases[descending] = (hit * (precision - value) + hit * below[0] - below[1]) / m
    return value, of_cases
