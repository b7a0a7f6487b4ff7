"""What to tune next: rounds in the spirit of successive halving (Jamieson and Talwalkar 2016), as pure functions.

`auto` ranks the frozen networks, probes them shortly, tunes the promising ones on all folds as far as the
predicted seconds fit the budget, and gives what remains to the best one: more epochs, another recipe. Named tunings
are carried out on the networks in the order of their rank. Each decision depends on its arguments alone; without a
budget no argument is a time.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from automl_skin.backbones.tuning.names import Tuning
from automl_skin.errors import ConfigError
from automl_skin.networks import NetworkId
from automl_skin.search.tuning_steps import Decision, StepOutcome, TuningRequest, TuningStep

PROBE_SHARE = 0.25
"""Share of the budget after which no probe is begun."""

MAX_PROBED = 8
PROBE_EPOCHS = 1
LONGER = (2, 4)
"""Epochs of the best one, as multiples of those that it was tuned for first."""


def rank_frozen(utilities: Mapping[NetworkId, float]) -> list[NetworkId]:
    """Return the frozen networks, the best first; those whose utility is NaN keep their order behind the others."""
    frozen = [network for network in utilities if not network.is_tuned]
    return sorted(frozen, key=lambda network: -_worst_if_nan(utilities[network]))


def predict_seconds(step: TuningStep, request: TuningRequest, past: Sequence[StepOutcome]) -> float | None:
    """Return how long a step would take on all folds, from what was measured; None before anything was."""
    measured = [each for each in past if math.isfinite(each.image_seconds)]
    same_network = [each for each in measured if each.step.network == step.network]
    alike = [each for each in same_network if each.step.tuning.base == step.tuning.base]
    same = [each for each in alike if each.step.tuning.pace == step.tuning.pace] or alike
    nearest = same or same_network or measured
    if not nearest:
        return None
    shares = [1.0 - len(held_out) / request.n_folds for held_out in request.held_out]
    images = fmean(shares) * request.n_images / request.n_towers * step.tuning.recipe.epochs
    turns = math.ceil(len(shares) * request.n_towers / request.lanes)
    return turns * images * fmean(each.image_seconds for each in nearest)


def seconds_left(request: TuningRequest, past: Sequence[StepOutcome]) -> float:
    """Return what is left of the budget."""
    return (
        math.inf
        if request.budget_seconds is None
        else request.budget_seconds - sum(each.seconds for each in past)
    )


def decide(
    request: TuningRequest, utilities: Mapping[NetworkId, float], past: Sequence[StepOutcome], *, probed: bool
) -> Decision:
    """Return what is tuned next.

    Parameters
    ----------
    utilities : mapping of NetworkId to float
        Of each frozen network that may be tuned, that of a plain linear head on its embeddings; NaN where it was not
        ranked. Of the networks of a tuning together, that of the best finished trial that uses them.
    past : sequence of StepOutcome
        Of all earlier rounds, probes included, in their order.
    probed : bool
        Whether the round of probes is over.
    """
    order = rank_frozen(utilities)
    if request.budget_seconds is not None and not probed:
        return _probe(request, order)
    whole = [each for each in past if not each.is_probe]
    if not request.is_auto:
        return _next_named(request, order, past, whole)
    if not whole:
        return _promising(request, order, past)
    return _continue_best(request, utilities, past, whole)


def _probe(request: TuningRequest, order: Sequence[NetworkId]) -> Decision:
    steps = [request.step(each, request.base).with_epochs(PROBE_EPOCHS) for each in order[:MAX_PROBED]]
    assert request.budget_seconds is not None
    why = f"one epoch without one fold, to time and to compare {_count(len(steps), 'network')}"
    return Decision("probe", tuple(steps), why, PROBE_SHARE * request.budget_seconds)


def _next_named(
    request: TuningRequest,
    order: Sequence[NetworkId],
    past: Sequence[StepOutcome],
    whole: Sequence[StepOutcome],
) -> Decision:
    """Return the next named tuning of the best-ranked network that is not done and fits."""
    done = {each.step.tuned for each in whole}
    left = seconds_left(request, past)
    too_long: list[tuple[float, TuningStep]] = []
    for network in order:
        for step in (request.step(network, name) for name in request.names):
            if step.tuned in done:
                continue
            seconds = predict_seconds(step, request, past)
            if left > 0.0 and (seconds is None or seconds <= left):
                return Decision("tuning", (step,), f"as named; {_about(seconds)}")
            too_long.append((seconds or math.inf, step))
    return Decision("tuning", (), _nothing_fits(too_long, left) if too_long else "all named tunings are done")


def _promising(request: TuningRequest, order: Sequence[NetworkId], past: Sequence[StepOutcome]) -> Decision:
    """Return the better half of the probed networks, as far as they fit; with fewer epochs if none does."""
    rank = {network: position for position, network in enumerate(order)}
    able = [each for each in past if each.state == "finished"]
    able.sort(key=lambda each: (-_worst_if_nan(each.inner_auc), rank[each.step.network]))
    if not able:
        return Decision("tuning", (), "no probe succeeded")
    left = seconds_left(request, past)
    chosen: list[TuningStep] = []
    for each in able[: math.ceil(len(able) / 2)]:
        step = request.step(each.step.network, request.base)
        seconds = predict_seconds(step, request, past) or 0.0
        if seconds <= left:
            chosen.append(step)
            left -= seconds
    if chosen:
        why = f"the better {len(chosen)} of {_count(len(able), 'probe')}, on all folds"
        return Decision("tuning", tuple(chosen), why)
    return _shorter(request, request.step(able[0].step.network, request.base), past, left)


def _shorter(request: TuningRequest, step: TuningStep, past: Sequence[StepOutcome], left: float) -> Decision:
    """Return the step with as many epochs as fit."""
    whole = step.tuning.recipe.epochs
    an_epoch = (predict_seconds(step, request, past) or math.inf) / whole
    epochs = math.floor(left / an_epoch) if an_epoch > 0.0 else 0
    if epochs < 1:
        return Decision("tuning", (), _nothing_fits([(an_epoch, step.with_epochs(1))], left))
    why = f"{epochs} of {_count(whole, 'epoch')}, since the budget has no time for more"
    return Decision("tuning", (step.with_epochs(min(epochs, whole)),), why)


def _continue_best(
    request: TuningRequest,
    utilities: Mapping[NetworkId, float],
    past: Sequence[StepOutcome],
    whole: Sequence[StepOutcome],
) -> Decision:
    """Return the first continuation of the best network that is not done and fits."""
    able = [each for each in whole if each.state == "finished"]
    if not able:
        return Decision("tuning", (), "every tuning failed")
    reached = {each.step.tuned: utilities[each.tuned] for each in able}
    best = max(able, key=lambda each: _worst_if_nan(reached[each.step.tuned]))
    first = next(each.step for each in able if each.step.network == best.step.network)
    done = {each.step.tuned for each in whole}
    left = seconds_left(request, past)
    for step, why in _continuations(request, first, reached):
        seconds = predict_seconds(step, request, past)
        if step.tuned not in done and seconds is not None and seconds <= left:
            return Decision("tuning", (step,), f"{why}; {_about(seconds)}")
    return Decision("tuning", (), f"nothing more fits the {in_words(max(left, 0.0))} that are left")


def _continuations(
    request: TuningRequest, step: TuningStep, reached: Mapping[NetworkId, float]
) -> Iterator[tuple[TuningStep, str]]:
    """Yield how the best network may continue: longer, by another recipe, and longer still where longer was better."""
    epochs = step.tuning.recipe.epochs
    longer, longest = (step.with_epochs(epochs * times) for times in LONGER)
    yield longer, "the best one for longer"
    others = [
        "full" if step.tuning.base == "robust" else "robust",
        *(["joint"] if request.has_metadata else []),
    ]
    for base in (name for name in others if _is_possible(name, request.changes)):
        yield request.step(step.network, base), "the best one by another recipe"
    if reached.get(longer.tuned, math.nan) > reached[step.tuned]:
        yield longest, "longer was better"


def _is_possible(base: str, changes: Mapping[str, str]) -> bool:
    try:
        _ = Tuning(base, changes).recipe
    except ConfigError:  # what may be changed of one tuning may contradict another
        return False
    return True


def _nothing_fits(too_long: Sequence[tuple[float, TuningStep]], left: float) -> str:
    seconds, step = min(too_long, key=lambda each: each[0])
    needs = f"needs about {in_words(seconds)}" if math.isfinite(seconds) else "needs more"
    return (
        f"{step.title} {needs}, and {in_words(max(left, 0.0))} of the budget are left: give a greater "
        "--tuning-budget to continue"
    )


def _about(seconds: float | None) -> str:
    return "how long it takes is not known yet" if seconds is None else f"about {in_words(seconds)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _worst_if_nan(value: float) -> float:
    return -math.inf if math.isnan(value) else value


def in_words(seconds: float) -> str:
    """Return a time as people say it.

    Examples
    --------
    >>> [in_words(seconds) for seconds in (20.4, 600, 7500)]
    ['20 s', '10 min', '2 h 05 min']
    """
    if seconds < 100.0:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60.0), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def plan_in_words(request: TuningRequest, n_sets: int) -> list[str]:
    """Return what tuning is going to do, one step per line."""
    networks = len(request.held_out) * request.n_towers
    epochs = Tuning.parse(request.base, request.changes).recipe.epochs
    time = "as long as it takes" if request.budget_seconds is None else in_words(request.budget_seconds)
    ways = ", ".join(request.ways)
    lines = [
        f"{_count(networks, 'network')} per backbone, recipe and tuning, {request.lanes} side by side; ways: {ways}"
    ]
    if n_sets > 1:
        lines.append(f"rank {n_sets} sets by a linear head on their frozen embeddings")
    if request.budget_seconds is not None:
        lines.append(
            f"probe up to {min(n_sets, MAX_PROBED)} by one epoch without one fold, within a quarter of {time}"
        )
    if not request.is_auto:
        return [*lines, f"then {', '.join(request.names)} on every set, the best-ranked first, within {time}"]
    others = "robust, joint" if request.has_metadata else "robust"
    return [
        *lines,
        f"then {request.base} ({_count(epochs, 'epoch')}) on the better half, as far as {time} go",
        f"what remains goes to the best one: more epochs, {others}",
    ]


def trials_before_tuning(total: int, n_fixed: int) -> int:
    """Return how many trials a study has before anything is tuned: the fixed ones and a tenth, at most a third."""
    return max(min(n_fixed + total // 10, total // 3), min(total, 3))


def trials_after_round(total: int, done: int, n_fixed: int) -> int:
    """Return how many trials a study has before the next round: the round's fixed ones and a twentieth."""
    return min(total, done + n_fixed + total // 20)
