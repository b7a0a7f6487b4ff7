"""How far single columns reach by themselves, and facts of acquisition together: shortcuts in figures.

All of it is measured on the development cases, out of fold, by the plan's folds: a column alone by the shares of the
classes in its levels, or in bins of its values; several columns together by boosted trees of fixed settings.
A column of a high AUC is no leak by itself. It may be a score that a dermatologist gave before the diagnosis, or a
field that was filled in after it; the values cannot tell, so it is a question.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.data.acquisition import PLACE
from automl_skin.metrics.intervals import Interval, auc_interval
from automl_skin.seeding import derive_seed, generator

SUSPICIOUS_AUC = 0.9
"""From here a column alone is asked about."""
SHORTCUT_AUC = 0.6
"""Facts of acquisition whose interval lies above are pointed out."""
MAX_SHOWN = 5
MAX_BINS, MIN_PER_BIN = 32, 10
MAX_LEVELS = 32
"""Of a text, for the trees: the most frequent ones, and the rest as one."""
PRIOR_CASES = 5.0
"""Cases of the whole that are added to each level, so that a level of two says little."""
TREES = {
    "max_iter": 60,
    "learning_rate": 0.1,
    "max_leaf_nodes": 8,
    "l2_regularization": 1.0,
    "early_stopping": False,
}
MIN_PER_CLASS = 5


@dataclass(frozen=True)
class Strength:
    """The (macro) AUC of one column alone."""

    column: str
    auc: Interval


@dataclass(frozen=True)
class Shortcuts:
    """What can be predicted without looking at a lesion.

    Parameters
    ----------
    columns, facts : tuple of Strength
        Metadata columns, and facts of acquisition, each alone; the strongest first.
    all_columns, all_facts : Interval or None
        All of them together; None where there is none. The place in the table is not among them, as no photograph
        shows it.
    n_cases : int
        Development cases that it was measured on.
    allowed : tuple of str
        Columns that nobody need be asked about: `--allow` says that they are known before the diagnosis.
    """

    columns: tuple[Strength, ...]
    facts: tuple[Strength, ...]
    all_columns: Interval | None
    all_facts: Interval | None
    n_cases: int
    allowed: tuple[str, ...] = ()

    @property
    def suspicious(self) -> tuple[Strength, ...]:
        """The columns that nearly say the class by themselves."""
        strong = (each for each in self.columns if each.auc.value >= SUSPICIOUS_AUC)
        return tuple(each for each in strong if each.column not in self.allowed)

    @property
    def is_shortcut(self) -> bool:
        """Whether the facts of acquisition clearly say something of the class."""
        return self.all_facts is not None and self.all_facts.low > SHORTCUT_AUC

    @property
    def place(self) -> Interval | None:
        """What the place in the table reaches alone; None where it was not measured."""
        return next((each.auc for each in self.facts if each.column == PLACE), None)

    @property
    def order_warning(self) -> str:
        """What it means that the table is in the order of the diagnosis; empty where it is not."""
        if self.place is None or self.place.low <= SHORTCUT_AUC:
            return ""
        return (
            "The table is in the order of the diagnosis, or nearly. No model sees the place, but check that no column, "
            "id or name of a file follows it."
        )

    def questions(self) -> list[str]:
        """Return what a person should answer before they believe a figure."""
        asked = [
            f"{each.column} alone reaches an AUC of {_in_words(each.auc)}: is it known before the diagnosis? If not: "
            f"--quarantine {each.column}; if so: --allow {each.column}"
            for each in self.suspicious
        ]
        best = self.columns[0].auc.value if self.columns else 0.5
        if self.all_columns is not None and self.all_columns.value >= SUSPICIOUS_AUC > best:
            asked.append(
                f"the metadata columns reach an AUC of {_in_words(self.all_columns)} together, and none more than "
                f"{best:.3f} alone: do they give the class away between them?"
            )
        return asked

    def describe_facts(self) -> str:
        """Return what facts of acquisition alone reach, in a sentence or two."""
        shown = ", ".join(
            f"{each.column} {_in_words(each.auc)}" for each in self.facts[:MAX_SHOWN] if each.column != PLACE
        )
        order = f" The place in the table, not among them, has {_in_words(self.place)}." if self.place else ""
        order += f" {self.order_warning}" if self.order_warning else ""
        if self.all_facts is None:
            return f"Acquisition facts alone: all cases have the same.{order}"
        warning = (
            " A model may learn how photographs were taken in place of the lesion."
            if self.is_shortcut
            else ""
        )
        return f"Acquisition facts alone (no pixel seen): AUC {_in_words(self.all_facts)}; {shown}.{warning}{order}"

    def lines(self) -> list[str]:
        """Return what a person should read, the questions first."""
        alone = ", ".join(f"{each.column} {_in_words(each.auc)}" for each in self.columns) or "none"
        together = f"; together {_in_words(self.all_columns)}" if self.all_columns else ""
        return [
            *(f"QUESTION: {question}" for question in self.questions()),
            f"AUC of each metadata column alone ({self.n_cases:,} development cases, out of fold): {alone}{together}",
            self.describe_facts(),
        ]


def find_shortcuts(
    metadata: pd.DataFrame,
    facts: pd.DataFrame,
    labels: IntArray,
    plan: pd.DataFrame,
    *,
    allowed: tuple[str, ...] = (),
    seed: int = 0,
) -> Shortcuts:
    """Measure what metadata and facts of acquisition say of the class.

    Parameters
    ----------
    metadata, facts : pandas.DataFrame of n_cases rows
        Numbers and texts of the development cases. Columns of metadata are measured where they have a value, as their
        absence is hidden from models; a missing fact of acquisition is a fact.
    labels : ndarray of shape (n_cases,)
    plan : pandas.DataFrame of n_cases rows
        ``group`` and ``fold``.
    """
    metadata, facts = metadata.dropna(axis=1, how="all"), facts.dropna(axis=1, how="all")
    fold, groups = plan["fold"].to_numpy(), plan["group"].to_numpy()
    # a class that only some folds hold has no probability elsewhere
    _, codes = np.unique(labels, return_inverse=True)

    def interval(probabilities: FloatArray, rows: BoolArray | None = None) -> Interval:
        rows = np.ones(len(codes), dtype=np.bool_) if rows is None else rows
        present, known = np.unique(codes[rows], return_inverse=True)
        shown = probabilities[np.ix_(rows, present)]
        shown = shown / shown.sum(axis=1, keepdims=True)
        return auc_interval(known, shown, groups[rows])

    def together(columns: pd.DataFrame) -> Interval | None:
        return interval(_together(columns, codes, fold, seed)) if columns.shape[1] else None

    of_columns = [
        Strength(str(name), interval(_alone(metadata[name], codes, fold), metadata[name].notna().to_numpy()))
        for name in metadata
        if _can_be_measured(codes[metadata[name].notna()])
    ]
    of_facts = [Strength(str(name), interval(_alone(facts[name], codes, fold))) for name in facts]
    return Shortcuts(
        columns=_strongest_first(of_columns),
        facts=_strongest_first(of_facts),
        all_columns=together(_fill(metadata, seed)),
        all_facts=together(facts.drop(columns=PLACE, errors="ignore")),
        n_cases=len(labels),
        allowed=allowed,
    )


def _strongest_first(strengths: list[Strength]) -> tuple[Strength, ...]:
    return tuple(sorted(strengths, key=lambda each: -each.auc.value))


def _can_be_measured(labels: IntArray) -> bool:
    """Whether two classes at least have cases enough; what goes with one class alone is found as a leak."""
    return bool((np.bincount(labels, minlength=1) >= MIN_PER_CLASS).sum() > 1)


def _alone(values: "pd.Series[str]", labels: IntArray, fold: IntArray) -> FloatArray:
    """Return the shares of the classes among the other folds' cases of each case's level or bin."""
    one_hot = np.eye(int(labels.max()) + 1)[labels]
    probabilities = np.empty_like(one_hot)
    for held in np.unique(fold):
        training, scored = fold != held, fold == held
        codes = _levels(values, training)
        prior = one_hot[training].mean(axis=0)
        counts = np.zeros((int(codes.max()) + 1, one_hot.shape[1]))
        np.add.at(counts, codes[training], one_hot[training])
        shares = (counts + PRIOR_CASES * prior) / (counts.sum(axis=1, keepdims=True) + PRIOR_CASES)
        probabilities[scored] = shares[codes[scored]]
    return probabilities


def _levels(values: "pd.Series[str]", training: BoolArray) -> IntArray:
    """Return the level of each value, 0 where there is none; bounds of bins are those of the training rows."""
    if not pd.api.types.is_numeric_dtype(values.dtype):
        return np.asarray(pd.factorize(values, sort=True)[0] + 1, dtype=np.int64)
    numbers = values.to_numpy(np.float64)
    known = numbers[training & ~np.isnan(numbers)]
    if not len(known):
        return np.zeros(len(numbers), dtype=np.int64)
    bounds = np.unique(known)[1:]
    if len(bounds) >= MAX_BINS:
        n_bins = int(np.clip(len(known) // MIN_PER_BIN, 2, MAX_BINS))
        bounds = np.unique(np.quantile(known, np.arange(1, n_bins) / n_bins))
    return np.where(np.isnan(numbers), 0, np.searchsorted(bounds, numbers, side="right") + 1)


def _together(columns: pd.DataFrame, labels: IntArray, fold: IntArray, seed: int) -> FloatArray:
    """Return what boosted trees on the other folds' cases say of each case."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    values = np.column_stack([_as_numbers(columns[name]) for name in columns])
    texts = [not pd.api.types.is_numeric_dtype(columns[name].dtype) for name in columns]
    probabilities = np.zeros((len(labels), int(labels.max()) + 1))
    for held in np.unique(fold):
        trees = HistGradientBoostingClassifier(
            **TREES, categorical_features=texts, random_state=derive_seed(seed, "shortcuts")
        )
        trees.fit(values[fold != held], labels[fold != held])
        scored = fold == held
        probabilities[np.ix_(scored, trees.classes_)] = trees.predict_proba(values[scored])
    return probabilities


def _as_numbers(values: "pd.Series[str]") -> FloatArray:
    """Return numbers as they are, and texts as the codes of their most frequent levels."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(np.float64)
    frequent = values.value_counts().index[: MAX_LEVELS - 1]
    codes = frequent.get_indexer(pd.Index(values)).astype(np.float64)
    return np.where(values.isna(), np.nan, np.where(codes < 0, MAX_LEVELS - 1, codes))


def _fill(metadata: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the metadata with a draw from the observed values where one is missing: absence is not evidence."""
    filled = metadata.copy()
    for name in metadata:
        known = metadata[name].dropna().to_numpy()
        missing = metadata[name].isna().to_numpy()
        if missing.any():
            filled.loc[missing, name] = generator(seed, "shortcuts", str(name)).choice(
                known, int(missing.sum())
            )
    return filled


def _in_words(auc: Interval) -> str:
    few = "" if auc.enough else "; too few to tell"
    return f"{auc.value:.3f} ({auc.low:.3f} to {auc.high:.3f}{few})"
