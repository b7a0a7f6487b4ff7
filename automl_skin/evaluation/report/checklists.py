"""Reporting guidelines as tables: which item the report answers, and which one it must leave to its author."""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Answer = Literal["run", "unmeasured", "author", "unknown"]

FOLDER = Path(__file__).with_name("checklists")
NAMES = ("tripod_ai", "claim", "clear_derm")


@dataclass(frozen=True)
class Item:
    """One item of a guideline.

    Parameters
    ----------
    number : str
    wording : str
        Short, and ours.
    answer : {"run", "unmeasured", "author", "unknown"}
        Answered by the report; would be, had it been measured; asks the author; cannot be known.
    anchor : str
        Where the report answers, or has what the author begins with; empty where there is nothing.
    """

    number: str
    wording: str
    answer: Answer
    anchor: str


@dataclass(frozen=True)
class Checklist:
    """A reporting guideline, and its anchor in the report.

    Parameters
    ----------
    is_compared : bool
        Whether numbers and subjects of the items were compared with the guideline's own.
    """

    anchor: str
    name: str
    about: str
    source: str
    doi: str
    items: tuple[Item, ...]
    is_compared: bool = True

    @property
    def answered(self) -> int:
        """Items that the report answers."""
        return sum(item.answer == "run" for item in self.items)

    @property
    def share(self) -> float:
        """Share of the items that the report answers."""
        return self.answered / len(self.items)


def read_checklists(unmeasured: Collection[str] = ()) -> list[Checklist]:
    """Return the guidelines as one report answers them.

    Parameters
    ----------
    unmeasured : collection of str
        Anchors under which this report has no figure.
    """
    return [_read(FOLDER / f"{name}.toml", unmeasured) for name in NAMES]


def _read(path: Path, unmeasured: Collection[str]) -> Checklist:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    items = tuple(
        Item(number, wording, "unmeasured" if answer == "run" and anchor in unmeasured else answer, anchor)
        for number, wording, answer, anchor in table.pop("items")
    )
    return Checklist(path.stem.replace("_", "-"), items=items, **table)
