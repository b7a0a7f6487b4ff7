"""The file that ISIC challenges take: ``image_name,target``, one row per image (Kaggle, SIIM-ISIC Melanoma 2020).

``image_name`` is the image's id without folder and extension; ``target`` the probability of the positive class. The
platform takes no file in which an image is absent, so a row that could not be scored gets the share of positives
among the development cases, and the caller says how many those are. It compares names to the letter, so no name gets
the guard that a file of scores has against spreadsheets.
"""

from pathlib import Path

import pandas as pd

from automl_skin.data.locate import file_stem
from automl_skin.data.table import name_rows
from automl_skin.errors import ConfigError, TableError
from automl_skin.export.facts import BundleFacts
from automl_skin.files import atomic_write
from automl_skin.scoring.scores_file import PROBABILITY, read_scores

COLUMNS = ("image_name", "target")


def require_binary(facts: BundleFacts) -> None:
    """Refuse a bundle of several classes.

    Raises
    ------
    ConfigError
    """
    if not facts.is_binary:
        classes = ", ".join(facts.classes)
        message = f"--submission: expected a bundle of a binary target, got one of the classes {classes}"
        raise ConfigError(f"{message}; leave --submission out, or use another bundle")


def write_submission(scores: Path, image_column: str, facts: BundleFacts, path: Path) -> int:
    """Write a submission from a file of scores.

    Parameters
    ----------
    scores : Path
        As `score_table` wrote it.
    image_column : str
        Its column of the images.
    facts : BundleFacts
        Of the bundle.
    path : Path
        CSV file of the submission.

    Returns
    -------
    int
        How many rows have the share of positives in place of a probability.

    Raises
    ------
    TableError
        If two rows name one image.
    """
    rows = read_scores(scores)
    names = rows[image_column].map(file_stem)
    twice = names.duplicated(keep=False)
    if twice.any():
        where = name_rows(names.index[twice])
        message = f"--submission: expected each image once, got {names[twice].iloc[0]!r} in {where}"
        raise TableError(
            f"{message}; remove the copies from the table (the scores themselves are in {scores})"
        )
    unscored = rows[PROBABILITY].isna()
    targets = rows[PROBABILITY].map(repr).mask(unscored, f"{facts.priors[1]:.6f}")
    with atomic_write(path) as temporary:
        pd.DataFrame(dict(zip(COLUMNS, (names, targets), strict=True))).to_csv(temporary, index=False)
    return int(unscored.sum())
