"""Files as challenges take them, written from a file of scores.

============  ==========================================================================================
``siim2020``  ``image_name,target``: one row per image, the probability of the positive class (SIIM-ISIC
              Melanoma 2020, Kaggle)
``milk10k``   ``lesion_id,AKIEC,BCC,...``: one row per lesion, a column per class in the published order
              (MILK10k, ISIC 2025), judged by macro F1 at 0.5
``isic``      the id, and a column per class in the bundle's order
============  ==========================================================================================

Where classes are judged at 0.5 a column holds the probability folded back (`automl_skin.evaluation.class_decisions`):
it crosses 0.5 where the study's own decision does, and those of a row need not sum to 1.

No platform takes a file in which a case is absent, so one that could not be scored gets the shares of the development
cases, and the caller says how many those are. Platforms compare names to the letter, so no name gets the guard that a
file of scores has against spreadsheets. Rows are in the order of the table.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from automl_skin.arrays import FloatArray
from automl_skin.data.locate import file_stem
from automl_skin.data.table import name_rows
from automl_skin.errors import ConfigError, TableError
from automl_skin.export.facts import BundleFacts
from automl_skin.files import atomic_write
from automl_skin.scoring.scores_file import PROBABILITY, read_scores


@dataclass(frozen=True)
class Format:
    """How a challenge takes its file.

    Parameters
    ----------
    id_column : str
        Name of the first column; empty for that of the table.
    classes : tuple of str
        Columns of the classes; empty for those of the bundle, or of a binary target for ``target`` alone.
    binary : bool
        Whether it is of the positive class alone.
    per_case : bool
        Whether a row is a case, else an image.
    """

    id_column: str
    classes: tuple[str, ...] = ()
    binary: bool = False
    per_case: bool = True


MILK10K = ("AKIEC", "BCC", "BEN_OTH", "BKL", "DF", "INF", "MAL_OTH", "MEL", "NV", "SCCKA", "VASC")

FORMATS = {
    "siim2020": Format("image_name", ("target",), binary=True, per_case=False),
    "milk10k": Format("lesion_id", MILK10K),
    "isic": Format(""),
}


def require_submittable(name: str, facts: BundleFacts) -> Format:
    """Return the format of a name, if the bundle can answer it.

    Raises
    ------
    ConfigError
        If there is no such format, or the classes are others.
    """
    if name not in FORMATS:
        raise ConfigError(f"--submission: expected one of {', '.join(FORMATS)}, got {name!r}")
    wanted = FORMATS[name]
    classes = ", ".join(facts.classes)
    if wanted.binary and not facts.is_binary:
        message = (
            f"--submission {name}: expected a bundle of a binary target, got one of the classes {classes}"
        )
        raise ConfigError(f"{message}; take another format, or another bundle")
    if not wanted.binary and wanted.classes and set(wanted.classes) != set(facts.classes):
        strange = [each for each in facts.classes if each not in wanted.classes]
        lacking = [each for each in wanted.classes if each not in facts.classes]
        said = [
            f"{what} {', '.join(names)}" for what, names in (("without", lacking), ("with", strange)) if names
        ]
        raise ConfigError(
            f"--submission {name}: expected a bundle of the classes {', '.join(wanted.classes)}, got one "
            f"{' and '.join(said)}; train on the published labels, or take --submission isic"
        )
    return wanted


def write_submission(
    scores: Path, image_column: str, case_column: str | None, facts: BundleFacts, wanted: Format, path: Path
) -> int:
    """Write a submission from a file of scores.

    Parameters
    ----------
    scores : Path
        As `score_table` wrote it.
    image_column : str
        Its column of the images.
    case_column : str or None
        Its column of the cases, where there is one.
    facts : BundleFacts
        Of the bundle.
    wanted : Format
    path : Path
        CSV file of the submission.

    Returns
    -------
    int
        How many rows have the shares of the classes in place of probabilities.

    Raises
    ------
    TableError
        If two rows name one image, or two rows of a table without cases one case.
    """
    rows = read_scores(scores)
    by_case = wanted.per_case and case_column is not None
    column = case_column if by_case else image_column
    assert column is not None
    if by_case:
        rows = rows[~rows[column].duplicated()]  # photographs of a case bear its score
    names = rows[column] if by_case else rows[column].map(file_stem)
    _require_unique(names, scores)
    probabilities = _probabilities(rows, facts)
    unscored = ~np.isfinite(probabilities).all(axis=1)
    probabilities[unscored] = facts.priors
    values = _submitted(probabilities, facts, wanted)
    table = pd.DataFrame({wanted.id_column or column: names.to_numpy(object), **values})
    with atomic_write(path) as temporary:
        table.to_csv(temporary, index=False)
    return int(unscored.sum())


def _require_unique(names: "pd.Series[str]", scores: Path) -> None:
    twice = names.duplicated(keep=False)
    if twice.any():
        where = name_rows(names.index[twice])
        message = f"--submission: expected each image once, got {names[twice].iloc[0]!r} in {where}"
        raise TableError(
            f"{message}; remove the copies from the table (the scores themselves are in {scores})"
        )


def _probabilities(rows: pd.DataFrame, facts: BundleFacts) -> FloatArray:
    """Return the probabilities of the rows, shape (n_rows, n_classes); NaN where not scored."""
    if facts.is_binary:
        positive: FloatArray = rows[PROBABILITY].to_numpy(np.float64)
        return np.column_stack([1.0 - positive, positive])
    numbers: FloatArray = rows[[f"{PROBABILITY}_{name}" for name in facts.classes]].to_numpy(
        np.float64, copy=True
    )
    return numbers


def _submitted(probabilities: FloatArray, facts: BundleFacts, wanted: Format) -> dict[str, FloatArray]:
    """Return the columns of values by name."""
    if wanted.binary:
        return {wanted.classes[0]: probabilities[:, 1]}
    if facts.rule is not None:
        probabilities = facts.rule.fold_back(probabilities)
    return {name: probabilities[:, facts.classes.index(name)] for name in wanted.classes or facts.classes}
