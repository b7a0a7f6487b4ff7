"""Rows of a table in, the same rows with their scores out.

Without a column of cases every row is a case, also where two rows name the same image. With one, the rows of a case
are its photographs, and each of them is written back with the case's score.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_skin.arrays import FloatArray
from automl_skin.data.image_rows import NO_ROLE, image_roles, photograph_ids, require_ids
from automl_skin.data.locate import ImageIndex
from automl_skin.data.photograph_fields import fold_names, split_fields
from automl_skin.data.recognise import recognise
from automl_skin.data.roles import Roles
from automl_skin.data.table import as_written, canonical_text, name_rows
from automl_skin.errors import ImageError, TableError
from automl_skin.export.facts import BundleFacts
from automl_skin.export.predictor import CaseImage, Prediction, Predictor
from automl_skin.features.seen import KNOWN, read_fields
from automl_skin.images.folder import ImageFolder
from automl_skin.scoring.decide import ScoringOptions, correct_prevalence, decide
from automl_skin.scoring.explained import as_texts
from automl_skin.scoring.scores_file import DECISION, FLAGS, PROBABILITY, is_probability
from automl_skin.scoring.vectors import NeededVectors

IMAGE_COLUMN = "image"
"""Of the table that stands for a folder."""


@dataclass(frozen=True)
class Reading:
    """How the rows of a table are read; decided once for the whole table.

    Parameters
    ----------
    roles : Roles
        Of the table's columns.
    index : ImageIndex
        Of the image folder.
    may_lack_image : bool
        Whether a row may name no image: where a bundle knows several kinds of photograph, a case without any is
        answered by its metadata.
    needed : tuple of NeededVectors
        Vectors of the photographs that are given.
    """

    roles: Roles
    index: ImageIndex
    may_lack_image: bool = False
    needed: tuple[NeededVectors, ...] = ()

    def ids(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the columns that are written back, as they stand in the table: case, image, patient, lesion."""
        wanted = (self.roles.case, self.roles.image, self.roles.patient, self.roles.lesion)
        names = [name for name in dict.fromkeys(wanted) if name is not None and name in rows]
        return rows[names].apply(as_written)

    def cases(self, rows: pd.DataFrame) -> "pd.Series[str]":
        """Return the case of each row; the row itself where no column says it.

        Raises
        ------
        TableError
            If a row has no id.
        """
        if not self.may_lack_image:
            require_ids(rows, self.roles.image, "image")
        if self.roles.case is None:
            return pd.Series(rows.index.astype("str"), index=rows.index, dtype="str")
        return require_ids(rows, self.roles.case, "case")

    def with_image(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that name a photograph."""
        return rows[photograph_ids(rows, self.roles.image).notna()]

    def kinds_of_photograph(self, rows: pd.DataFrame) -> "pd.Series[str]":
        """Return what the photograph of each row shows."""
        if self.roles.image_role is None:
            return pd.Series(NO_ROLE, index=rows.index, dtype="str")
        return image_roles(rows[self.roles.image_role])

    def photographs(self, rows: pd.DataFrame) -> Iterator[CaseImage]:
        """Yield the photograph of each row that names one; one that cannot be read, or has no vector, says why."""
        if not self.index.is_folder and not self.needed:
            return
        rows = self.with_image(rows)
        given = photograph_ids(rows, self.roles.image)
        kinds = self.kinds_of_photograph(rows)
        cases = self.cases(rows)
        vectors = [each.of(given, cases) for each in self.needed]
        paths = self.index.locate(given) if self.index.is_folder else given
        folder = ImageFolder(self.index.root)
        columns = (rows.index, cases, kinds, given, paths, range(len(rows)))
        for number, case, kind, name, path, place in zip(*columns, strict=True):
            label = f"{name_rows([number])}, {name}"
            own = {
                each.needed.title: of_rows[place] for each, of_rows in zip(self.needed, vectors, strict=True)
            }
            known = {title: vector for title, vector in own.items() if vector is not None}
            if len(known) < len(own):
                lacking = next(each for each in self.needed if each.needed.title not in known)
                yield CaseImage(case, kind, label, None, f"{label}: no vector in {lacking.vectors.path}")
                continue
            if not self.index.is_folder:
                yield CaseImage(case, kind, label, None, vectors=known)
                continue
            if pd.isna(path):
                near = self.index.near_misses.say(name)
                problem = f"no image of this name in {self.index.root}" + (f" ({near})" if near else "")
                yield CaseImage(case, kind, label, None, problem)
                continue
            try:
                yield CaseImage(case, kind, label, folder.read(path), vectors=known)
            except ImageError as error:
                yield CaseImage(case, kind, label, None, str(error))

    def check(self, rows: pd.DataFrame) -> None:
        """Refuse rows that cannot be scored whatever their image is.

        Raises
        ------
        TableError
            If an id is missing, leads out of the folder or names two images, or an id column is called like a column
            of the scores.
        """
        taken = [name for name in self.ids(rows) if name in {DECISION, FLAGS} or is_probability(name)]
        if taken:
            message = (
                f"column {taken[0]!r}: expected an id column whose name is no column of the scores; rename it"
            )
            raise TableError(message)
        self.cases(rows)
        if self.index.is_folder:
            self.index.locate(rows[self.roles.image])


def understand_columns(
    rows: pd.DataFrame,
    index: ImageIndex,
    facts: BundleFacts,
    given: Mapping[str, str],
    needed: tuple[NeededVectors, ...] = (),
) -> Reading:
    """Decide which column is what: as given, else as in the training table, else as recognised.

    Parameters
    ----------
    rows : DataFrame
        The first rows of a table.
    given : mapping of str to str
        Columns by role.
    needed : tuple of NeededVectors
        Vectors that the bundle needs.

    Raises
    ------
    TableError
        If there is no column that can name the images.
    """
    roles = recognise(rows, index, roles_as_trained(rows, facts, given))
    by_id = facts.photographs or any(each.needed.by == "image" for each in needed)
    if any(each.needed.by == "case" for each in needed) and roles.case is None:
        message = "expected a column of cases, by whose ids the vectors are given, got none"
        raise TableError(f"{message}; name it by --case-column")
    if by_id and not roles.image:
        raise TableError(
            "expected a column of image ids, by which the vectors are given, got none; name it by --image-column"
        )
    return Reading(roles, index, len(facts.image_roles) > 1 or not by_id, needed)


def roles_as_trained(rows: pd.DataFrame, facts: BundleFacts, given: Mapping[str, str]) -> dict[str, str]:
    """Return the columns of a table by role: as given, else as in the training table.

    A bundle that was trained without cases, or without kinds of photograph, takes no column for them, whatever it is
    called: the answer is the empty name.
    """
    as_trained = {role: column for role, column in facts.roles.items() if column in rows}
    without = {role: "" for role in ("case", "image_role") if role not in facts.roles}
    return {**without, **as_trained, **given}


def score_rows(
    predictor: Predictor,
    rows: pd.DataFrame,
    reading: Reading,
    options: ScoringOptions,
    watch: Callable[[Iterable[CaseImage]], Iterable[CaseImage]] = iter,
) -> tuple[pd.DataFrame, Prediction]:
    """Score rows; those of a case must all be among them.

    Parameters
    ----------
    watch : callable
        Passes the photographs on as they are read.

    Returns
    -------
    scores : DataFrame of n_rows rows
        In the order of the rows: id columns, probabilities, decision, flags, and where asked for of what each
        probability is made.
    prediction : Prediction
        Of the cases, in the order in which they first appear.
    """
    cases = reading.cases(rows)
    metadata = model_fields(rows, reading, predictor.facts)
    metadata = metadata.set_axis(pd.Index(cases, name="case"))
    if not cases.is_unique:
        metadata = _first_known(metadata, predictor.facts)
    prediction = predictor.predict(metadata, watch(reading.photographs(rows)), explain=options.explain)
    columns = probability_columns(predictor.facts, prediction.probabilities, options)
    columns[DECISION] = decide(predictor.facts, prediction.probabilities, options)
    columns[FLAGS] = [";".join(flags) for flags in prediction.flags]
    by_case = pd.DataFrame(columns, index=metadata.index)
    if prediction.parts is not None:
        corrected = by_case[PROBABILITY].to_numpy(np.float64)
        parts = as_texts(prediction.parts, prediction.probabilities[:, 1], corrected)
        by_case = pd.concat([by_case, parts], axis=1)
    ids = reading.ids(rows).reset_index(drop=True)
    return pd.concat([ids, by_case.loc[pd.Index(cases)].reset_index(drop=True)], axis=1), prediction


def model_fields(rows: pd.DataFrame, reading: Reading, facts: BundleFacts) -> pd.DataFrame:
    """Return the model's fields that rows have, as text.

    A field of a photograph, such as ``hair@dermoscopic``, is read from the rows of its kind of photograph where the
    table has a column ``hair``.
    """
    own = fold_names(facts.kinds, map(str, rows.columns))
    names = [name for name in rows if name in facts.kinds or name in own]
    table = rows[names].apply(canonical_text) if names else rows[names]
    split = split_fields(table, reading.kinds_of_photograph(rows), own)
    return split[[name for name in facts.kinds if name in split]]


def probability_columns(
    facts: BundleFacts, probabilities: FloatArray, options: ScoringOptions
) -> dict[str, object]:
    """Return the columns that hold probabilities, corrected for another prevalence where one is wished for."""
    if not facts.is_binary:
        return {f"probability_{name}": probabilities[:, label] for label, name in enumerate(facts.classes)}
    if options.prevalence is not None:
        probabilities = correct_prevalence(probabilities, facts.priors[1], options.prevalence)
    return {"probability": probabilities[:, 1]}


def _first_known(metadata: pd.DataFrame, facts: BundleFacts) -> pd.DataFrame:
    """Return one row per case: of each field the first value that the model knows, else the first not missing."""
    if metadata.columns.empty:
        return metadata[~metadata.index.duplicated()]
    seen = {name: facts.seen[name] for name in metadata.columns}
    marks = read_fields(metadata.reset_index(drop=True), seen).marks
    known = metadata.where((marks == KNOWN).to_numpy())
    first = known.groupby(level=0, sort=False).first()
    return first.where(first.notna(), metadata.groupby(level=0, sort=False).first())
