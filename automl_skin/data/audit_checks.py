"""What the audit looks for, one function per question. Each yields findings."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

import pandas as pd

from automl_skin.data.groups import MIN_LARGE, Groups
from automl_skin.data.leaks import find_leaks
from automl_skin.images.inspect import NO_VECTOR

_MIN_MISSING = 20
_DIFFERENCE = 0.1
_STANDARD_ERRORS = 4.0
_MIN_MISSING_SHARE = 0.5
_LARGE_GROUP = 0.05


@dataclass(frozen=True)
class Finding:
    """What a person should know before they believe a figure.

    Parameters
    ----------
    kind : str
        Such as ``leak``, ``damaged``, ``near duplicates``, ``contradiction``, ``missingness``, ``group`` or
        ``split``.
    column : str or None
        The column of the table that it is about.
    reason : str
        What was found, in one sentence.
    count : int
        How many rows, cases, images or pairs.
    examples : tuple of str
        A few of them.
    """

    kind: str
    column: str | None
    reason: str
    count: int = 0
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the reason after the column, with the examples."""
        about = f"{self.column}: " if self.column else ""
        shown = f" ({'; '.join(self.examples)})" if self.examples else ""
        return f"[{self.kind}] {about}{self.reason}{shown}"


def some(values: "pd.Index[str] | pd.Series[str]", count: int = 5) -> tuple[str, ...]:
    """Return the first few values as examples."""
    return tuple(str(value) for value in values[:count])


def damaged_images(inspection: pd.DataFrame) -> Iterator[Finding]:
    """Name the images that cannot be decoded; `inspection` has ``path`` and ``error``."""
    without = inspection["error"].str.startswith(NO_VECTOR)
    bad = inspection[(inspection["error"] != "") & (inspection["error"] != "missing") & ~without]
    if len(bad):
        message = f"{len(bad)} of {len(inspection)} images cannot be read and are left out"
        yield Finding("damaged", None, message, len(bad), some(bad["path"] + ": " + bad["error"]))


def images_without_vector(inspection: pd.DataFrame) -> Iterator[Finding]:
    """Name the photographs that have no vector where vectors are given."""
    without = inspection[inspection["error"].str.startswith(NO_VECTOR)]
    if len(without):
        message = f"{len(without)} of {len(inspection)} photographs have no vector and are left out"
        yield Finding("missing", None, message, len(without), some(without["path"] + ": " + without["error"]))


def vanished_images(inspection: pd.DataFrame) -> Iterator[Finding]:
    """Name the images that were found and are gone."""
    gone = inspection[inspection["error"] == "missing"]
    if len(gone):
        message = f"{len(gone)} images have disappeared since they were found"
        yield Finding("missing", None, message, len(gone), some(gone["path"]))


def duplicate_images(pairs: pd.DataFrame, images: pd.DataFrame, cases: pd.DataFrame) -> Iterator[Finding]:
    """Count exact and near-duplicates; name those across lesions and those of different classes.

    Parameters
    ----------
    pairs : pandas.DataFrame
        ``path_a``, ``path_b``, ``kind`` (exact or near), ``similarity``.
    images : pandas.DataFrame
        ``case`` and ``path``.
    cases : pandas.DataFrame
        Index case; ``label``, ``lesion``.
    """
    case_of = images.dropna(subset="path").drop_duplicates("path").set_index("path")["case"]
    known = pairs[pairs["path_a"].isin(case_of.index) & pairs["path_b"].isin(case_of.index)]
    known = known.sort_values("similarity", ascending=False, kind="stable")
    a, b = known["path_a"].map(case_of), known["path_b"].map(case_of)
    shown = known["path_a"] + " and " + known["path_b"]
    for kind in ("exact", "near"):
        of_kind = known["kind"] == kind
        if of_kind.any():
            message = f"{int(of_kind.sum())} pairs of images are {kind} duplicates"
            yield Finding(f"{kind} duplicates", None, message, int(of_kind.sum()), some(shown[of_kind]))
    lesion_a, lesion_b = a.map(cases["lesion"]), b.map(cases["lesion"])
    across = lesion_a.notna() & lesion_b.notna() & (lesion_a != lesion_b)
    if across.any():
        message = f"{int(across.sum())} pairs of duplicate images lie in different lesions"
        yield Finding("duplicates across lesions", None, message, int(across.sum()), some(shown[across]))
    different = a.map(cases["label"]) != b.map(cases["label"])
    if different.any():
        message = f"{int(different.sum())} pairs of duplicate images have different classes"
        yield Finding(
            "duplicates across classes", None, message, int(different.sum()), some(shown[different])
        )


def doubtful_duplicates(groups: Groups) -> Iterator[Finding]:
    """Count the near-duplicates that were not followed, and may lie on two sides of a split."""
    pairs = groups.not_followed
    if pairs:
        message = (
            f"{len(pairs)} pairs of cases are possible duplicates across groups: their images look alike, but a single "
            f"such pair does not tie two groups of {MIN_LARGE} cases or more. Look at them; an id that both share in a "
            "column of --group keeps them together"
        )
        yield Finding(
            "possible duplicates", None, message, len(pairs), tuple(f"{a} and {b}" for a, b in pairs[:5])
        )


