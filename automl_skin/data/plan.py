"""The fold plan: which case is locked away, and which fold holds every other one.

There is one plan per study. It is made of whole groups and written to disk, and its digest is in the key of everything
that depends on it. Splits inside the training rows come from `FoldPlan.inner` and from nowhere else.
"""

from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pandas as pd

from automl_skin.data.given_split import (
    DEVELOPMENT,
    LEFT_OUT,
    LOCKED,
    GivenSplit,
    describe_crossing,
    leave_crossing_out,
    parse_split,
    why_refused,
)
from automl_skin.data.groups import Groups
from automl_skin.data.plan_checks import (
    check_folds,
    check_strata,
    list_rare,
    note_large_group,
    note_rare,
    note_rare_locked,
    require_classes_in_folds,
    require_spreadable,
    require_two_classes,
)
from automl_skin.data.splitter import choose_locked, deal
from automl_skin.digests import digest_json
from automl_skin.errors import ConfigError, IntegrityError, LeakageError
from automl_skin.files import read_json, write_json, write_text
from automl_skin.records import read_record, write_record
from automl_skin.seeding import derive_seed

_STRATUM = "stratum_"

HeldOut = int | tuple[int, ...] | None
"""Folds that take no part: one, several, or none."""


PLAN = "plan.json"


