"""A study on disk: its folder, its settings, and whether a call continues it.

Folder of a study::

    study.toml                  settings (yours to edit before the first search)
    identity.json               what makes the study what it is; a later call must agree with it
    understood/                 manifest: what the table and the images were understood to say, locked cases apart
    audit.json                  what is wrong with the data, the locked cases included
    development_labels.parquet  labels of the development cases
    shortcuts.json              what metadata and facts of acquisition say of the class by themselves
    prepared.json               digests of table, images, plan and labels; written last
    plan.csv, plan.json         fold plan and its digest
    material/                   what trials are given: development cases only
    tuning/                     every round of tuning: what it decided, what came of it, which trials follow
    trials/                     every trial: record and out-of-fold probabilities
    stack.json, stack.parquet   members, weights, out-of-fold probabilities
    operating_point.json        threshold of the wanted sensitivity, fixed before the locked cases are opened
    costs.json                  what decisions cost, as `--costs` gave it
    decisions.json              thresholds and weights of the classes, fixed before the locked cases are opened
    shifts.json, shifts.parquet how the stack and the leading trials drop under shift, out of fold
    sources.json                how models score a source that they were not fitted on
    budget.json                 where a search is for a time: what was planned for each step, and what it took
    missing_metadata.json       how the stack drops when metadata are missing, out of fold
    chains/                     fitted chains of the stack, the best trial and the baselines
    locked/                     the locked cases; their labels in a file of their own; when they were opened
    report/                     figures, plots, model card, report.html
"""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_skin.data.audit import AUDIT
from automl_skin.data.plan import PLAN, FoldPlan
from automl_skin.data.strength import Shortcuts
from automl_skin.digests import digest_json
from automl_skin.embeddings.given import parse_given
from automl_skin.errors import ConfigError
from automl_skin.files import storage_errors
from automl_skin.metrics.catalogue import Metric, metric_by_name
from automl_skin.search.trial import TrialJournal
from automl_skin.settings import Workspace
from automl_skin.study.config import RUNTIME, StudyConfig, parse_settings
from automl_skin.study.facts import Budget, Costs, Identity, PreparedDigests, TrackingMark
from automl_skin.study.record_file import RecordFile
from automl_skin.study.round_files import RoundFiles
from automl_skin.study.settings_file import read_settings, write_settings
from automl_skin.synthetic.study import SYNTHETIC_ARGUMENTS

if TYPE_CHECKING:
    from automl_skin.evaluation.missing_metadata import MissingMetadata
    from automl_skin.evaluation.sources import SourceFigures
    from automl_skin.study.shift_files import ShiftFiles
    from automl_skin.study.stack_files import StackDecisions, StackFiles, StackPoint

DEFAULT_STUDY = "synthetic"

SETTINGS, IDENTITY = "study.toml", "identity.json"
TRIALS = "trials"


