"""Explaining a study: what its models look at, what their inputs are worth, how embeddings lie.

Everything is written into ``report/explain`` of the study's folder, and shown in MLflow beside its report.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from automl_skin.errors import ConfigError
from automl_skin.files import storage_errors
from automl_skin.search.trial import TrialRecord
from automl_skin.settings import Workspace
from automl_skin.steps.events import Listener
from automl_skin.steps.explain_cam import default_models, explain_photographs
from automl_skin.steps.explain_heat import ExplainedModel
from automl_skin.steps.explain_importances import explain_inputs
from automl_skin.steps.explain_maps import explain_embeddings
from automl_skin.steps.explain_options import CAM, IMPORTANCES, MAPS, ExplainOptions
from automl_skin.steps.stack import finished
from automl_skin.steps.track import log_explanations
from automl_skin.study.study import Study, existing_study

FOLDER = "explain"

MAX_TRIALS = 6
"""Trials whose importances are drawn where none are named: the best, and members of the stack."""


@dataclass(frozen=True)
class Explanation:
    """What was written, and what it says.

    Parameters
    ----------
    folder : Path
    files : tuple of Path
    lines : tuple of str
    """

    folder: Path
    files: tuple[Path, ...]
    lines: tuple[str, ...]


def explain(study: Study, options: ExplainOptions, tell: Listener, say: Callable[[str], None]) -> Explanation:
    """Explain a study's trials by the chains that were measured.

    Parameters
    ----------
    study : Study
        Whose search has come to its end once.
    tell : Listener
        Makes progress callables.
    say : callable
        Called with one line if MLflow could not be written.

    Raises
    ------
    ConfigError
        If a trial is not there or cannot be explained so.
    """
    records = study.journal.read()
    folder = study.report / FOLDER
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    lines: list[str] = []
    what = options.what
    if not study.config.has_pixels:
        what = tuple(each for each in what if each != CAM)
        lines.append("Heat: none, no photographs go through a network of this study")
    if not study.config.has_photographs and not study.config.embeddings:
        what = tuple(each for each in what if each != MAPS)
        lines.append("Maps: none, there are no embeddings")
    if CAM in what:
        models = heat_models(study, records, options)
        lines += explain_photographs(models, options.heat, folder, tell)
    if IMPORTANCES in what:
        lines += explain_inputs(study, explained_trials(study, records, options), folder, tell)
    if MAPS in what:
        record = _mapped(records, options)
        lines += explain_embeddings(study, record, options.maps, folder, tell)
    log_explanations(study, folder, f"{study.report.name}/{FOLDER}", say)
    files = [path for path in sorted(folder.iterdir()) if before.get(path) != path.stat().st_mtime_ns]
    return Explanation(folder, tuple(files), tuple(lines))


def heat_models(
    study: Study, records: Sequence[TrialRecord], options: ExplainOptions
) -> list[ExplainedModel]:
    """Return the models whose heat is shown, one below the other.

    Raises
    ------
    ConfigError
        If there are more than two, or one cannot be explained.
    """
    models = [_model(study, _record(records, number)) for number in options.trials]
    if options.without_metadata:
        models = _with_and_without(models or default_models(study, records)[-1:], options)
    elif not options.against:
        models = models or default_models(study, records)
    else:
        models = [*(models or default_models(study, records)[:1]), _other(study.workspace, options.against)]
        models = [replace(each, name=f"{each.study.name}: {each.name}") for each in models]
    if len(models) > 2:
        message = f"heat: expected one or two models, got {len(models)}"
        raise ConfigError(f"{message}: name two trials, or one and --against")
    if options.names and len(options.names) != len(models):
        message = f"expected one name per model, got {len(options.names)} for {len(models)}"
        raise ConfigError(f"{message}: give --name as often as there are models")
    called = options.names or [each.name for each in models]
    return [replace(each, name=name) for each, name in zip(models, called, strict=True)]


def _with_and_without(models: Sequence[ExplainedModel], options: ExplainOptions) -> list[ExplainedModel]:
    if len(models) > 1 or options.against:
        message = "--without-metadata: expected one model, got several"
        raise ConfigError(f"{message}; name one trial and leave --against out, or leave this option out")
    (model,) = models
    return [model, replace(model, name=f"{model.name}, metadata missing", without_metadata=True)]


def _other(workspace: Workspace, against: str) -> ExplainedModel:
    name, _, number = against.partition(":")
    study = existing_study(workspace, name)
    records = study.journal.read()
    if not number:
        return default_models(study, records)[0]
    if not number.isdecimal():
        raise ConfigError(f"--against: expected STUDY or STUDY:NUMBER of a trial, got {against!r}")
    return _model(study, _record(records, int(number)))


def _model(study: Study, record: TrialRecord) -> ExplainedModel:
    config = record.plan.config
    words = [f"{record.plan.number:03d}", config.fusion, config.family, config.tuning, config.way]
    return ExplainedModel(" ".join(word for word in words if word), study, record)


def explained_trials(
    study: Study, records: Sequence[TrialRecord], options: ExplainOptions
) -> list[TrialRecord]:
    """Return the trials whose importances are shown: those named, or the best and the stack's members."""
    if options.trials:
        return [_record(records, number) for number in options.trials]
    weights = study.stack.read().stack.member_weights if study.stack.exists else {}
    members = sorted(weights, key=lambda number: -weights[number])
    numbers = dict.fromkeys([finished(records)[0].plan.number, *members])
    return [_record(records, number) for number in list(numbers)[:MAX_TRIALS]]


def _record(records: Sequence[TrialRecord], number: int) -> TrialRecord:
    found = [record for record in finished(records) if record.plan.number == number]
    if not found:
        done = ", ".join(str(record.plan.number) for record in sorted(finished(records), key=_number))
        raise ConfigError(f"--trial: expected a trial that has finished ({done}), got {number}")
    return found[0]


def _number(record: TrialRecord) -> int:
    return record.plan.number


def _mapped(records: Sequence[TrialRecord], options: ExplainOptions) -> TrialRecord:
    """Return the trial whose network is mapped: the first named one with an image, or the best."""
    named = [_record(records, number) for number in options.trials]
    with_image = [record for record in named or finished(records) if record.plan.config.uses_image]
    if not with_image:
        raise ConfigError("maps: expected a trial with an image, got none; name another with --trial")
    return with_image[0]
