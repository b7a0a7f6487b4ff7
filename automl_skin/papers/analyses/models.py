"""Which cells an analysis is about, what it calls them, and their cases by fold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.errors import ConfigError
from automl_skin.files import atomic_write
from automl_skin.papers.context import ReproduceContext
from automl_skin.papers.metrics import present_classes

Cells = Mapping[str, str] | Sequence[str]
"""Names of cells, or what a reader calls each of them by its name."""

Parts = Sequence[tuple[IntArray, FloatArray]]
"""For every fold labels (n_cases,) and probabilities (n_cases, n_classes)."""


@dataclass(frozen=True)
class ChosenModels:
    """The cells of an analysis.

    Parameters
    ----------
    parts : mapping of str to Parts
        By what a reader calls the model the cases of each fold: those that the fold held out, or the locked ones as
        the chain of each fold scores them.
    missing : tuple of str
        What a reader calls those without figures, and why they have none.
    locked : bool
        Whether the cases are the locked ones.
    """

    parts: Mapping[str, Parts]
    missing: tuple[str, ...]
    locked: bool

    @property
    def note(self) -> str:
        """Which cases the figures are of, and which models have none."""
        where = (
            "The same held-out cases, scored by the chain of each fold."
            if self.locked
            else "Out of fold: every case is scored by the chain that was fitted without its fold."
        )
        return "\n\n".join([where, *(f"Not shown: {name}." for name in self.missing)])


def choose_models(
    context: ReproduceContext, cells: Cells | None = None, *, locked: bool = False
) -> ChosenModels:
    """Return the cells that are named, on the locked cases if these are wanted and were opened.

    Raises
    ------
    ConfigError
        If the variant has no cell of a name.
    """
    names = name_models(context, cells)
    unknown = [name for name in names if name not in context.cells]
    if unknown:
        raise ConfigError(
            f"an analysis of {context.variant.name}: expected cells of this variant ({', '.join(context.cells)}), "
            f"got {unknown[0]!r}"
        )
    locked = locked and context.locked is not None
    parts = {
        label: context.parts(name, locked=locked) for name, label in names.items() if name in context.finished
    }
    missing = [say_why_absent(context, name, label) for name, label in names.items() if label not in parts]
    return ChosenModels(parts, tuple(missing), locked)


def name_models(context: ReproduceContext, cells: Cells | None) -> dict[str, str]:
    """Return what a reader calls each cell; by default of all cells that have figures."""
    if isinstance(cells, Mapping):
        return dict(cells)
    return {name: name for name in (context.finished if cells is None else cells)}


def say_why_absent(context: ReproduceContext, name: str, label: str) -> str:
    """Return what a reader calls a cell that is not shown, and in brackets why it is not."""
    cell = context.cells.get(name)
    if cell is None:
        return f"{label} (no cell of this variant)"
    return f"{label} ({cell.reason or cell.state})" if name not in context.finished else label


def find_columns(context: ReproduceContext, names: Iterable[str]) -> tuple[int, ...]:
    """Return the positions of classes by name.

    Raises
    ------
    ConfigError
        If the variant has no class of a name.
    """
    unknown = absent_classes(names, context.classes)
    if unknown:
        raise ConfigError(f"not shown: {no_class(unknown, context.classes)}")
    return tuple(context.classes.index(name) for name in present_classes(names, context.classes))


def against_the_rest(
    part: tuple[IntArray, FloatArray], positive: Sequence[int]
) -> tuple[IntArray, FloatArray]:
    """Return labels and probabilities of two classes: the `positive` ones together, against all others.

    Without `positive` the cases are returned as they are.

    Examples
    --------
    >>> against_the_rest((np.array([2]), np.array([[0.5, 0.2, 0.3]])), (1, 2))
    (array([1]), array([[0.5, 0.5]]))
    """
    labels, probabilities = part
    if not positive:
        return labels, probabilities
    scores = probabilities[:, list(positive)].sum(axis=1)
    return np.isin(labels, positive).astype(np.int64), np.column_stack([1 - scores, scores])


def save_picture(context: ReproduceContext, name: str, picture: bytes) -> Path:
    """Write a PNG into the variant's folder of pictures, and return its path."""
    path = context.folder / f"{name}.png"
    with atomic_write(path) as temporary:
        temporary.write_bytes(picture)
    return path


def absent_classes(names: Iterable[Any], classes: Sequence[str]) -> list[str]:
    """Return the names that no class has, but for those that may be absent (see `present_classes`)."""
    return [name for name in present_classes(map(str, names), classes) if name not in classes]


def lacking_sides(sides: Mapping[str, Sequence[str]], classes: Sequence[str]) -> dict[str, str]:
    """Return by side (some classes against all others) why it cannot be shown, for those that cannot."""
    absent = {side: absent_classes(names, classes) for side, names in sides.items()}
    return {side: no_class(names, classes) for side, names in absent.items() if names}


def no_class(absent: Sequence[str], classes: Sequence[str]) -> str:
    """Say which classes are missing.

    Examples
    --------
    >>> no_class(["carcinoma"], ["naevus", "melanoma"])
    "no class 'carcinoma'; the classes are naevus, melanoma"
    """
    names = ", ".join(repr(name) for name in absent)
    return f"no class {names}; the classes are {', '.join(classes)}"