@dataclass(frozen=True)
class Study:
    """A study: its settings, and the files of its folder, each by one name."""

    name: str
    folder: Path
    config: StudyConfig
    workspace: Workspace

    @property
    def identity(self) -> RecordFile[Identity]:
        """What makes the study what it is."""
        return RecordFile(self.folder / IDENTITY, Identity)

    @property
    def prepared(self) -> RecordFile[PreparedDigests]:
        """Digests of table, images, plan and labels; the last file that preparing writes."""
        return RecordFile(self.folder / "prepared.json", PreparedDigests)

    @property
    def shortcuts(self) -> RecordFile[Shortcuts]:
        """What metadata and facts of acquisition say of the class by themselves, on the development cases."""
        return RecordFile(self.folder / "shortcuts.json", Shortcuts)

    @property
    def tracking(self) -> RecordFile[TrackingMark]:
        """By what MLflow's runs of this very study are found."""
        return RecordFile(self.folder / "tracking.json", TrackingMark)

    @property
    def material(self) -> Path:
        """What trials are given."""
        return self.folder / "material"

    @property
    def shifted(self) -> Path:
        """Embeddings of sampled development cases under shift."""
        return self.material / "shifted"

    @property
    def journal(self) -> TrialJournal:
        """The trials."""
        return TrialJournal(self.folder / TRIALS)

    @property
    def rounds(self) -> RoundFiles:
        """The rounds of tuning."""
        return RoundFiles(self.folder / "tuning")

    @property
    def stack(self) -> "StackFiles":
        """The stack and its out-of-fold probabilities."""
        from automl_skin.study.stack_files import StackFiles

        return StackFiles(self.folder)

    @property
    def operating_point(self) -> "RecordFile[StackPoint]":
        """The threshold of the wanted sensitivity."""
        from automl_skin.study.stack_files import StackPoint

        return RecordFile(self.folder / "operating_point.json", StackPoint)

    @property
    def costs(self) -> RecordFile[Costs]:
        """What decisions cost, where the study has a table of costs."""
        return RecordFile(self.folder / "costs.json", Costs)

    def scored_by(self) -> Metric:
        """Return the metric that the search maximises."""
        costs = self.costs.find()
        matrix = None if costs is None else np.array(costs.matrix, dtype=np.float64)
        return metric_by_name(self.config.metric, self.config.min_tpr, matrix)

    @property
    def decisions(self) -> "RecordFile[StackDecisions]":
        """The thresholds and weights of the classes."""
        from automl_skin.study.stack_files import StackDecisions

        return RecordFile(self.folder / "decisions.json", StackDecisions)

    @property
    def shifts(self) -> "ShiftFiles":
        """How the stack and the leading trials drop under shift."""
        from automl_skin.study.shift_files import ShiftFiles

        return ShiftFiles(self.folder)

    @property
    def sources(self) -> "RecordFile[SourceFigures]":
        """How models score a source that they were not fitted on."""
        from automl_skin.evaluation.sources import SourceFigures

        return RecordFile(self.folder / "sources.json", SourceFigures)

    @property
    def missing_metadata(self) -> "RecordFile[MissingMetadata]":
        """How the stack drops when metadata are missing."""
        from automl_skin.evaluation.missing_metadata import MissingMetadata

        return RecordFile(self.folder / "missing_metadata.json", MissingMetadata)

    @property
    def budget(self) -> RecordFile[Budget]:
        """What was planned of the time for the study, and what was used; where it is given a budget."""
        return RecordFile(self.folder / "budget.json", Budget)

    @property
    def current_budget(self) -> Budget | None:
        """The plan of the budget that the study is given now; None before it is made, and without a budget."""
        return None if self.config.budget_seconds is None else self.budget.find()

    @property
    def chains(self) -> Path:
        """Fitted chains."""
        return self.folder / "chains"

    @property
    def locked(self) -> Path:
        """The locked cases."""
        return self.folder / "locked"

    @property
    def locked_material(self) -> Path:
        """What chains are applied to when the locked test set is opened; without labels."""
        return self.locked / self.material.name

    @property
    def locked_predictions(self) -> Path:
        """Probabilities of the locked cases, written before their labels are read."""
        return self.locked / "predictions.parquet"

    @property
    def report(self) -> Path:
        """Figures and plots."""
        return self.folder / "report"

    @property
    def documents(self) -> list[Path]:
        """The files that say what the study is and found, those that there are."""
        paths = [
            self.folder / AUDIT,
            self.folder / PLAN,
            self.shortcuts.path,
            self.stack.path,
            self.operating_point.path,
            self.decisions.path,
        ]
        paths += [self.shifts.path, self.sources.path, self.missing_metadata.path]
        paths += [self.budget.path, self.folder / SETTINGS]
        return [path for path in paths if path.is_file()]

    def read_plan(self) -> FoldPlan:
        """Return the fold plan, its digest verified."""
        return FoldPlan.read(self.folder)


def committed_study(name: str) -> Path | None:
    """Return the `study.toml` that ships with automl-skin under this name, if there is one."""
    files = (folder / name / SETTINGS for folder in _shipped_folders())
    return next((path for path in files if path.is_file()), None)


def study_name(given: str, settings: Mapping[str, Any]) -> str:
    """Return the study's name: the given one, else from the table, else the built-in study's."""
    data = _paths(settings.get("data"))
    if given or not data:
        return given or DEFAULT_STUDY
    path = Path(data[0])
    return path.absolute().parent.name if path.stem in {"metadata", "train", "data"} else path.stem


def open_study(workspace: Workspace, name: str, flags: Mapping[str, Any]) -> Study:
    """Open a study, or begin it, with the settings of its file and the flags that win over them.

    Parameters
    ----------
    name : str
        Name or path; empty to derive it.
    flags : mapping of str to value
        Settings that were given on the command line.

    Raises
    ------
    ConfigError
        If a setting is wrong, or differs from that with which the study began.
    """
    name = study_name(name, flags)
    folder = workspace.study_folder(name)
    settings = _file_settings(folder, Path(name).name)
    config = settings_of(settings, flags, str(folder / SETTINGS))
    study = Study(Path(name).name, folder, config, workspace)
    _check_identity(study)
    return study


def settings_of(settings: Mapping[str, Any], flags: Mapping[str, Any], where: str) -> StudyConfig:
    """Return the config of a file's settings and the flags that win over them."""
    given = {**settings, **_absolute(flags)}
    if not given.get("data"):
        for name, what in (("images", "images"), ("labels", "diagnoses")):
            if not flags.get(name):
                continue
            message = f"--{name}: expected --data with it, the table of these {what}, got none"
            raise ConfigError(f"{message}; give both, or neither for the built-in study")
        given = {**asdict(SYNTHETIC_ARGUMENTS), **given}
    return parse_settings(given, where)


