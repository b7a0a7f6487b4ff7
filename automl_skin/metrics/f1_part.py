"""The F1 of one class, and the mean over classes, with intervals.

Of a class's cases and calls together (their union), J is the share that is both: a share of cases in groups, with the
limits of `rates`. F1 is ``2 J / (1 + J)``, which grows with J, so that its limits are those of J. The mean over classes
has limits by `parts.mean_limits`, with the correlation that groups show: a case that is called wrongly counts in two
classes.
"""

from dataclasses import replace

import numpy as np

from automl_skin.arrays import BoolArray, IntArray
from automl_skin.metrics.parts import Part
from automl_skin.metrics.rates import group_rate


def f1_part(positive: BoolArray, called: BoolArray, codes: IntArray) -> Part:
    """Return the F1 of a class that has cases; all of shape (n_cases,), `codes` the groups from 0."""
    shared = group_rate(positive & called, positive | called, codes).as_part()
    n_groups = len(np.unique(codes[positive]))
    influence = shared.influence * 2 / (1 + shared.value) ** 2
    ends = (2 * share / (1 + share) for share in (shared.value, shared.low, shared.high))
    value, low, high = ends
    return replace(shared, value=value, low=low, high=high, fewest_groups=n_groups, influence=influence)
