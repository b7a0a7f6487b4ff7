"""Scoring with a bundle."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from automl_skin.data.join import Tables, table_paths
from automl_skin.errors import ConfigError
from automl_skin.export.predictor import Predictor
from automl_skin.scoring.decide import ScoringOptions
from automl_skin.scoring.outputs import Beside, require_new_file
from automl_skin.scoring.stream import Job, Summary, score_table
from automl_skin.scoring.submission import require_submittable, write_submission
from automl_skin.steps.events import Listener, Said, silent, start_progress


def score(
    bundle: Path,
    images: Path | None,
    output: Path,
    data: Tables = None,
    options: ScoringOptions | None = None,
    *,
    roles: Mapping[str, str] | None = None,
    device: str = "auto",
    beside: Beside | None = None,
    embeddings: Sequence[str] = (),
    public_key: Path | None = None,
    tell: Listener = silent,
) -> Summary:
    """Score a table and its images, or all images of a folder, into a file.

    Parameters
    ----------
    images : Path or None
        Folder of the photographs; None for a bundle that sees none.
    output : Path
        A CSV file, or Parquet by its suffix; every input row is in it, in order. `scoring.scores_file.read_scores`
        reads both.
    data : Path, sequence of Path or None
        The table, or several that are joined by the id that they share.
    options : ScoringOptions or None
        Sensitivity of the decision, another prevalence.
    roles : mapping of str to str, optional
        Columns by role where they are not recognised.
    beside : Beside or None
        What is written as well: a challenge's file, of what each probability is made, pictures of heat.
    embeddings : sequence of str
        Files of the vectors that the bundle needs, ``FILE`` or ``NAME=FILE``.
    public_key : Path or None
        Of whoever must have signed the bundle.
    tell : Listener
        Hears which columns serve as what, and what the table lacks.

    Raises
    ------
    AutomlSkinError
        If the bundle, the table or the options cannot be used; finished parts are kept.
    """
    if images is not None and not images.is_dir():
        raise ConfigError(f"--images: expected a folder, got {images} (not a folder); check the path")
    beside = beside or Beside()
    submission, explained = beside.submission, beside.explained
    options = replace(options or ScoringOptions(), explain=explained is not None)
    scores = scores_beside(output) if submission else output
    named, vectors = dict(roles or {}), tuple(embeddings)
    job = Job(bundle, table_paths(data), images, scores, options, named, device, beside, vectors)
    if submission:
        inputs = [("--data", path) for path in table_paths(data)]
        inputs += [("--explain", explained)] if explained is not None else []
        require_new_file(output, "--output", inputs, bundle)
    predictor = Predictor.load(bundle, device, public_key)
    wanted = require_submittable(submission, predictor.facts) if submission else None
    summary = score_table(
        job, predictor, start_progress(tell, "Scoring"), lambda note: tell(Said(f"Note: {note}"))
    )
    if wanted is not None:
        columns = summary.image_column, summary.case_column
        write_submission(scores, *columns, predictor.facts, wanted, output)
    return summary


def scores_beside(submission: Path) -> Path:
    """Return where the scores of a submission lie.

    Examples
    --------
    >>> scores_beside(Path("sent/submission.csv")).name
    'submission.scores.csv'
    """
    return submission.with_name(f"{submission.stem}.scores.csv")