def existing_study(workspace: Workspace, name: str) -> Study:
    """Open a study that has begun.

    Parameters
    ----------
    name : str
        Name or path; empty for the only study of the workspace.

    Raises
    ------
    ConfigError
        If it has not begun, or there are several and no name; the message lists them.
    """
    begun = sorted(path.parent.name for path in workspace.studies.glob(f"*/{IDENTITY}"))
    if not name and len(begun) > 1:
        message = (
            f"--study: expected a name, since {workspace.studies} has several studies: {', '.join(begun)}"
        )
        raise ConfigError(message)
    name = name or next(iter(begun), DEFAULT_STUDY)
    folder = workspace.study_folder(name)
    if not (folder / IDENTITY).is_file():
        others = f", or name one of: {', '.join(begun)}" if begun else ""
        message = f"no study has begun in {folder}; begin it with `automl-skin search --study {name}`{others}"
        raise ConfigError(message)
    study = open_study(workspace, name, {})
    if (folder / PLAN).is_file():
        study.read_plan()  # one that was changed is an error, whoever asks
    return study


def list_studies(workspace: Workspace) -> list[tuple[str, str, str, str]]:
    """Return name, where it is, its trials, and its first line, of all committed and begun studies."""
    shipped = [path for root in _shipped_folders() for path in sorted(root.glob(f"*/{SETTINGS}"))]
    own = [path for path in sorted(workspace.studies.glob(f"*/{SETTINGS}")) if path not in shipped]
    rows = {}
    for path, where in [
        *((path, "ships with automl-skin") for path in shipped),
        *((path, str(path.parent)) for path in own),
    ]:
        settings = parse_settings(read_settings(path), str(path))
        first = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        trials = (workspace.studies / path.parent.name / TRIALS).glob("*.json")
        done = sum(trial.stem.isdecimal() for trial in trials)  # not what a killed process was writing
        rows[path.parent.name] = (path.parent.name, where, f"{done} of {settings.max_trials}", first)
    return list(rows.values())


def _shipped_folders() -> list[Path]:
    """Return where committed studies lie: inside the wheel, or beside the package in a checkout."""
    package = Path(str(resources.files("automl_skin")))
    return [folder for folder in (package / "studies", package.parent / "studies") if folder.is_dir()]


def begin(study: Study) -> None:
    """Write down what the study is, before anything is computed."""
    if study.identity.exists:
        return
    with storage_errors(study.folder):
        study.folder.mkdir(parents=True, exist_ok=True)
    if not (study.folder / SETTINGS).is_file():
        command = f"automl-skin search --study {study.name}"
        committed = committed_study(study.name)
        if committed is not None and parse_settings(read_settings(committed), "") == study.config:
            shutil.copyfile(committed, study.folder / SETTINGS)
        else:
            write_settings(study.folder / SETTINGS, study.config, f"Continues with: {command}")
    identity = study.config.identity()
    study.identity.write(Identity(digest_json(identity), identity))


def _file_settings(folder: Path, name: str) -> dict[str, Any]:
    own = folder / SETTINGS
    committed = committed_study(name)
    path = own if own.is_file() else committed
    return read_settings(path) if path else {}


def _absolute(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the flags with paths that hold wherever the study is continued from."""
    settings = dict(flags)
    if settings.get("data"):
        settings["data"] = [str(Path(path).absolute()) for path in _paths(settings["data"])]
    for name in ("images", "labels", "weights_dir", "costs"):
        if settings.get(name):
            settings[name] = str(Path(settings[name]).absolute())
    if settings.get("embeddings"):
        given = map(parse_given, _paths(settings["embeddings"]))
        settings["embeddings"] = [f"{name}={path.absolute()}" for name, path in given]
    if settings.get("split") and Path(settings["split"]).is_file():
        settings["split"] = str(Path(settings["split"]).absolute())
    return settings


def _paths(data: Any) -> list[str]:
    """Return the files of a setting such as ``data``: none, one, or a list of them."""
    each = data if isinstance(data, list | tuple) else [data]
    return [str(path) for path in each if path]


def _check_identity(study: Study) -> None:
    """Refuse settings that differ from those with which the study began."""
    if not study.identity.exists:
        return
    then, now = study.identity.read().settings, study.config.identity()
    differing = [name for name in now if then.get(name) != now[name]]
    if differing:
        listing = "; ".join(f"{name}: {then.get(name)!r}, now {now[name]!r}" for name in differing)
        message = (
            f"the study {study.folder.name} was begun with other settings ({listing}). Continue it with the same "
            f"settings, or give these another --study (only {', '.join(sorted(RUNTIME))} may change)"
        )
        raise ConfigError(message)