@dataclass(frozen=True)
class PlanFacts:
    """What stands in ``plan.json``; `cases` counts them by part."""

    digest: str
    seed: int
    folds: int
    cases: dict[str, int]
    groups: int
    waiver: str | None
    crossing_share: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class FoldPlan:
    """The locked test set and the K folds of a study.

    Parameters
    ----------
    table : pandas.DataFrame
        Index ``case`` (str). Columns ``group``; ``part``, one of ``development``, ``locked`` and ``left_out``
        (in no part of the study); ``fold``, 0 to K - 1, and -1 outside development; and the strata of the
        development cases as ``stratum_<level>``, from coarse to fine. The locked part has no strata
        here: its labels are in no file that a trial is given.
    seed : int
        What it was dealt with, and what inner splits are derived from.
    waiver : str or None
        What was accepted, where a plan of the user's own cuts groups.
    crossing_share : float
        Share of the cases whose group is on more than one side; 0 without a waiver.
    notes : tuple of str
        What a reader of the figures should know.
    locked_notes : tuple of str
        The same of the locked part. It counts labels, and lies with them (``locked/plan.json``).
    """

    table: pd.DataFrame
    seed: int = 0
    waiver: str | None = None
    crossing_share: float = 0.0
    notes: tuple[str, ...] = ()
    locked_notes: tuple[str, ...] = ()
    _inner: "dict[tuple[HeldOut, int, int], list[tuple[pd.Index[str], pd.Index[str]]]]" = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def digest(self) -> str:
        """Digest of case, group, part and fold, whatever the order of the rows."""
        table = self.table.sort_index()
        columns = [table.index.tolist(), *(table[name].tolist() for name in ("group", "part", "fold"))]
        return digest_json(columns)

    @property
    def remarks(self) -> tuple[str, ...]:
        """All that a reader of the figures should know."""
        return (*self.notes, *self.locked_notes)

    @property
    def folds(self) -> tuple[int, ...]:
        """The folds' numbers, 0 to K - 1."""
        return tuple(sorted({int(fold) for fold in self.table["fold"]} - {-1}))

    @property
    def development(self) -> "pd.Index[str]":
        """The cases that are trained and selected on."""
        return self._of_part(DEVELOPMENT)

    @property
    def locked(self) -> "pd.Index[str]":
        """The cases of the locked test set; none where the user's own plan has none."""
        return self._of_part(LOCKED)

    @property
    def left_out(self) -> "pd.Index[str]":
        """Cases that are in no part of the study."""
        return self._of_part(LEFT_OUT)

    def held_out(self, fold: int) -> "pd.Index[str]":
        """Return the cases of one fold."""
        self._require_fold(fold)
        return self.table.index[self.table["fold"] == fold]

    def training(self, held_out: HeldOut) -> "pd.Index[str]":
        """Return the development cases outside one fold or several; all of them for None."""
        folds = _as_folds(held_out)
        for fold in folds:
            self._require_fold(fold)
        return self.table.index[(self.table["part"] == DEVELOPMENT) & ~self.table["fold"].isin(folds)]

    def inner(
        self, held_out: HeldOut, n_splits: int, seed: int = 0
    ) -> "list[tuple[pd.Index[str], pd.Index[str]]]":
        """Split the training rows of a fold once more, by whole groups, stratified.

        For early stopping, calibration, stack weights and thresholds. Dealing 10,000 cases takes a second,
        so a plan remembers what it dealt: give the same seed for the same purpose.

        Parameters
        ----------
        held_out : int, tuple of int or None
            The fold or folds whose cases take no part; None splits the whole development part.
        n_splits : int
            How many parts, each of them held once.
        seed : int
            Of this split; the plan's own seed is mixed in.

        Returns
        -------
        list of (cases to fit on, cases held)
            In the plan's order.

        Raises
        ------
        ConfigError
            If there are fewer groups than parts.
        """
        key = (_as_folds(held_out), n_splits, seed)
        if key not in self._inner:
            self._inner[key] = self._deal_inner(*key)
        return self._inner[key]

    def write(self, folder: Path) -> None:
        """Write ``plan.csv`` and ``plan.json``, which has the digest, into `folder`, and notes on the locked part."""
        write_text(folder / "plan.csv", self.table.to_csv(index_label="case", lineterminator="\n"))
        counts = {str(part): int(count) for part, count in self.table["part"].value_counts().items()}
        facts = PlanFacts(
            digest=self.digest,
            seed=self.seed,
            folds=len(self.folds),
            cases=counts,
            groups=int(self.table["group"].nunique()),
            waiver=self.waiver,
            crossing_share=float(self.crossing_share),
            notes=self.notes,
        )
        write_record(folder / PLAN, facts)
        write_json(folder / "locked" / PLAN, {"notes": list(self.locked_notes)})

    @classmethod
    def read(cls, folder: Path) -> "FoldPlan":
        """Read a plan that `write` wrote.

        Raises
        ------
        IntegrityError
            If the table is not the one whose digest was written, or one of the files cannot be read.
        """
        facts = read_record(PlanFacts, folder / PLAN)
        plan = cls(
            table=_read_table(folder / "plan.csv"),
            seed=facts.seed,
            waiver=facts.waiver,
            crossing_share=facts.crossing_share,
            notes=facts.notes,
            locked_notes=_read_locked_notes(folder / "locked" / PLAN),
        )
        if plan.digest != facts.digest:
            message = (
                f"{folder / 'plan.csv'}: expected the digest {facts.digest} that plan.json records, got "
                f"{plan.digest}. One of the two files was changed; restore it, or begin another study"
            )
            raise IntegrityError(message)
        return plan

    def _of_part(self, part: str) -> "pd.Index[str]":
        return self.table.index[self.table["part"] == part]

    def _require_fold(self, fold: int) -> None:
        if fold not in self.folds:
            raise ConfigError(f"expected one of the folds {self.folds}, got {fold!r}")

    def _deal_inner(
        self, held_out: HeldOut, n_splits: int, seed: int
    ) -> "list[tuple[pd.Index[str], pd.Index[str]]]":
        rows = self.table.loc[self.training(held_out)]
        n_groups = rows["group"].nunique()
        if not 1 < n_splits <= n_groups:
            message = (
                f"expected an inner split into 2 to {n_groups} parts (the number of groups in its rows), got "
                f"{n_splits}; ask for fewer parts or give more data"
            )
            raise ConfigError(message)
        strata = rows[[name for name in rows.columns if str(name).startswith(_STRATUM)]]
        part = deal(strata, rows["group"], n_splits, derive_seed(self.seed, "inner", seed))
        return [(rows.index[part != held], rows.index[part == held]) for held in range(n_splits)]


def make_plan(
    groups: Groups,
    strata: "pd.DataFrame | pd.Series[str]",
    *,
    folds: int = 5,
    locked_share: float = 0.2,
    seed: int = 0,
) -> FoldPlan:
    """Deal whole groups into a locked test set and K folds.

    Parameters
    ----------
    strata : pandas.DataFrame or pandas.Series, index case
        Levels from coarse to fine: the class first (named as messages should name it), then such as the full
        diagnosis and the source. Strata that are too rare join their coarser level.
    folds : int
        K, at least 2.
    locked_share : float
        Share of the locked test set, in [0, 0.5]; rounded to a fraction of at most twentieths.

    Raises
    ------
    ConfigError
        If `folds` or `locked_share` are out of range.
    TableError
        If there is one class only, a class has too few groups, or a group is so large
        that some fold is left without a class.
    """
    check_folds(folds, locked_share)
    strata = check_strata(strata, groups.ids)
    parts = pd.Series(DEVELOPMENT, index=groups.ids.index)
    if locked_share > 0:
        parts[choose_locked(groups, strata, folds, locked_share, seed)] = LOCKED
    return _with_folds(groups, strata, GivenSplit(parts, None, ()), folds, seed)


