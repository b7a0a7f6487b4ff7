"""The manifest: what a table and an image folder were understood to say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import pandas as pd

from automl_skin.data.cases import join_rows
from automl_skin.data.image_rows import NOT_GIVEN, image_rows, missing_images, word_remarks
from automl_skin.data.locate import index_images
from automl_skin.data.metadata import (
    Codes,
    Kind,
    MetadataColumns,
    choose_metadata,
    clean_metadata,
    remark_missing,
)
from automl_skin.data.one_hot import collapse_one_hot, find_truth_sets
from automl_skin.data.photograph_fields import (
    ByKind,
    Value,
    find_photograph_fields,
    fold_names,
    split_fields,
    split_names,
)
from automl_skin.data.recognise import recognise
from automl_skin.data.record import read_tables, write_tables
from automl_skin.data.roles import Remark, Roles
from automl_skin.data.table import canonical_text, name_rows, require_column
from automl_skin.data.target import Target, choose_target
from automl_skin.data.wording import list_some
from automl_skin.errors import TableError

LABEL_COLUMNS = ("label", "diagnosis")


@dataclass(frozen=True)
class ManifestOptions:
    """What the user said about a table; everything else is recognised.

    Parameters
    ----------
    target : str or None
        Column of the diagnosis; ``None`` for a table to be scored.
    positive : tuple of str
        Values of the target that are positive.
    group : tuple of str
        Further group columns, added to the recognised ones.
    roles : mapping of str to str
        Explicit columns by role name (`ROLES`); an empty name means that there is none.
    metadata : tuple of str or None
        The metadata columns; ``None`` to recognise them.
    ignore : tuple of str
        Columns that are never metadata.
    split : str or None
        Column of the user's own split, which is not metadata either.
    allow_missing : bool
        Whether a table none of whose images is found is accepted.
    kinds : mapping of str to {"number", "category"} or None
       Metadata columns and kinds of a trained model: a column that the table has not is missing in all
        rows. ``None`` to recognise them.
    codes : mapping of str to tuple of float
        Numbers that stand for a missing value, by the trained model's columns.
    deciding : Index of str or None
        The cases that say which columns are metadata, of which kind, and which levels the target has: those of
        development. ``None`` where all of the table may.
    """

    target: str | None = None
    positive: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    metadata: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    split: str | None = None
    allow_missing: bool = False
    kinds: Mapping[str, Kind] | None = None
    codes: Codes = field(default_factory=dict)
    deciding: "pd.Index[str] | None" = None
    merge_rare: int = 0


@dataclass(frozen=True)
class Manifest:
    """Cases, their images and their metadata.

    Parameters
    ----------
    cases : DataFrame of n_cases rows
        Index ``case`` (str); columns ``label`` (int, -1 where there is none), ``diagnosis`` (the full
        value), ``patient``, ``lesion``, ``source`` and ``group_<column>`` for each further group column; ids
        may be NA.
    images : DataFrame of n_images rows
        Columns ``case``, ``role``, ``path`` (posix, relative to `images_root`; NA where missing),
        ``status`` ("found" or "missing") and ``given`` (what the table says), in the order of the cases.
        Where no photographs are given the status is `NOT_GIVEN`, and ``path`` is ``given``.
    metadata : DataFrame of n_cases rows
        Index ``case``; numbers are float64 with NaN, categories str with NA.
    target : Target or None
        ``None`` for a table to be scored.
    roles : Roles
        What each column is for.
    images_root : Path
        The image folder; empty where no photographs are given.
    kinds : mapping of str to {"number", "category"}
        For each metadata column.
    findings : tuple of Remark
        What a person should know: impossible numbers, missing images, contradictions.
    others : DataFrame of n_cases rows
        Index ``case``; the ignored columns, which may give the label away: for audit and subgroups alone.
    codes : mapping of str to tuple of float
        Numbers that were taken for missing, for the metadata columns that have some.
    """

    cases: pd.DataFrame
    images: pd.DataFrame
    metadata: pd.DataFrame
    target: Target | None
    roles: Roles
    images_root: Path
    kinds: Mapping[str, Kind]
    findings: tuple[Remark, ...] = ()
    others: pd.DataFrame = field(default_factory=pd.DataFrame)
    codes: Codes = field(default_factory=dict)

    @property
    def has_photographs(self) -> bool:
        """Whether there is a folder of photographs."""
        return not self.images["status"].eq(NOT_GIVEN).any()

    def select(self, cases: Iterable[str]) -> "Manifest":
        """Return the manifest of some cases, in their order."""
        wanted = pd.Index(cases)
        images = self.images[self.images["case"].isin(wanted)]
        others = self.others.loc[wanted] if len(self.others) else self.others
        return replace(
            self,
            cases=self.cases.loc[wanted],
            images=_in_order_of_cases(images, wanted),
            metadata=self.metadata.loc[wanted],
            others=others,
        )

    def without_metadata(self, quarantined: Mapping[str, str]) -> "Manifest":
        """Return the manifest without some metadata columns, which move to the others.

        Parameters
        ----------
        quarantined : mapping of str to str
            Column -> why it is kept from the model; other columns than metadata may be among them.
        """
        why = {name: quarantined.get(self.roles.column_of(name)) for name in self.kinds}
        gone = [name for name, reason in why.items() if reason is not None]
        kept = {name: kind for name, kind in self.kinds.items() if name not in gone}
        reasons = {**self.roles.reasons, **{name: f"quarantined: {why[name]}" for name in gone}}
        roles = replace(
            self.roles, metadata=tuple(kept), ignored=(*self.roles.ignored, *gone), reasons=reasons
        )
        others = self.metadata[gone] if self.others.empty else self.others.join(self.metadata[gone])
        return replace(self, metadata=self.metadata[list(kept)], kinds=kept, roles=roles, others=others)

    def label_table(self, cases: Iterable[str] | None = None) -> pd.DataFrame:
        """Return label, diagnosis and the other columns of some cases, to be kept from trials."""
        table = self.cases[list(LABEL_COLUMNS)]
        if len(self.others):
            table = table.join(self.others.rename(columns={name: f"other_{name}" for name in self.others}))
        return table if cases is None else table.loc[pd.Index(cases)]

    def with_labels(self, labels: pd.DataFrame) -> "Manifest":
        """Return the manifest with the labels of a `label_table`; cases that are not in it have none."""
        known = labels.reindex(self.cases.index)
        label = known["label"].fillna(-1).astype("int64")
        cases = self.cases.assign(label=label, diagnosis=known["diagnosis"].astype("str"))
        given = {
            name: name.removeprefix("other_")
            for name in map(str, labels.columns)
            if name.startswith("other_")
        }
        return replace(self, cases=cases, others=known[list(given)].rename(columns=given))

    def write(self, folder: Path) -> None:
        """Write everything but labels, diagnoses and the other columns, whole or not at all.

        Raises
        ------
        StorageError
            If the folder cannot be written.
        """
        tables = {
            "cases": self.cases.drop(columns=list(LABEL_COLUMNS)),
            "images": self.images,
            "metadata": self.metadata,
        }
        summary = _Summary(
            str(self.images_root), self.target, self.roles, self.kinds, self.codes, self.findings
        )
        write_tables(folder, tables, summary)

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read a manifest; all labels are -1 until `with_labels`.

        Raises
        ------
        IntegrityError
            If it is not there as a whole, was changed, or was written by another version.
        """
        tables, summary = read_tables(folder, _Summary)
        cases = tables["cases"]
        cases.insert(0, "label", -1)
        cases.insert(1, "diagnosis", pd.Series(pd.NA, index=cases.index, dtype="str"))
        facts = {each.name: getattr(summary, each.name) for each in fields(_Summary)}
        facts["images_root"] = Path(summary.images_root)
        return cls(cases=cases, images=tables["images"], metadata=tables["metadata"], **facts)


