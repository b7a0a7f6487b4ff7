"""The first step: what the table and the images say, and what is wrong with them."""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from automl_skin.data.audit import Audit, run_audit
from automl_skin.data.describe import describe
from automl_skin.data.groups import Groups, connected_groups
from automl_skin.data.image_rows import photograph_ids
from automl_skin.data.labels import read_labelled
from automl_skin.data.manifest import Manifest, ManifestOptions, build_manifest
from automl_skin.data.roles import ROLES, Remark
from automl_skin.data.strength import Shortcuts
from automl_skin.data.table import canonical_text, id_text, read_table
from automl_skin.errors import ConfigError, InputError, LeakageError, TableError
from automl_skin.features.lesion import roles_of
from automl_skin.images.duplicates import SAME_PHOTOGRAPH, find_duplicates
from automl_skin.images.inspect import Inspection, inspect_images
from automl_skin.steps.events import Listener, start_progress
from automl_skin.steps.given import mark_missing, match_given
from automl_skin.steps.without_photographs import look_at_ids, note_no_photographs
from automl_skin.study.config import StudyConfig

MAX_MISSING = 0.05
"""Share of missing images above which a search is refused unless the user allows it."""


@dataclass(frozen=True)
class Understanding:
    """What the data was understood to be.

    Parameters
    ----------
    manifest : Manifest
        Without quarantined metadata columns.
    inspection : Inspection
        Of the images that were found, in the manifest's order.
    groups : Groups
        Of all cases.
    audit : Audit
    split : Series or None
        Case -> value of the user's own split.
    table : DataFrame
        What the manifest was made of.
    duplicates : DataFrame
        Pairs of images that show the same; see `find_duplicates`.
    joined : tuple of str
        How several tables were joined.
    refusal : str
        Where it was asked for: why a search with the same settings would refuse the data.
    shortcuts : Shortcuts or None
        Once there is a plan: what metadata and facts of acquisition say of the class by themselves.
    notes : tuple of str
        That no photographs are given, and how given vectors were understood.
    """

    manifest: Manifest
    inspection: Inspection
    groups: Groups
    audit: Audit
    split: "pd.Series[str] | None"
    table: pd.DataFrame
    duplicates: pd.DataFrame
    joined: tuple[str, ...] = ()
    refusal: str = ""
    shortcuts: Shortcuts | None = None
    notes: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """What a person should read before anything long starts."""
        joined = [f"{'Joined:':<10}{line}" for line in self.joined]
        refused = [f"A search would refuse this: {self.refusal}"] if self.refusal else []
        shortcuts = self.shortcuts.lines() if self.shortcuts else []
        return [*self.notes, *joined, *describe(self.manifest), *self.audit.lines(), *shortcuts, *refused]

    @property
    def readable(self) -> "pd.Index[str]":
        """The cases with at least one readable image."""
        whole = set(self.inspection.table.loc[self.inspection.table["error"] == "", "path"])
        images = self.manifest.images
        seen = set(images.loc[images["path"].isin(whole), "case"])
        return self.manifest.cases.index[self.manifest.cases.index.isin(seen)]


def understand(config: StudyConfig, cache: Path, tell: Listener) -> Understanding:
    """Read the table, look at every image, and audit both.

    Raises
    ------
    InputError
        If the table or the images cannot be used; the message says what to do.
    """
    labels = Path(config.labels) if config.labels else None
    read = read_labelled([Path(path) for path in config.data], labels, config.target)
    table, joined = read.table, read.notes
    manifest = build_manifest(table, image_folder(config), manifest_options(config, table, read.target))
    matched = match_given(config, manifest)
    found = manifest.images[manifest.images["status"] != "missing"]
    look = _look_at_photographs(manifest, cache, tell) if manifest.has_photographs else None
    inspection, pairs = look or look_at_ids(manifest, matched)
    inspection = replace(inspection, table=mark_missing(inspection.table, manifest.images, matched))
    case_of = found.set_index("path")["case"]
    is_copy = pairs["similarity"] >= SAME_PHOTOGRAPH
    groups = connected_groups(
        manifest.cases, _case_pairs(pairs[~is_copy], case_of), _case_pairs(pairs[is_copy], case_of)
    )
    split = given_split(config, table, manifest)
    audit = run_audit(
        manifest,
        table,
        inspection.table,
        pairs,
        groups,
        split=split,
        allow=config.allow,
        quarantine=config.quarantine,
        has_vectors=bool(matched),
    )
    notes = () if manifest.has_photographs else note_no_photographs(config, manifest)
    notes = (*notes, *(f"{'Vectors:':<10}{each.line}" for each in matched))
    if matched and config.has_pixels:
        notes = (*notes, f"{'Note:':<10}nothing is measured under shift: given vectors cannot be made anew")
    manifest = manifest.without_metadata(audit.quarantined)
    return Understanding(manifest, inspection, groups, audit, split, table, pairs, joined, notes=notes)


