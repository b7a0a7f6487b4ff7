"""The steps of the command line as Python functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl_skin.data.join import Tables
from automl_skin.evaluation.labelled import LabelledEvaluation
from automl_skin.export.facts import BundleFacts
from automl_skin.export.predictor import Predictor
from automl_skin.files import storage_boundary
from automl_skin.scoring.decide import ScoringOptions
from automl_skin.scoring.outputs import Beside
from automl_skin.scoring.stream import Summary
from automl_skin.settings import AnyPath, Workspace
from automl_skin.steps import evaluate as _evaluate
from automl_skin.steps import explain as _explain
from automl_skin.steps import export as _export
from automl_skin.steps import score as _score
from automl_skin.steps.check import check_data
from automl_skin.steps.events import Listener, silent, tell_all
from automl_skin.steps.explain_options import ExplainOptions
from automl_skin.steps.leaderboard import Leaderboard, read_leaderboard
from automl_skin.steps.report_page import write_page
from automl_skin.steps.search import SearchResult, run_search
from automl_skin.steps.track import Tracked, to_standard_error
from automl_skin.steps.understand import Understanding
from automl_skin.study.keywords import PlacedSettings, with_keywords_of
from automl_skin.study.study import existing_study, open_study


@dataclass(frozen=True, kw_only=True)
class StudyCall(PlacedSettings):
    """Keywords of `run_study`: the settings of `study.toml`, and these.

    Parameters
    ----------
    study : str or path
        Name or path; derived from the table, or the built-in study's, by default.
    open_again : bool
        Open the locked test set although it was opened for another stack.
    listeners : sequence of callable
        Told how it goes by the events of `automl_skin.steps.events`, besides MLflow.
    """

    study: AnyPath = ""
    open_again: bool = False
    listeners: Sequence[Listener] = ()


@storage_boundary()
@with_keywords_of(PlacedSettings)
def check(call: PlacedSettings, settings: dict[str, Any]) -> Understanding:
    """Understand and audit a table and its images; the keywords are those of `PlacedSettings`."""
    return check_data(call.place, settings, silent)


@storage_boundary()
@with_keywords_of(StudyCall)
def run_study(call: StudyCall, settings: dict[str, Any]) -> SearchResult:
    """Run or continue a study; the keywords are those of `StudyCall`: table, images, target, backbone, trials ...

    Raises
    ------
    AutomlSkinError
        What is finished is kept; the same call continues.
    """
    opened = open_study(call.place, str(call.study), settings)
    return run_search(opened, tell_all(*call.listeners, Tracked(opened)), open_again=call.open_again)


@storage_boundary()
def leaderboard(
    study: AnyPath = "", *, workspace: AnyPath | None = None, cache: AnyPath | None = None
) -> Leaderboard:
    """Return the leaderboard of a study at any time; without a name that of the workspace's only study."""
    return read_leaderboard(existing_study(Workspace.at(workspace, cache), str(study)))


@storage_boundary()
def report_study(
    study: AnyPath = "",
    output: AnyPath = "report.html",
    *,
    gallery: bool = False,
    workspace: AnyPath | None = None,
    cache: AnyPath | None = None,
) -> None:
    """Write the report of a study as one HTML file; `gallery` adds photographs of the most confident mistakes."""
    write_page(existing_study(Workspace.at(workspace, cache), str(study)), Path(output), gallery=gallery)


@storage_boundary()
def explain_study(
    study: AnyPath = "",
    options: ExplainOptions | None = None,
    *,
    workspace: AnyPath | None = None,
    cache: AnyPath | None = None,
) -> _explain.Explanation:
    """Explain the trials of a study by pictures, with `automl_skin.steps.explain_options.ExplainOptions`."""
    opened = existing_study(Workspace.at(workspace, cache), str(study))
    return _explain.explain(opened, options or ExplainOptions(), silent, to_standard_error)


@storage_boundary()
def export_study(
    study: AnyPath,
    output: AnyPath,
    *,
    workspace: AnyPath | None = None,
    cache: AnyPath | None = None,
    refit: bool = False,
    sign: AnyPath | None = None,
) -> BundleFacts:
    """Write the stack of a study as a bundle.

    `refit` fits its members on all rows, which leaves it unmeasured; `sign` is the private key to sign it with.
    """
    opened = existing_study(Workspace.at(workspace, cache), str(study))
    return _export.export(opened, Path(output), refit=refit, private_key=None if sign is None else Path(sign))


@storage_boundary()
def load(bundle: AnyPath, device: str = "auto", verify: AnyPath | None = None) -> Predictor:
    """Load a bundle after checking every file; runs no code from it.

    `verify` is the public key that it must have been signed with.
    """
    return Predictor.load(Path(bundle), device, None if verify is None else Path(verify))


@storage_boundary()
def score(
    bundle: AnyPath,
    data: Tables,
    images: AnyPath = "",
    output: AnyPath = "scores.csv",
    *,
    embeddings: Sequence[str] = (),
    sensitivity: float | None = None,
    prevalence: float | None = None,
    explain: AnyPath | None = None,
    heat: AnyPath | None = None,
    roles: Mapping[str, str] | None = None,
    device: str = "auto",
    verify: AnyPath | None = None,
) -> Summary:
    """Score a table (or several, joined by the id that they share) and its images, into a CSV file.

    Without a table (`data` is None) every image of the folder is scored. A bundle that sees no photographs needs no
    `images`; `embeddings` are the files of the vectors that it needs, ``FILE`` or ``NAME=FILE``. `explain` is a CSV
    file of what each probability is made as well, `heat` a new folder of pictures of where the networks look. `verify`
    is the public key that the bundle must have been signed with.
    """
    return _score.score(
        Path(bundle),
        Path(images) if images else None,
        Path(output),
        data,
        ScoringOptions(sensitivity, prevalence),
        embeddings=embeddings,
        roles=roles,
        device=device,
        beside=Beside(
            explained=None if explain is None else Path(explain), heat=None if heat is None else Path(heat)
        ),
        public_key=None if verify is None else Path(verify),
    )


@storage_boundary()
def evaluate(
    bundle: AnyPath,
    data: Tables,
    images: AnyPath | None,
    target: str = "",
    positive: Sequence[str] = (),
    *,
    labels: AnyPath | None = None,
    embeddings: Sequence[str] = (),
    output: AnyPath = "evaluation",
    roles: Mapping[str, str] | None = None,
    device: str = "auto",
    verify: AnyPath | None = None,
) -> LabelledEvaluation:
    """Say how good a bundle is on a labelled set.

    `labels` is the table of the diagnoses, where they have one of their own; `target` is not needed where it leaves one
    possibility. `images` is None for a bundle that sees no photographs; `embeddings` are the files of the vectors that
    it needs. `verify` is the public key that the bundle must have been signed with.
    """
    own = None if labels is None else Path(labels)
    folder = Path(images) if images else None
    labelled = _evaluate.LabelledSet(
        data, folder, target, tuple(positive), dict(roles or {}), own, tuple(embeddings)
    )
    key = None if verify is None else Path(verify)
    return _evaluate.evaluate(Path(bundle), labelled, Path(output), device=device, public_key=key)
