"""The manifest: what a table and an image folder were understood to say."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from automl_skin.data.cases import id_columns, join_rows
from automl_skin.data.image_rows import image_rows, missing_images, word_remarks
from automl_skin.data.locate import index_images
from automl_skin.data.metadata import Choice, Codes, Kind, choose_metadata, clean_metadata, remark_missing
from automl_skin.data.one_hot import collapse_one_hot, find_truth_sets
from automl_skin.data.recognise import recognise
from automl_skin.data.record import read_record, write_record
from automl_skin.data.roles import Remark, Roles
from automl_skin.data.table import canonical_text, name_rows, require_column
from automl_skin.data.target import Target, choose_target
from automl_skin.errors import IntegrityError, TableError

if TYPE_CHECKING:
    from automl_skin.digests import Json

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
        Explicit columns by role name (`SINGLE_ROLES`); an empty name means that there is none.
    metadata : tuple of str or None
        The metadata columns; ``None`` to recognise them.
    ignore : tuple of str
        Columns that are never metadata.
    split : str or None
        Column of the user's own split, which is no metadata either.
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
    metadata : DataFrame of n_cases rows
        Index ``case``; numbers are float64 with NaN, categories str with NA.
    target : Target or None
        ``None`` for a table to be scored.
    roles : Roles
        What each column is for.
    images_root : Path
        The image folder.
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

    def select(self, cases: Iterable[str]) -> "Manifest":
        """Return the manifest of some cases, in their order."""
        wanted = pd.Index(cases)
        order = pd.Series(range(len(wanted)), index=wanted)
        images = self.images[self.images["case"].isin(wanted)]
        images = images.iloc[order.loc[images["case"]].argsort(kind="stable").to_numpy()]
        others = self.others.loc[wanted] if len(self.others) else self.others
        return replace(
            self,
            cases=self.cases.loc[wanted],
            images=images.reset_index(drop=True),
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
        gone = [column for column in self.kinds if column in quarantined]
        kept = {column: kind for column, kind in self.kinds.items() if column not in gone}
        reasons = {**self.roles.reasons, **{column: f"quarantined: {quarantined[column]}" for column in gone}}
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
        summary: dict[str, Json] = {
            "images_root": str(self.images_root),
            "target": None if self.target is None else cast("Json", asdict(self.target)),
            "roles": cast("Json", asdict(self.roles)),
            "kinds": dict(self.kinds),
            "codes": {column: list(codes) for column, codes in self.codes.items()},
            "findings": [cast("Json", asdict(remark)) for remark in self.findings],
        }
        write_record(folder, tables, summary)

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read a manifest; all labels are -1 until `with_labels`.

        Raises
        ------
        IntegrityError
            If it is not there as a whole, or was changed.
        """
        tables, summary = read_record(folder)
        try:
            return _from_record(tables, summary)
        except (KeyError, TypeError) as error:
            message = (
                f"{folder} was written by another version ({error!r}); give the command again that makes it"
            )
            raise IntegrityError(message) from error


