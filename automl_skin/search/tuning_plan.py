"""What to tune next: rounds in the spirit of successive halving (Jamieson and Talwalkar 2016), as pure functions.

`auto` ranks the embedding sets frozen, probes them shortly, tunes the promising ones on all folds as far as the
predicted seconds fit the budget, and gives what remains to the best one: more epochs, another recipe. Named tunings
are carried out on the sets in the order of their rank. Each decision depends on its arguments alone; without a
budget no argument is a time.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from automl_skin.backbones.tuning.names import parse_tuning, tuning_by_name
from automl_skin.errors import ConfigError
from automl_skin.search.tuning_steps import Decision, StepOutcome, TuningStep
from automl_skin.search.tuning_wishes import Candidate, TuningWishes

PROBE_SHARE = 0.25
"""Of the budget; no probe is begun after it."""

MOST_PROBED = 8
PROBE_EPOCHS = 1
LONGER = (2, 4)
"""Epochs of the best one, times those that it was tuned for before."""


def ranked(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates, the best first; those without a rank keep their order behind the others."""
    return sorted(candidates, key=lambda each: -_least_if_nan(each.utility))


def predict_seconds(step: TuningStep, wishes: TuningWishes, past: Sequence[StepOutcome]) -> float | None:
    """Return how long a step would take on all folds, from what was measured; None before anything was."""
    measured = [each for each in past if math.isfinite(each.image_seconds)]
    same_set = [each for each in measured if each.step.set_name == step.set_name]
    alike = [each for each in same_set if each.step.base == step.base]
    same = [each for each in alike if each.step.pace == step.pace] or alike
    nearest = same or same_set or measured
    if not nearest:
        return None
    shares = [1.0 - len(held_out) / wishes.n_folds for held_out in wishes.held_out]
    images = fmean(shares) * wishes.n_images / wishes.n_towers * step.tuning_recipe.epochs
    turns = math.ceil(len(shares) * wishes.n_towers / wishes.lanes)
    return turns * images * fmean(each.image_seconds for each in nearest)


def seconds_left(wishes: TuningWishes, past: Sequence[StepOutcome]) -> float:
    """Return what is left of the budget."""
    return (
        math.inf
        if wishes.budget_seconds is None
        else wishes.budget_seconds - sum(each.seconds for each in past)
    )


def decide(
    wishes: TuningWishes, candidates: Sequence[Candidate], past: Sequence[StepOutcome], *, probed: bool
) -> Decision:
    """Return what is tuned next.

    Parameters
    ----------
    wishes : TuningWishes
    candidates : sequence of Candidate
    past : sequence of StepOutcome
        Of all rounds before, probes included, in their order; with the utility of the best trial of each.
    probed : bool
        Whether the round of probes is over.
    """
    order = ranked(candidates)
    if wishes.budget_seconds is not None and not probed:
        return _probe(wishes, order)
    whole = [each for each in past if not each.is_probe]
    if not wishes.is_auto:
        return _next_named(wishes, order, past, whole)
    if not whole:
        return _promising(wishes, order, past)
    return _further(wishes, past, whole)


def _probe(wishes: TuningWishes, order: Sequence[Candidate]) -> Decision:
    steps = [wishes.step(each, wishes.base).with_epochs(PROBE_EPOCHS) for each in order[:MOST_PROBED]]
    assert wishes.budget_seconds is not None
    why = f"one epoch without one fold, to time and to compare {_count(len(steps), 'network')}"
    return Decision("probe", tuple(steps), why, PROBE_SHARE * wishes.budget_seconds)


def _next_named(
    wishes: TuningWishes,
    order: Sequence[Candidate],
    past: Sequence[StepOutcome],
    whole: Sequence[StepOutcome],
) -> Decision:
    """Return the next named tuning of the best-ranked set that is not done and fits."""
    done = {_identity(each.step) for each in whole}
    left = seconds_left(wishes, past)
    too_long: list[tuple[float, TuningStep]] = []
    for candidate in order:
        for step in (wishes.step(candidate, name) for name in wishes.names):
            if _identity(step) in done:
                continue
            seconds = predict_seconds(step, wishes, past)
            if left > 0.0 and (seconds is None or seconds <= left):
                return Decision("tuning", (step,), f"as named; {_about(seconds)}")
            too_long.append((seconds or math.inf, step))
    return Decision("tuning", (), _nothing_fits(too_long, left) if too_long else "all named tunings are done")


def _promising(wishes: TuningWishes, order: Sequence[Candidate], past: Sequence[StepOutcome]) -> Decision:
    """Return the better half of the probed sets, as far as they fit; with fewer epochs if none does."""
    rank = {each.set_name: position for position, each in enumerate(order)}
    able = [each for each in past if each.state == "finished"]
    able.sort(key=lambda each: (-_least_if_nan(each.inner_auc), rank[each.step.set_name]))
    if not able:
        return Decision("tuning", (), "no probe succeeded")
    left = seconds_left(wishes, past)
    chosen: list[TuningStep] = []
    for each in able[: math.ceil(len(able) / 2)]:
        step = wishes.step(Candidate(*each.step.set_name), wishes.base)
        seconds = predict_seconds(step, wishes, past) or 0.0
        if seconds <= left:
            chosen.append(step)
            left -= seconds
    if chosen:
        why = f"the better {len(chosen)} of {_count(len(able), 'probe')}, on all folds"
        return Decision("tuning", tuple(chosen), why)
    return _shorter(wishes, wishes.step(Candidate(*able[0].step.set_name), wishes.base), past, left)


