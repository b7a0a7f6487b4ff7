"""How many cases a step of the training sees."""

import math

MIN_STEPS = 16
"""Steps of an epoch; a small study takes smaller batches."""


def choose_batch_size(batch_size: int, n_cases: int) -> int:
    """Return the cases in a batch: at most `batch_size`, and few enough for `MIN_STEPS` steps per epoch.

    Examples
    --------
    >>> choose_batch_size(256, 6400), choose_batch_size(256, 320)
    (256, 20)
    """
    return min(batch_size, max(math.ceil(n_cases / MIN_STEPS), 2))