@dataclass(frozen=True)
class _Summary:
    """What is written of a manifest beside its tables; fields as of `Manifest`."""

    images_root: str
    target: Target | None
    roles: Roles
    kinds: Mapping[str, Kind]
    codes: Codes
    findings: tuple[Remark, ...]


def build_manifest(table: pd.DataFrame, images_root: Path | None, options: ManifestOptions) -> Manifest:
    """Understand a table and an image folder.

    A row whose image is not in the folder stays, with the status "missing"; rows without a diagnosis are
    left out where there is a target. Both are findings.

    Parameters
    ----------
    table : DataFrame of n_rows rows
        One row per image, as `read_table` gives it.
    images_root : Path or None
        None where no photographs are given: they then have ids and no files.

    Raises
    ------
    TableError
        If the table is empty, a column does not exist, ids are missing, duplicate or lead out of the folder,
        there is one class only, or the rows of a case contradict each other.
    """
    if table.empty:
        raise TableError("the table: expected at least one row, got none; check that it is the right file")
    index = index_images(images_root)
    rows = table if isinstance(table.index, pd.RangeIndex) else table.reset_index(drop=True)
    rows, remarks = collapse_one_hot(rows, options.target)
    roles = recognise(rows, index, options.roles, options.target, options.group)
    everything = rows
    doubts = [Remark(column, text) for column, text in roles.doubts.items()]
    unsaid = [] if roles.target is None else remark_missing(rows[roles.target])
    rows, unlabelled = _labelled(rows, roles.target)
    images = image_rows(rows, roles, index)
    if options.deciding is not None:
        everything = rows[images["case"].isin(options.deciding)]
    roles = roles.with_truth(find_truth_sets(everything, options.target))
    chosen = _metadata_columns(everything, roles, options)
    metadata, impossible = clean_metadata(rows, chosen.kinds, chosen.codes)
    own = _photograph_fields(metadata, images, roles, options)
    roles = _complete(rows, roles, chosen, own)
    metadata = split_fields(metadata, images["role"], own)
    missing = missing_images(images, index, allow=options.allow_missing)
    words = word_remarks(rows, roles.case_columns)
    tables, contradictions = join_rows(rows, images["case"], roles, metadata)
    findings = (*remarks, *doubts, *chosen.remarks, *_say_split(own), *words, *unsaid)
    return Manifest(
        target=_add_labels(tables.cases, roles.target, options),
        cases=tables.cases,
        images=_in_order_of_cases(images, tables.cases.index),
        metadata=tables.metadata,
        roles=roles,
        images_root=index.root,
        kinds=split_names(chosen.kinds, own),
        findings=(*findings, *unlabelled, *missing, *impossible, *contradictions),
        others=tables.others,
        codes=split_names(chosen.codes, own),
    )


