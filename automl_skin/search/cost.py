"""Which proposals cost too much to be tried.

A search that is blind to cost spends half of its time on two trials, and its optimiser asks for more of them. So a
proposal that would take more than `MAX_TIMES_MEDIAN` times what the median finished trial takes is stopped before it
begins, and the optimiser is told. Both are estimates (`automl_skin.chains.cost`) and never measured seconds: a search
must propose and stop the same on a fast machine and on a slow one, with one worker and with many, killed and continued.
"""

import statistics
from collections.abc import Callable, Sequence

from automl_skin.chains.config import ChainConfig
from automl_skin.search.trial import TrialRecord

MAX_TIMES_MEDIAN = 10.0
MIN_FINISHED = 10
"""Finished trials before any is stopped: what later ones are compared with."""

MIN_SECONDS = 10.0
"""What a trial may always take, by estimate: where all trials take a moment, none needs to be stopped."""


def why_too_costly(
    config: ChainConfig, known: Sequence[TrialRecord], seconds: Callable[[ChainConfig], float]
) -> str:
    """Return why a proposal is not tried; empty where it is.

    Parameters
    ----------
    config : ChainConfig
        What was proposed.
    known : sequence of TrialRecord
        The trials that the proposal may know.
    seconds : callable
        Estimates what a chain costs.
    """
    finished = [record.plan.config for record in known if record.state == "finished"]
    if len(finished) < MIN_FINISHED:
        return ""
    cost = seconds(config)
    if cost <= MIN_SECONDS:
        return ""
    median = statistics.median(seconds(each) for each in finished)
    if cost <= MAX_TIMES_MEDIAN * median:
        return ""
    times = f"{cost / median:.0f} times" if median > 0.0 else "far more than"
    return (
        f"would take {times} the median of the finished trials, more than {MAX_TIMES_MEDIAN:.0f} times "
        f"(estimated from its settings and the size of the data: {cost:.0f} s against {median:.1f} s)"
    )