def _shorter(wishes: TuningWishes, step: TuningStep, past: Sequence[StepOutcome], left: float) -> Decision:
    """Return the step with as many epochs as fit."""
    whole = step.tuning_recipe.epochs
    an_epoch = (predict_seconds(step, wishes, past) or math.inf) / whole
    epochs = math.floor(left / an_epoch) if an_epoch > 0.0 else 0
    if epochs < 1:
        return Decision("tuning", (), _nothing_fits([(an_epoch, step.with_epochs(1))], left))
    why = f"{epochs} of {_count(whole, 'epoch')}, since the budget has no time for more"
    return Decision("tuning", (step.with_epochs(min(epochs, whole)),), why)


def _further(wishes: TuningWishes, past: Sequence[StepOutcome], whole: Sequence[StepOutcome]) -> Decision:
    """Return the first continuation of the best set that is not done and fits."""
    able = [each for each in whole if each.state == "finished"]
    if not able:
        return Decision("tuning", (), "every tuning failed")
    best = max(able, key=lambda each: _least_if_nan(each.utility))
    first = next(each for each in able if each.step.set_name == best.step.set_name)
    done = {_identity(each.step) for each in whole}
    left = seconds_left(wishes, past)
    for step, why in _continuations(wishes, first, able):
        seconds = predict_seconds(step, wishes, past)
        if _identity(step) not in done and seconds is not None and seconds <= left:
            return Decision("tuning", (step,), f"{why}; {_about(seconds)}")
    return Decision("tuning", (), f"nothing more fits the {in_words(max(left, 0.0))} that are left")


def _continuations(
    wishes: TuningWishes, first: StepOutcome, able: Sequence[StepOutcome]
) -> Iterator[tuple[TuningStep, str]]:
    """Yield how the best set may go on: longer, by another recipe, and longer still where longer was better."""
    step, epochs = first.step, first.step.tuning_recipe.epochs
    longer, longest = (step.with_epochs(epochs * times) for times in LONGER)
    yield longer, "the best one for longer"
    others = ["full" if step.base == "robust" else "robust", *(["joint"] if wishes.has_metadata else [])]
    for base in (name for name in others if _is_possible(name, wishes.changes)):
        yield wishes.step(Candidate(*step.set_name), base), "the best one by another recipe"
    gained = [
        each for each in able if _identity(each.step) == _identity(longer) and each.utility > first.utility
    ]
    if gained:
        yield longest, "longer was better"


def _is_possible(base: str, changes: Mapping[str, str]) -> bool:
    try:
        tuning_by_name(base, changes)
    except ConfigError:  # what may be changed of one tuning may contradict another
        return False
    return True


def _identity(step: TuningStep) -> tuple[str, str, str]:
    return (*step.set_name, step.tuning)


def _nothing_fits(too_long: Sequence[tuple[float, TuningStep]], left: float) -> str:
    seconds, step = min(too_long, key=lambda each: each[0])
    needs = f"needs about {in_words(seconds)}" if math.isfinite(seconds) else "needs more"
    return (
        f"{step.title} {needs}, and {in_words(max(left, 0.0))} of the budget are left: give a greater "
        "--tuning-budget to go on"
    )


def _about(seconds: float | None) -> str:
    return "how long it takes is not known yet" if seconds is None else f"about {in_words(seconds)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _least_if_nan(value: float) -> float:
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


def plan_in_words(wishes: TuningWishes, n_sets: int) -> list[str]:
    """Return what tuning is going to do, one step a line."""
    networks = len(wishes.held_out) * wishes.n_towers
    epochs = parse_tuning(wishes.base, wishes.changes).recipe.epochs
    time = "as long as it takes" if wishes.budget_seconds is None else in_words(wishes.budget_seconds)
    ways = ", ".join(wishes.ways)
    lines = [
        f"{_count(networks, 'network')} a backbone set and tuning, {wishes.lanes} side by side; ways: {ways}"
    ]
    if n_sets > 1:
        lines.append(f"rank {n_sets} sets by a linear head on their frozen embeddings")
    if wishes.budget_seconds is not None:
        lines.append(
            f"probe up to {min(n_sets, MOST_PROBED)} by one epoch without one fold, within a quarter of {time}"
        )
    if not wishes.is_auto:
        return [*lines, f"then {', '.join(wishes.names)} on every set, the best-ranked first, within {time}"]
    others = "robust, joint" if wishes.has_metadata else "robust"
    return [
        *lines,
        f"then {wishes.base} ({_count(epochs, 'epoch')}) on the better half, as far as {time} go",
        f"what remains goes to the best one: more epochs, {others}",
    ]


def trials_before_tuning(total: int, n_fixed: int) -> int:
    """Return how many trials a study has before anything is tuned: the fixed ones and a tenth, at most a third."""
    return max(min(n_fixed + total // 10, total // 3), min(total, 3))


def trials_after_round(total: int, done: int, n_fixed: int) -> int:
    """Return how many trials a study has before the next round: the round's fixed ones and a twentieth."""
    return min(total, done + n_fixed + total // 20)