def contradictions(cases: pd.DataFrame, column: str | None) -> Iterator[Finding]:
    """Name the lesions whose cases differ in their diagnosis; `column` is the table's lesion column."""
    for level, what in (("label", "classes"), ("diagnosis", "diagnoses")):
        values = cases.groupby("lesion")[level].nunique()
        several = values.index[values > 1]
        if len(several):
            message = f"{len(several)} lesions have cases of different {what}"
            yield Finding("contradiction", column, message, len(several), some(several))
            return


def missing_values(metadata: pd.DataFrame, classes: "pd.Series[str]") -> Iterator[Finding]:
    """Name the columns that are mostly empty, and those whose absence goes with a class."""
    for column in metadata.columns:
        missing = metadata[column].isna()
        n_missing = int(missing.sum())
        if n_missing > _MIN_MISSING_SHARE * len(metadata):
            message = f"missing in {missing.mean():.0%} of the cases"
            yield Finding("missingness", str(column), message, n_missing)
        if _MIN_MISSING <= n_missing <= len(metadata) - _MIN_MISSING:
            yield from _telling_absence(str(column), missing, classes)


def missing_together(metadata: pd.DataFrame, classes: "pd.Series[str]") -> Iterator[Finding]:
    """Say whether the set of fields that are missing gives the class away, where no single one need to."""
    missing = metadata.isna()
    missing = missing.loc[:, missing.any()]
    if missing.shape[1] < 2:  # a single one is looked at by itself
        return
    names = missing.columns.astype("str")
    pattern = missing.apply(
        lambda row: "without " + ", ".join(names[row]) if row.any() else "complete", axis=1
    )
    for leak in find_leaks(pattern.to_frame("pattern"), classes):
        message = (
            f"which fields are missing gives the class away: {leak.reason}. That tells who collected the case, and is "
            "kept from the model"
        )
        yield Finding("missingness", None, message, round(leak.share * len(pattern)))


def _telling_absence(column: str, missing: "pd.Series[bool]", classes: "pd.Series[str]") -> Iterator[Finding]:
    """Name the class whose share differs most between missing and present, if it clearly does."""
    absent_shares = classes[missing].value_counts(normalize=True)
    present_shares = classes[~missing].value_counts(normalize=True)
    name = absent_shares.sub(present_shares, fill_value=0.0).abs().idxmax()
    without, present = float(absent_shares.get(name, 0.0)), float(present_shares.get(name, 0.0))
    overall = float((classes == name).mean())
    n_missing = int(missing.sum())
    spread = overall * (1 - overall) * (1 / n_missing + 1 / (len(missing) - n_missing))
    if abs(without - present) > max(_DIFFERENCE, _STANDARD_ERRORS * sqrt(spread)):
        message = (
            f"where it is missing, {without:.0%} are {name}, elsewhere {present:.0%}. Its absence tells who collected "
            "the case, and is kept from the model"
        )
        yield Finding("missingness", column, message, n_missing)


def large_group(groups: Groups) -> Iterator[Finding]:
    """Name a group that is too large to be one patient."""
    sizes = groups.sizes
    name, size = str(sizes.index[0]), int(sizes.iloc[0])
    if size > 1 and size > _LARGE_GROUP * len(groups.ids):
        links = groups.links[groups.links["case"].map(groups.ids) == name]
        per_link = links.groupby("link")["case"].transform("size")
        kind = str(links["kind"].to_numpy()[int(per_link.to_numpy().argmax())])
        message = (
            f"{size} of {len(groups.ids)} cases ({size / len(groups.ids):.0%}) are one group, tied by "
            f"{groups.describe_ties(name)}: does a value stand for a missing id, or do other things than lesions look "
            "alike?"
        )
        yield Finding("group", kind, message, size, some(groups.ids.index[groups.ids == name]))


def split_crossing(groups: Groups, split: "pd.Series[str]") -> Iterator[Finding]:
    """Say what each two sides of a given split share."""
    sides = split.reindex(groups.ids.index)
    names = sorted(map(str, sides.dropna().unique()))
    for first, second in combinations(names, 2):
        two = sides.where(sides.astype("str").isin((first, second)))
        crossing = groups.crossing(two)
        if not crossing.groups:
            continue
        shares = ", ".join(f"{crossing.cut[two == name].mean():.1%} of {name}" for name in (first, second))
        kinds = ", ".join(f"{count} by {kind}" for kind, count in sorted(crossing.kinds.items()))
        message = (
            f"{first} and {second} share {crossing.groups} groups ({shares}); links on both sides: {kinds}"
        )
        examples = tuple(f"{a} and {b} ({kind})" for kind, a, b in crossing.examples)
        yield Finding("split", None, message, crossing.cases, examples)
