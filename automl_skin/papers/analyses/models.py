"""Which cells an analysis is about, what it calls them, and their cases by fold."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl_skin.errors import ConfigError
from automl_skin.evaluation.plots.fold_curves import Parts
from automl_skin.files import atomic_write
from automl_skin.papers.context import ReproduceContext
from automl_skin.papers.needs import absent_classes, no_class


@dataclass(frozen=True)
class ChosenModels:
    """The cells of an analysis.

    Parameters
    ----------
    parts : mapping of str to sequence of (labels, probabilities)
        By what a reader calls the model the cases of each fold: held-out ones of the fold, or the locked ones as the
        chain of each fold scores them.
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


def chosen_models(context: ReproduceContext, options: Mapping[str, Any]) -> ChosenModels:
    """Return the cells that the options name.

    Parameters
    ----------
    context : ReproduceContext
    options : mapping
        ``cells``: names of cells, or what a reader calls them by cell (all cells that have figures);
        ``locked``: whether the locked cases are shown, where they were opened (no: those out of fold).

    Raises
    ------
    ConfigError
        If a name is that of no cell of the variant.
    """
    names = labelled(options.get("cells", tuple(context.finished)))
    unknown = [name for name in names if name not in context.cells]
    if unknown:
        raise ConfigError(
            f"an analysis of {context.variant.name} must name cells of this variant, and {unknown[0]!r} is none; they "
            f"are {', '.join(context.cells)}"
        )
    locked = bool(options.get("locked", False)) and context.locked is not None
    parts = {
        label: context.parts(name, locked=locked) for name, label in names.items() if name in context.finished
    }
    missing = [reason_of(context, name, label) for name, label in names.items() if label not in parts]
    return ChosenModels(parts, tuple(missing), locked)


def reason_of(context: ReproduceContext, name: str, label: str) -> str:
    """Return what a reader calls a cell that is not shown, and in brackets why it is not."""
    cell = context.cells.get(name)
    if cell is None:
        return f"{label} (no cell of this variant)"
    return f"{label} ({cell.reason or cell.state})" if name not in context.finished else label


def labelled(cells: Any) -> dict[str, str]:
    """Return what a reader calls each cell: a list of names, or labels by name.

    Examples
    --------
    >>> labelled(["image", "metadata"])
    {'image': 'image', 'metadata': 'metadata'}
    >>> labelled({"image": "dermoscopic"})
    {'image': 'dermoscopic'}
    """
    return (
        {str(k): str(v) for k, v in cells.items()}
        if isinstance(cells, Mapping)
        else {n: n for n in map(str, cells)}
    )


def columns_of(context: ReproduceContext, names: Any) -> tuple[int, ...]:
    """Return the positions of classes by name; none for no name.

    Raises
    ------
    ConfigError
        If the variant has no class of a name.
    """
    unknown = absent_classes(names, context.classes)
    if unknown:
        raise ConfigError(f"not shown: {no_class(unknown, context.classes)}")
    return tuple(context.classes.index(name) for name in names)


def check_options(analysis: str, options: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Refuse an option that an analysis does not have.

    Raises
    ------
    ConfigError
        If there is one.
    """
    unknown = [name for name in options if name not in known]
    if unknown:
        raise ConfigError(f"the analysis {analysis} has the options {', '.join(known)}; found {unknown[0]!r}")


def save_picture(context: ReproduceContext, name: str, picture: bytes) -> Path:
    """Write a PNG into the variant's folder of pictures, and return its path."""
    path = context.folder / f"{name}.png"
    with atomic_write(path) as temporary:
        temporary.write_bytes(picture)
    return path
