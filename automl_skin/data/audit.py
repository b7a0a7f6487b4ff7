"""The audit: what is wrong with a table and its images, before anything is learned from them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pandas as pd

from automl_skin.data.audit_checks import (
    Finding,
    contradictions,
    damaged_images,
    doubtful_duplicates,
    duplicate_images,
    images_without_vector,
    large_group,
    missing_together,
    missing_values,
    split_crossing,
    vanished_images,
)
from automl_skin.data.groups import Groups
from automl_skin.data.image_rows import photograph_ids
from automl_skin.data.leaks import Leak, find_leaks
from automl_skin.data.manifest import Manifest
from automl_skin.data.metadata import without_codes
from automl_skin.errors import ConfigError
from automl_skin.images.inspect import NO_VECTOR
from automl_skin.records import write_record

AUDIT = "audit.json"
QUESTION = "question"
NOT_SEARCHED = (
    "what photographs show beside the lesion (rulers, ink, stamps), free text, a label in so few rows that chance may "
    "do the same (about a dozen), a label with mistakes in less than 5 % of the rows or with many mistakes, several "
    "columns that give it away only together (how far all of them reach is measured)"
)


@dataclass(frozen=True)
class Audit:
    """What the audit found.

    Parameters
    ----------
    quarantined : mapping of str to str
        Column -> why it is kept from training. It stays available as a subgroup.
    findings : tuple of Finding
        Everything that a person should know, leaks first.
    class_counts : mapping of str to int
        Class -> cases.
    missingness : mapping of str to (mapping of str to float)
        Metadata column -> share of missing values, in ``all`` cases and by class.
    largest_group : mapping
        ``group``, ``cases`` and ``share``.
    images : mapping of str to int
        ``images`` in the table, of which ``missing`` and ``damaged``; pairs of ``exact_duplicates`` and
        ``near_duplicates``. Where vectors are given also those ``without_vector``; empty without photographs.
    """

    quarantined: Mapping[str, str]
    findings: tuple[Finding, ...]
    class_counts: Mapping[str, int]
    missingness: Mapping[str, Mapping[str, float]]
    largest_group: Mapping[str, str | int | float]
    images: Mapping[str, int]

    def lines(self) -> list[str]:
        """Return what a person should read."""
        counts = ", ".join(f"{name} {count}" for name, count in self.class_counts.items())
        images = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in self.images.items())
        largest = self.largest_group
        quarantine = [f"  {column}: {reason}" for column, reason in self.quarantined.items()]
        questions = [f"  {each.column}: {each.reason}" for each in self.findings if each.kind == QUESTION]
        # remarks on the table are the notes that `describe` prints above
        others = [
            f"  {finding}"
            for finding in self.findings
            if finding.column not in self.quarantined and finding.kind not in {"table", QUESTION}
        ]
        return [
            f"Classes (cases): {counts}",
            f"Images: {images or 'no photographs given, and none looked at'}",
            f"Largest group: {largest['cases']} cases ({largest['share']:.1%}), that of {largest['group']}",
            f"Quarantined columns ({len(quarantine)}), kept from training (--allow COLUMN to use one):",
            *(quarantine or ["  none"]),
            *(
                [f"QUESTIONS ({len(questions)}), these columns are kept until you decide:"]
                if questions
                else []
            ),
            *questions,
            f"Other findings ({len(others)}):",
            *(others or ["  none"]),
            f"Not searched for: {NOT_SEARCHED}",
        ]

    def write(self, folder: Path) -> Path:
        """Write ``audit.json`` into `folder`, and return its path."""
        write_record(folder / AUDIT, self)
        return folder / AUDIT


def run_audit(
    manifest: Manifest,
    table: pd.DataFrame,
    inspection: pd.DataFrame,
    duplicate_pairs: pd.DataFrame,
    groups: Groups,
    *,
    split: "pd.Series[str] | None" = None,
    allow: Collection[str] = (),
    quarantine: Collection[str] = (),
    deciding: "pd.Index[str] | None" = None,
    has_vectors: bool = False,
) -> Audit:
    """Look for everything that makes figures wrong.

    Parameters
    ----------
    manifest : Manifest
        With labels.
    table : pandas.DataFrame
        The table that it was made of, one row per image.
    inspection : pandas.DataFrame
        ``path`` and ``error`` of the images that were found.
    duplicate_pairs : pandas.DataFrame
        ``path_a``, ``path_b``, ``kind`` and ``similarity``.
    groups : Groups
        Of the manifest's cases.
    split : pandas.Series, optional
        Case -> value of a split of the user's own.
    allow : collection of str
        Columns that are not quarantined whatever is found.
    quarantine : collection of str
        Columns that are quarantined whatever is found.
    deciding : pandas.Index, optional
        The cases by which columns are quarantined: those of development. All cases are reported on; what the others
        add is said and decides nothing. Without it all cases decide.
    has_vectors : bool
        Whether vectors of the photographs are given.

    Raises
    ------
    ConfigError
        If `allow` or `quarantine` name a column that the table has not, or the same one.
    """
    _check_columns(table, allow, quarantine)
    classes = _class_names(manifest)
    leaks = _leaks(manifest, table, classes, deciding)
    ids = {*manifest.roles.by_role.values(), *manifest.roles.groups}
    sure = [each for each in leaks if each.is_sure]
    quarantined = {each.column: each.reason for each in sure if each.column not in {*ids, *allow}}
    quarantined |= dict.fromkeys(quarantine, "as given by --quarantine")
    seen_by_all = [] if deciding is None else _leaks(manifest, table, classes)
    findings = chain(
        _leak_findings(leaks, quarantined, allow, ids, manifest.roles.ignored),
        _undecided(seen_by_all, leaks),
        (Finding("table", remark.column, remark.text) for remark in manifest.findings),
        damaged_images(inspection),
        images_without_vector(inspection),
        vanished_images(inspection),
        duplicate_images(duplicate_pairs, manifest.images, manifest.cases),
        doubtful_duplicates(groups),
        contradictions(manifest.cases, manifest.roles.lesion),
        missing_values(manifest.metadata, classes),
        missing_together(manifest.metadata, classes),
        large_group(groups),
        () if split is None else split_crossing(groups, split),
    )
    sizes = groups.sizes
    return Audit(
        quarantined=quarantined,
        findings=tuple(findings),
        class_counts=_count_classes(manifest, classes),
        missingness=_missingness(manifest.metadata, classes),
        largest_group={
            "group": str(sizes.index[0]),
            "cases": int(sizes.iloc[0]),
            "share": float(sizes.iloc[0] / sizes.sum()),
        },
        images=_count_images(manifest, inspection, duplicate_pairs, has_vectors=has_vectors),
    )


def _check_columns(table: pd.DataFrame, allow: Collection[str], quarantine: Collection[str]) -> None:
    """Refuse columns that do not exist, and those that are allowed and quarantined at once."""
    for option, columns in (("--allow", allow), ("--quarantine", quarantine)):
        unknown = sorted(set(columns) - set(table.columns))
        if unknown:
            known = ", ".join(map(str, table.columns))
            raise ConfigError(f"{option}: expected columns of the table ({known}), got {', '.join(unknown)}")
    both = sorted(set(allow) & set(quarantine))
    if both:
        raise ConfigError(
            f"--allow and --quarantine: expected different columns, got {', '.join(both)} in both"
        )


def _class_names(manifest: Manifest) -> "pd.Series[str]":
    """Return the class of each case by name."""
    names = manifest.target.classes if manifest.target else ()
    return manifest.cases["label"].map(dict(enumerate(names))).astype("str").fillna("unlabelled")


def _leaks(
    manifest: Manifest,
    table: pd.DataFrame,
    classes: "pd.Series[str]",
    deciding: "pd.Index[str] | None" = None,
) -> list[Leak]:
    """Look for leaks in all columns of the table but the target, in all rows or in those of some cases."""
    case_of = manifest.images.set_index("given")["case"]
    case = photograph_ids(table, manifest.roles.image).map(case_of[~case_of.index.duplicated()])
    if deciding is not None:
        case = case[case.isin(deciding)]
        table = table.loc[case.index]
    diagnosis = case.map(manifest.cases["diagnosis"])
    target = manifest.roles.target
    coded = {manifest.roles.column_of(name): codes for name, codes in manifest.codes.items()}
    known = table.assign(**{name: without_codes(table[name], codes) for name, codes in coded.items()})
    return find_leaks(known, case.map(classes), diagnosis, skip=() if target is None else (target,))


def _leak_findings(
    leaks: list[Leak],
    quarantined: Mapping[str, str],
    allow: Collection[str],
    ids: Collection[str | None],
    ignored: Collection[str],
) -> Iterator[Finding]:
    """Yield a finding per leak; of columns that are never metadata (ids, ignored ones) nothing is asked."""
    for leak in leaks:
        kind = leak.kind if leak.kind in {"constant", "sparse"} else "leak"
        if leak.column in quarantined:
            yield Finding(kind, leak.column, leak.reason)
        elif leak.column in allow or leak.column in ids:
            kept = "allowed by --allow" if leak.column in allow else "a column of ids, never given to a model"
            yield Finding(kind, leak.column, f"{leak.reason} ({kept})")
        elif leak.column in ignored:
            yield Finding(kind, leak.column, f"{leak.reason} (ignored, never given to a model)")
        else:
            question = (
                f"{leak.reason}. That is few rows: an honest, strong predictor may look like this. Was it known before "
                f"the diagnosis? If not: --quarantine {leak.column}; if so: --allow {leak.column}"
            )
            yield Finding(QUESTION, leak.column, question)


def _undecided(seen_by_all: list[Leak], decided: list[Leak]) -> Iterator[Finding]:
    """Say which columns give the label away only where the locked cases are counted as well."""
    known = {leak.column for leak in decided}
    for leak in seen_by_all:
        if leak.column not in known:
            message = (
                f"{leak.reason} (in all rows, but not in the development rows, which decide alone: kept)"
            )
            yield Finding("undecided", leak.column, message)


def _count_classes(manifest: Manifest, classes: "pd.Series[str]") -> dict[str, int]:
    counts = classes.value_counts()
    names = manifest.target.classes if manifest.target else counts.index
    return {str(name): int(counts.get(name, 0)) for name in names}


def _missingness(metadata: pd.DataFrame, classes: "pd.Series[str]") -> dict[str, dict[str, float]]:
    """Return the share of missing values of each column, in all cases and by class."""
    missing = metadata.isna()
    by_class = missing.groupby(classes).mean()
    shares = pd.concat([missing.mean().to_frame("all").T, by_class]).round(6)
    return {
        str(column): {str(name): float(share) for name, share in shares[column].items()} for column in shares
    }


def _count_images(
    manifest: Manifest, inspection: pd.DataFrame, pairs: pd.DataFrame, *, has_vectors: bool
) -> dict[str, int]:
    gone = int((inspection["error"] == "missing").sum())
    without = int(inspection["error"].str.startswith(NO_VECTOR).sum())
    of_vectors = {"without_vector": without} if has_vectors else {}
    exact = {"exact_duplicates": int((pairs["kind"] == "exact").sum())}
    if not manifest.has_photographs:
        return {"vectors": len(manifest.images) - without, **of_vectors, **exact} if has_vectors else {}
    return {
        "images": len(manifest.images),
        "missing": int(manifest.images["path"].isna().sum()) + gone,
        "damaged": int((inspection["error"] != "").sum()) - gone - without,
        **of_vectors,
        **exact,
        "near_duplicates": int((pairs["kind"] == "near").sum()),
    }