def build_manifest(table: pd.DataFrame, images_root: Path, options: ManifestOptions) -> Manifest:
    """Understand a table and an image folder.

    A row whose image is not in the folder stays, with the status "missing"; rows without a diagnosis are
    left out where there is a target. Both are findings.

    Parameters
    ----------
    table : DataFrame of n_rows rows
        One row an image, as `read_table` gives it.
    images_root : Path
        The image folder.
    options : ManifestOptions
        What the user said.

    Raises
    ------
    TableError
        If the table is empty, a column does not exist, ids are missing, duplicate or lead out of the folder,
        there is one class only, or the rows of a case contradict each other.
    """
    if table.empty:
        message = "the table must hold at least one row and holds none; check that it is the right file"
        raise TableError(message)
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
    choice = _metadata_choice(everything, roles, options)
    roles = _complete(rows, roles, choice)
    metadata, impossible = clean_metadata(rows, choice.kinds, choice.codes)
    missing = missing_images(images, index, allow=options.allow_missing)
    words = word_remarks(rows, id_columns(roles))
    tables, contradictions = join_rows(rows, images["case"], roles, metadata)
    target = None
    if roles.target is not None:
        diagnosis = tables.cases["diagnosis"]
        target = choose_target(roles.target, diagnosis, options.positive)
        if options.deciding is not None:
            target = target.among(diagnosis[diagnosis.index.isin(options.deciding)])
            if not target.is_binary:  # a class that no deciding case has is no class of the study
                diagnosis = diagnosis.where(diagnosis.isin(target.classes))
        tables.cases["label"] = target.labels(diagnosis)
    position = pd.Series(range(len(tables.cases)), index=tables.cases.index)
    order = position.loc[images["case"]].argsort(kind="stable").to_numpy()
    return Manifest(
        cases=tables.cases,
        images=images.iloc[order].reset_index(drop=True),
        metadata=tables.metadata,
        target=target,
        roles=roles,
        images_root=index.root,
        kinds=choice.kinds,
        findings=(
            *(*remarks, *doubts, *choice.remarks, *words, *unsaid),
            *(*unlabelled, *missing, *impossible, *contradictions),
        ),
        others=tables.others,
        codes=choice.codes,
    )


def _metadata_choice(rows: pd.DataFrame, roles: Roles, options: ManifestOptions) -> Choice:
    """Return the metadata columns: those of a trained model, those given, or those recognised."""
    if options.kinds is None:
        unwanted = dict.fromkeys(options.ignore, "as given by --ignore")
        if options.split is not None:
            unwanted[options.split] = "the split, as given by --split"
        choice = choose_metadata(rows, roles, options.metadata, tuple(unwanted))
        return replace(choice, reasons={**choice.reasons, **unwanted})
    reasons = dict.fromkeys(options.kinds, "as the model was trained")
    return Choice(dict(options.kinds), reasons, options.codes)


def _complete(rows: pd.DataFrame, roles: Roles, choice: Choice) -> Roles:
    """Return the roles with metadata, ignored columns and reasons."""
    single = (
        roles.image,
        roles.case,
        roles.image_role,
        roles.target,
        roles.patient,
        roles.lesion,
        roles.source,
    )
    used = {*single, *roles.groups, *choice.kinds}
    ignored = tuple(str(column) for column in rows.columns if column not in used)
    reasons = {**choice.reasons, **roles.reasons}
    for column in ignored:
        reasons.setdefault(column, "not used by the model")
    return replace(roles, metadata=tuple(choice.kinds), ignored=ignored, reasons=reasons)


def _labelled(rows: pd.DataFrame, target: str | None) -> tuple[pd.DataFrame, tuple[Remark, ...]]:
    """Return the rows that have a diagnosis, and a remark on the others."""
    if target is None:
        return rows, ()
    require_column(rows, target, "--target")
    missing = canonical_text(rows[target]).isna()
    if missing.all():
        message = f"the target {target!r} must hold a diagnosis and is empty; choose another --target"
        raise TableError(message)
    if not missing.any():
        return rows, ()
    text = (
        f"{int(missing.sum()):,} rows have no diagnosis and are left out ({name_rows(rows.index[missing])})"
    )
    return rows[~missing], (Remark(target, text),)


def _from_record(tables: Mapping[str, pd.DataFrame], summary: Mapping[str, Any]) -> Manifest:
    """Return the manifest that was written."""
    cases = tables["cases"]
    cases.insert(0, "label", -1)
    cases.insert(1, "diagnosis", pd.Series(pd.NA, index=cases.index, dtype="str"))
    target = summary["target"]
    return Manifest(
        cases=cases,
        images=tables["images"],
        metadata=tables["metadata"],
        target=None if target is None else Target(**_with_tuples(target)),
        roles=Roles(**_with_tuples(summary["roles"])),
        images_root=Path(summary["images_root"]),
        kinds=summary["kinds"],
        findings=tuple(Remark(**remark) for remark in summary["findings"]),
        codes=_with_tuples(summary["codes"]),
    )


def _with_tuples(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields whose lists are tuples again."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