def plan_from_split(
    groups: Groups,
    split: "pd.Series[str]",
    strata: "pd.DataFrame | pd.Series[str]",
    *,
    folds: int = 5,
    seed: int = 0,
    waive: bool = False,
    drop_crossing: bool = False,
) -> FoldPlan:
    """Make a plan from a split of the user's own.

    Parameters
    ----------
    split : pandas.Series
        Case -> development, train, training, val, valid or validation (development; K folds are dealt inside
        it), test, locked or holdout (locked), or a fold number. Every case needs a value.
    strata : pandas.DataFrame or pandas.Series
        As for `make_plan`.
    folds, seed
        As for `make_plan`; `folds` is not looked at when the split has fold numbers.
    waive : bool
        Continue although groups are cut; the plan then says so wherever it goes.
    drop_crossing : bool
        Leave out the development cases whose group reaches into the locked part.

    Raises
    ------
    LeakageError
        If the split cuts groups and neither `waive` nor `drop_crossing` repairs it.
    TableError, ConfigError
        If a case has no value, a value is not understood, or as for `make_plan`.
    """
    strata = check_strata(strata, groups.ids)
    given = parse_split(split, groups.ids.index)
    if given.folds is None:
        check_folds(folds, 0.0)
    if drop_crossing:
        given = leave_crossing_out(groups, given)
    crossing = groups.crossing(given.sides)
    if crossing.groups and not waive:
        raise LeakageError(why_refused(crossing, given))
    plan = _with_folds(groups, strata, given, folds, seed)
    if not crossing.groups:
        return plan
    waiver = f"--waive-leakage: {describe_crossing(crossing, given)}"
    notes = (waiver, *plan.notes)
    return FoldPlan(plan.table, seed, waiver, crossing.share, notes, plan.locked_notes)


def _with_folds(groups: Groups, strata: pd.DataFrame, given: GivenSplit, folds: int, seed: int) -> FoldPlan:
    """Complete the plan: deal folds inside development where the split has none, and check them."""
    development = given.parts == DEVELOPMENT
    coarsest = strata.iloc[:, 0]
    inside = groups.ids[development]
    n_folds = folds if given.folds is None else given.folds[development].nunique()
    rare = list_rare(coarsest[development], inside, n_folds)
    fold = pd.Series(-1, index=groups.ids.index, dtype="int64")
    if given.folds is None:
        classes = strata[development]
        common = ~classes.iloc[:, 0].isin(rare)
        require_two_classes(classes, "the development part")
        require_spreadable(classes[common], inside[common], folds, f"{folds} folds")
        fold[development] = deal(classes, inside, folds, derive_seed(seed, "folds"))
    else:
        fold[development] = given.folds[development]
    table = pd.DataFrame({"group": groups.ids, "part": given.parts, "fold": fold})
    table.index.name = "case"
    require_classes_in_folds(table, coarsest[~coarsest.isin(rare)])
    notes = (*given.notes, *note_large_group(table), *note_rare(coarsest[development], inside, rare, n_folds))
    of_locked = tuple(note_rare_locked(table, coarsest))
    for column in strata.columns:
        table[f"{_STRATUM}{column}"] = strata[column].where(development, "")
    return FoldPlan(table, seed, notes=notes, locked_notes=of_locked)


def _as_folds(held_out: HeldOut) -> tuple[int, ...]:
    if held_out is None:
        return ()
    return tuple(sorted(held_out)) if isinstance(held_out, tuple) else (int(held_out),)


def _read_locked_notes(path: Path) -> tuple[str, ...]:
    value = read_json(path) if path.is_file() else None
    notes = value.get("notes") if isinstance(value, dict) else None
    if not isinstance(notes, list):
        message = (
            f"{path}: expected the notes on the locked part that the plan wrote, got none; restore the file"
        )
        raise IntegrityError(message)
    return tuple(str(note) for note in notes)


def _read_table(path: Path) -> pd.DataFrame:
    text = path.read_text(encoding="utf-8")
    try:
        table = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False, na_filter=False)
        table["fold"] = table["fold"].astype("int64")
    except (ValueError, KeyError) as error:
        message = f"{path}: expected the table of a fold plan, got something else ({error})"
        raise IntegrityError(message) from error
    return table.set_index("case")
