"""The file that says of what each probability is made (`automl_skin.explain.case_parts`), beside the scores."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from automl_skin.arrays import FloatArray
from automl_skin.errors import ConfigError
from automl_skin.explain.case_parts import BASE
from automl_skin.export.predictor import Predictor
from automl_skin.files import atomic_write
from automl_skin.metrics.odds import log_odds
from automl_skin.scoring.scores_file import DECISION, FLAGS, guard, is_probability, quoting_of


def require_explainable(predictor: Predictor, path: Path) -> None:
    """Refuse a bundle whose probabilities cannot be taken apart, and a name that promises another format.

    Raises
    ------
    ConfigError
    """
    if path.suffix.lower() != ".csv":
        raise ConfigError(f"--explain: expected a name that ends in .csv, got {path.name}")
    if not predictor.facts.is_binary:
        classes = ", ".join(predictor.facts.classes)
        message = f"--explain: expected a bundle of a binary target, got one of the classes {classes}"
        raise ConfigError(f"{message}; leave --explain out")
    entered = [name for name, backbone in predictor.backbones.items() if backbone.spatial]
    if entered:
        raise ConfigError(
            "--explain: expected networks that see the image alone, got "
            f"{entered[0]}, which the metadata enter before its embedding; leave --explain out"
        )


def as_texts(parts: pd.DataFrame, given: FloatArray, probabilities: FloatArray) -> pd.DataFrame:
    """Return parts as they are written; nothing where there is no probability.

    Parameters
    ----------
    given : ndarray of shape (n_cases,)
        Probabilities as the bundle gives them.
    probabilities : ndarray of shape (n_cases,)
        The same after a correction for another prevalence, which moves the base alone.
    """
    moved = parts.assign(**{BASE: parts[BASE] + log_odds(probabilities) - log_odds(given)})
    return moved.map(lambda value: "" if pd.isna(value) else repr(float(value)))


def split_off(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return scores without what was put behind them, and ids with that alone."""
    end = list(rows.columns).index(FLAGS) + 1
    scores, parts = rows.iloc[:, :end], rows.iloc[:, end:]
    ids = scores[[name for name in scores if name not in {DECISION, FLAGS} and not is_probability(name)]]
    return scores, pd.concat([ids, parts], axis=1)


def write_explained(path: Path, rows: Iterable[pd.DataFrame]) -> None:
    """Write ids and parts as CSV, whole or not at all; ids are guarded as in a file of scores.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as output:
        for number, some in enumerate(rows):
            n_ids = list(some.columns).index(BASE)
            guarded = [some.iloc[:, place].map(guard) for place in range(n_ids)]
            table = pd.concat([*guarded, some.iloc[:, n_ids:]], axis=1).rename(columns=guard)
            table.to_csv(output, index=False, header=number == 0, quoting=quoting_of(some))
