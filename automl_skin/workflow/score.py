"""Scoring with a bundle."""

from collections.abc import Callable, Mapping
from pathlib import Path

from automl_skin.errors import ConfigError
from automl_skin.export.predictor import Predictor
from automl_skin.scoring.decide import Wishes
from automl_skin.scoring.stream import Job, Summary, score_table


def score(
    bundle: Path,
    images: Path,
    output: Path,
    data: Path | None = None,
    wishes: Wishes | None = None,
    *,
    roles: Mapping[str, str] | None = None,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Score a table and its images, or all images of a folder, into a CSV file.

    Parameters
    ----------
    bundle : Path
    images : Path
        Folder of the photographs.
    output : Path
        A CSV file; every input row is in it, in order.
    data : Path or None
    wishes : Wishes or None
        Sensitivity of the decision, another prevalence.
    roles : mapping of str to str, optional
        Columns by role where they are not recognised.
    device : str
    progress : callable, optional

    Raises
    ------
    AutomlSkinError
        If the bundle, the table or the wishes cannot be used; finished parts are kept.
    """
    if not images.is_dir():
        raise ConfigError(f"--images must be a folder; {images} is none: check the path")
    job = Job(bundle, data, images, output, wishes or Wishes(), dict(roles or {}), device)
    return score_table(job, Predictor.load(bundle, device), progress)
