"""The target of a labelled set in the classes of a bundle: which of its values are positive."""

from collections.abc import Sequence

import pandas as pd

from automl_skin.data.polarity import find_positive
from automl_skin.data.spelling import spelling_key
from automl_skin.data.target import (
    BINARY,
    Target,
    as_levels,
    ask_for_positive,
    check_positive_spelling,
    check_spelling,
    count_values,
    find_typo,
    list_values,
)
from automl_skin.errors import ConfigError
from automl_skin.export.facts import BundleFacts


def labelled_target(
    column: str, values: "pd.Series[str]", positive: Sequence[str], facts: BundleFacts
) -> Target:
    """Return the target of a labelled set in the classes of a bundle; its note says which values are what.

    A binary one is read by `positive`, else by the training's own words where all values are among them, else by words
    that are known (no and yes, 0 and 1). Nothing is guessed. A positive value need not occur in the set.

    Parameters
    ----------
    values : Series of shape (n_rows,)
        None of them missing.
    positive : sequence of str
        What the user named; empty for nothing.

    Raises
    ------
    ConfigError, TableError
        If the values cannot be brought to the bundle's classes.
    """
    counts = count_values(values)
    if not facts.is_binary:
        return _several_classes(column, counts, positive, facts)
    if positive:
        wanted = as_levels(positive)
        _check_wanted(column, wanted, counts, facts)
        return _binary(column, counts, wanted, "as given by --positive", facts)
    check_spelling(column, counts)
    known = set(facts.levels)
    strange = [level for level in map(str, counts.index) if level not in known]
    if not strange:
        return _binary(column, counts, facts.positive, "as in the training of the bundle", facts)
    if len(strange) == len(counts) == BINARY and _is_usual(facts):
        found = find_positive(strange[0], strange[1], column)
        if found is not None:
            return _binary(column, counts, (found,), "recognised by its name (else give --positive)", facts)
    raise ConfigError(_question(column, counts, strange, facts))


def _is_usual(facts: BundleFacts) -> bool:
    """Return whether the training's own words do not say that the bundle predicts a ``benign`` or a ``no``."""
    known = find_positive(*facts.levels) if len(facts.levels) == BINARY else None
    return known is None or known in facts.positive


def _several_classes(
    column: str, counts: "pd.Series[int]", positive: Sequence[str], facts: BundleFacts
) -> Target:
    """Return the target of a bundle of several classes."""
    classes = ", ".join(facts.classes)
    if positive:
        message = (
            f"--positive: expected a bundle of two classes, got one of {len(facts.classes)} ({classes}), which has no "
            "positive class; leave --positive out"
        )
        raise ConfigError(message)
    strange = [level for level in map(str, counts.index) if level not in {*facts.classes, *facts.merged}]
    if strange:
        message = (
            f"column {column!r}: expected the bundle's classes ({classes}), got {list_values(counts[strange])} as "
            f"well{_spelled(strange, facts.classes)}; map these values, or leave their rows out"
        )
        raise ConfigError(message)
    note = f"Classes of {column!r}: {list_values(counts)}."
    if facts.merged:
        note += f" Taken as {facts.classes[-1]}: {', '.join(facts.merged)}."
    return Target(column, facts.classes, (), facts.classes, note, facts.merged)


def _check_wanted(column: str, wanted: tuple[str, ...], counts: "pd.Series[int]", facts: BundleFacts) -> None:
    """Refuse positive values that are typing errors, or that cannot occur in the set."""
    levels = list(map(str, counts.index))
    check_positive_spelling(column, wanted, counts)
    for value in wanted:
        typo = None if value in {*levels, *facts.levels} else find_typo(value, [*levels, *facts.levels])
        if typo is not None:
            message = (
                f"--positive {value!r}: expected a value of column {column!r}, which holds {list_values(counts)}, or "
                f"one of the training; did you mean {typo!r}?"
            )
            raise ConfigError(message)
    # a set without any positive case is fine; one in other words than those that were named is not
    foreign = not set(levels) & set(facts.levels) or not set(wanted) & set(facts.levels)
    if not set(wanted) & set(levels) and foreign and len(levels) > 1:
        message = (
            f"--positive {', '.join(wanted)}: expected at least one of them in column {column!r}, which holds "
            f"{list_values(counts)}; choose among these"
        )
        raise ConfigError(message)


def _binary(
    column: str, counts: "pd.Series[int]", positive: tuple[str, ...], why: str, facts: BundleFacts
) -> Target:
    """Return a binary target, with a note on what each value was taken for."""
    levels = tuple(map(str, counts.index))
    negative = [level for level in levels if level not in positive]
    taken = ", ".join(f"{value} ({counts.get(value, 0)})" for value in positive)
    note = f"Positive in {column!r}, {why}: {taken}; negative: {list_values(counts[negative]) or 'no value'}."
    strange = [level for level in negative if level not in facts.levels]
    if strange and len(strange) < len(levels) and set(levels) & set(facts.levels):
        note += f" The training did not hold {', '.join(strange)}: taken as negative."
    if any((level in positive) != (level in facts.positive) for level in levels if level in facts.levels):
        note += f" In the training {', '.join(facts.positive)} was positive."
    return Target(column, facts.classes, positive, levels, note)


def _question(column: str, counts: "pd.Series[int]", strange: list[str], facts: BundleFacts) -> str:
    """Return what to ask for where the words of a set are not those of the training."""
    trained = f"the bundle was trained with {', '.join(facts.positive)} as positive"
    if len(strange) == len(counts):
        return f"column {column!r}: {ask_for_positive(counts)} ({trained})"
    return (
        f"column {column!r}: expected values of the training, got {list_values(counts[strange])} as "
        f"well{_spelled(strange, facts.levels)}; map these values, or name all positive ones with --positive, and "
        f"every other is negative ({trained})"
    )


def _spelled(strange: Sequence[str], known: Sequence[str]) -> str:
    """Return, in words, which of the strange values are known ones in another spelling."""
    by_key = {spelling_key(level): level for level in known}
    pairs = [f"{value!r} for {by_key[key]!r}" for value in strange if (key := spelling_key(value)) in by_key]
    return f" (another spelling: {', '.join(pairs)})" if pairs else ""