def _look_at_photographs(manifest: Manifest, cache: Path, tell: Listener) -> tuple[Inspection, pd.DataFrame]:
    """Return what is known of every photograph that was found, and the pairs of copies."""
    found = manifest.images[manifest.images["status"] == "found"]
    inspection = inspect_images(
        manifest.images_root, list(found["path"]), cache / "images", start_progress(tell, "Inspecting images")
    )
    pairs = find_duplicates(
        manifest.images_root,
        inspection.table,
        inspection.fingerprints,
        cache / "images",
        start_progress(tell, "Looking for duplicates"),
        skip_within=_linked(manifest, found),
    )
    return inspection, pairs


def image_folder(config: StudyConfig) -> Path | None:
    """Return the folder of the photographs; None where none is given."""
    return Path(config.images) if config.images else None


def _case_pairs(pairs: pd.DataFrame, case_of: "pd.Series[str]") -> list[tuple[str, str]]:
    """Return the cases of each pair of images."""
    return list(zip(pairs["path_a"].map(case_of), pairs["path_b"].map(case_of), strict=True))


def decide(seen: Understanding, config: StudyConfig, development: "pd.Index[str]") -> Understanding:
    """Decide anew, by the development cases alone, all that depends on values of metadata and labels.

    That is which columns are metadata and of which kind, what is quarantined, the levels of the target and the kinds
    of photograph. Groups, and what the plan was dealt by, stay as they are; the audit reports on all cases.

    Parameters
    ----------
    seen : Understanding
        Of all cases, by which the plan was made.
    development : Index of str
        The cases of the plan's development part.

    Raises
    ------
    ConfigError
        If towers are to be tuned together, and there is one kind of photograph alone.
    """
    target = seen.manifest.roles.target or ""
    options = replace(manifest_options(config, seen.table, target), deciding=development)
    manifest = _known_kinds(build_manifest(seen.table, image_folder(config), options), development)
    _check_towers(config, manifest)
    audit = run_audit(
        manifest,
        seen.table,
        seen.inspection.table,
        seen.duplicates,
        seen.groups,
        split=seen.split,
        allow=config.allow,
        quarantine=config.quarantine,
        deciding=development,
        has_vectors=bool(config.embeddings),
    )
    return replace(seen, manifest=manifest.without_metadata(audit.quarantined), audit=audit)


def _check_towers(config: StudyConfig, manifest: Manifest) -> None:
    kinds = roles_of(manifest.images)
    if config.joins_towers and len(kinds) < 2:
        message = "--towers joint: expected at least two roles (kinds of photograph) in the development cases"
        found = f"got {len(kinds)} ({', '.join(kinds) or 'none'})"
        advice = f"name the column of the kind by {ROLES['image_role'].option}, or leave --towers out"
        raise ConfigError(f"{message}, {found}; {advice}")


def _known_kinds(manifest: Manifest, development: "pd.Index[str]") -> Manifest:
    """Return the manifest without photographs of a kind that no development case has: no model can see them."""
    images = manifest.images
    known = set(images.loc[images["case"].isin(development), "role"])
    strange = ~images["role"].isin(known)
    if not strange.any():
        return manifest
    text = (
        f"{int(strange.sum()):,} photographs are of a kind that no development case has "
        f"({', '.join(sorted(set(images.loc[strange, 'role'])))}), and are left out"
    )
    findings = (*manifest.findings, Remark(str(manifest.roles.image_role), text))
    return replace(manifest, images=images[~strange].reset_index(drop=True), findings=findings)