def _add_labels(cases: pd.DataFrame, column: str | None, options: ManifestOptions) -> Target | None:
    """Set the labels of the cases by their diagnosis; return the target, None in a table to be scored."""
    if column is None:
        return None
    diagnosis = cases["diagnosis"]
    target = choose_target(column, diagnosis, options.positive)
    if options.deciding is not None:
        target = target.among(diagnosis[diagnosis.index.isin(options.deciding)])
        if not target.is_binary:  # a class that no deciding case has is no class of the study
            diagnosis = diagnosis.where(diagnosis.isin(target.levels))
    if options.merge_rare:
        units = cases["patient"].fillna(cases["lesion"]).fillna(cases.index.to_series())
        decides = cases.index.isin(cases.index if options.deciding is None else options.deciding)
        target = target.merge_rare(diagnosis[decides], units[decides], options.merge_rare)
    cases["label"] = target.labels(diagnosis)
    return target


def _in_order_of_cases(images: pd.DataFrame, cases: "pd.Index[str]") -> pd.DataFrame:
    order = cases.get_indexer(pd.Index(images["case"])).argsort(kind="stable")
    return images.iloc[order].reset_index(drop=True)


def _metadata_columns(rows: pd.DataFrame, roles: Roles, options: ManifestOptions) -> MetadataColumns:
    """Return the metadata columns: those of a trained model, those given, or those recognised."""
    if options.kinds is None:
        unwanted = dict.fromkeys(options.ignore, "as given by --ignore")
        if options.split is not None:
            unwanted[options.split] = "the split, as given by --split"
        chosen = choose_metadata(rows, roles, options.metadata, tuple(unwanted))
        return replace(chosen, reasons={**chosen.reasons, **unwanted})
    own = fold_names(options.kinds, map(str, rows.columns))
    kinds, codes = _folded(options.kinds, own), _folded(options.codes, own)
    return MetadataColumns(kinds, dict.fromkeys(kinds, "as the model was trained"), codes)


def _folded(values: Mapping[str, Value], own: ByKind) -> dict[str, Value]:
    """Return what is known of a trained model's fields by the columns of a table of one row per photograph."""
    column_of = {name: field for field in own for name in split_names({field: None}, own)}
    return {column_of.get(name, name): value for name, value in values.items()}


def _photograph_fields(
    metadata: pd.DataFrame, images: pd.DataFrame, roles: Roles, options: ManifestOptions
) -> ByKind:
    """Return the fields that enter once per kind of photograph: as the model was trained, else as cases show it."""
    if options.kinds is not None:
        return fold_names(options.kinds, map(str, metadata.columns))
    if roles.image_role is None:
        return {}
    if options.deciding is not None:
        images = images[images["case"].isin(options.deciding)]
    return find_photograph_fields(metadata.loc[images.index], images["case"], images["role"])


def _say_split(own: ByKind) -> list[Remark]:
    """Return a remark on the fields of photographs."""
    if not own:
        return []
    kinds = ", ".join(next(iter(own.values())))
    text = f"of the photograph, not of the case: one field for each kind of photograph ({kinds})"
    return [Remark(list_some(own), text)]


def _complete(rows: pd.DataFrame, roles: Roles, chosen: MetadataColumns, own: ByKind) -> Roles:
    """Return the roles with metadata, ignored columns and reasons."""
    used = {*roles.by_role.values(), roles.target, *roles.groups, *chosen.kinds}
    ignored = tuple(str(column) for column in rows.columns if column not in used)
    reasons = {**chosen.reasons, **roles.reasons}
    for column in ignored:
        reasons.setdefault(column, "not used by the model")
    metadata = tuple(split_names(chosen.kinds, own))
    return replace(roles, metadata=metadata, ignored=ignored, reasons=reasons, of_photographs=tuple(own))


def _labelled(rows: pd.DataFrame, target: str | None) -> tuple[pd.DataFrame, tuple[Remark, ...]]:
    """Return the rows that have a diagnosis, and a remark on the others."""
    if target is None:
        return rows, ()
    require_column(rows, target, "--target")
    missing = canonical_text(rows[target]).isna()
    if missing.all():
        raise TableError(
            f"the target {target!r}: expected diagnoses, got an empty column; choose another --target"
        )
    if not missing.any():
        return rows, ()
    text = (
        f"{int(missing.sum()):,} rows have no diagnosis and are left out ({name_rows(rows.index[missing])})"
    )
    return rows[~missing], (Remark(target, text),)