def manifest_options(config: StudyConfig, table: pd.DataFrame, target: str) -> ManifestOptions:
    """Return what the settings say about the table, whose diagnosis is in the column `target`.

    Raises
    ------
    ConfigError
        If the target is not given.
    """
    if not target:
        message = "expected the column of the diagnosis, got none; give --target COLUMN, or --labels TABLE"
        raise ConfigError(message)
    return ManifestOptions(
        target=target,
        positive=config.positive,
        group=config.group,
        roles=config.role_columns,
        metadata=config.metadata or None,
        ignore=config.ignore,
        split=config.split if config.split in table.columns else None,
        allow_missing=config.allow_missing,
        merge_rare=config.merge_rare,
    )


def require_images(understanding: Understanding, *, allow_missing: bool) -> None:
    """Refuse a search on a table too many of whose images are missing or damaged.

    Raises
    ------
    InputError
        If more than 5 % of the cases have no readable image and that is not allowed, or if none has.
    """
    n_cases, n_readable = len(understanding.manifest.cases), len(understanding.readable)
    has_vectors = "without_vector" in understanding.audit.images
    wanted = "readable image" + (" with a vector in each file" if has_vectors else "")
    if has_vectors and not understanding.manifest.has_photographs:
        wanted = "vector in each file"
    if n_readable == 0:
        raise InputError(f"expected at least one {wanted}, got none; see the findings of `automl-skin check`")
    if n_readable < (1.0 - MAX_MISSING) * n_cases and not allow_missing:
        message = (
            f"expected a {wanted} for at least 95 % of the cases, got none for "
            f"{n_cases - n_readable:,} of {n_cases:,}; see `automl-skin check`, add them, or continue without "
            "these cases by --allow-missing"
        )
        raise InputError(message)


def given_split(config: StudyConfig, table: pd.DataFrame, manifest: Manifest) -> "pd.Series[str] | None":
    """Return the user's own split by case: a column of the table, or a table of its own with ids.

    Raises
    ------
    TableError
        If it is neither, or the ids do not match.
    """
    if not config.split:
        return None
    if config.split in table.columns:
        ids = photograph_ids(table, manifest.roles.image)
        values = canonical_text(table[config.split]).set_axis(pd.Index(ids))
        return _by_case(values, manifest)
    if not Path(config.split).is_file():
        message = (
            f"--split: expected a column of the table ({', '.join(map(str, table.columns))}) or a table with an id "
            f"column, got {config.split!r}"
        )
        raise TableError(message)
    other = read_table(Path(config.split))
    known = set(manifest.images["given"]) | set(manifest.cases.index)
    matches = {name: float(id_text(other[name]).isin(known).mean()) for name in other.columns}
    id_column = max(matches, key=lambda name: matches[name])
    rest = [name for name in other.columns if name != id_column]
    named = [name for name in rest if name.lower() in {"split", "fold", "set", "part", "partition"}]
    if matches[id_column] == 0 or not rest or (len(rest) > 1 and len(named) != 1):
        message = (
            f"{config.split}: expected a column of case or image ids and one named split or fold, got "
            f"{', '.join(other.columns)}"
        )
        raise TableError(message)
    values = canonical_text(other[(named or rest)[0]])
    return _by_case(values.set_axis(pd.Index(id_text(other[id_column]))), manifest)


def _by_case(values: "pd.Series[str]", manifest: Manifest) -> "pd.Series[str]":
    """Return the split by case, from values keyed by image or case id."""
    values = values[values.index.notna() & ~values.index.duplicated()]
    by_image = manifest.images.assign(split=manifest.images["given"].map(values)).groupby("case", sort=False)
    torn = by_image["split"].nunique().gt(1)
    if torn.any():
        message = (
            f"expected the images of a case on one side of the split, got {int(torn.sum()):,} cases on several, such "
            f"as {torn.index[torn][0]}; correct their rows"
        )
        raise LeakageError(message)
    first = by_image["split"].first().reindex(manifest.cases.index)
    split = first.fillna(pd.Series(manifest.cases.index.map(values.to_dict()), index=manifest.cases.index))
    if split.isna().any():
        missing = split.index[split.isna()]
        message = (
            f"expected a value in the split for every case, got none for {len(missing):,}, such as "
            f"{', '.join(missing[:3])}; add them, or remove their rows from the table"
        )
        raise TableError(message)
    return split


def _linked(manifest: Manifest, found: pd.DataFrame) -> list[str | None]:
    """Return for every image what links it already: its lesion, or nothing."""
    lesions = manifest.cases["lesion"]
    return [None if pd.isna(lesions[case]) else str(lesions[case]) for case in found["case"]]
