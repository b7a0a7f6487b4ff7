"""One small study from synthetic pictures to a bundle, made once a session; and helpers of the tests that use it."""

import contextlib
import io
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pandas as pd

from automl_skin.cli.main import run
from automl_skin.scoring import scores_file
from automl_skin.scoring.decide import ScoringOptions
from automl_skin.settings import Workspace
from automl_skin.stacking.methods import plain_average
from automl_skin.steps import export, score
from automl_skin.steps.events import SearchEnded
from automl_skin.steps.search import run_search
from automl_skin.study import study
from automl_skin.synthetic.study import generate

SETTINGS = {
    "backbone": ["test_resnet"],
    "weights": "random",
    "size": "32x40",
    "family": ["logistic"],
    "fusion": ["image", "concat", "late"],
    "folds": 3,
    "jobs": 1,
    "device": "cpu",
}
BINARY = {"target": "diagnosis", "positive": ["melanoma", "carcinoma"], "trials": 6}


class Silent:
    """A listener that keeps what searches came to; it may stand in for MLflow's."""

    def __init__(self, *_, **__):
        self.results = []

    def __call__(self, event):
        if isinstance(event, SearchEnded):
            self.results.append(event.result)


@dataclass(frozen=True)
class Tiny:
    """A study, its data and its bundle."""

    table: Path
    images: Path
    workspace: Workspace
    study: study.Study
    bundle: Path

    @property
    def rows(self) -> pd.DataFrame:
        return pd.read_csv(self.table, dtype="str", keep_default_na=False)

    def flags(self, name: str, **settings) -> list[str]:
        """Return the command line of a search on these data."""
        given = {"data": str(self.table), "images": str(self.images), **SETTINGS, **BINARY, **settings}
        return [*as_flags(given), "--study", name, *places(self.workspace)]


def places(workspace: Workspace) -> list[str]:
    return ["--workspace", str(workspace.root), "--cache-dir", str(workspace.cache)]


def as_flags(settings: dict) -> list[str]:
    flags = []
    for name, value in settings.items():
        values = [",".join(value)] if name == "positive" else value if isinstance(value, list) else [value]
        for each in values:
            flags += [f"--{name.replace('_', '-')}"] + ([] if each is True else [str(each)])
    return flags


def search(workspace: Workspace, name: str, **settings):
    """Run a search by the Python functions, without MLflow."""
    opened = study.open_study(workspace, name, {**SETTINGS, **settings})
    # all trials are members, whatever is best on so few cases, so that every kind of chain is in the bundle
    with mock.patch.dict("automl_skin.stacking.stack.METHODS", {"average": plain_average}, clear=True):
        return run_search(opened)


def make_tiny(folder: Path) -> None:
    made = generate(folder / "data", n_lesions=70, seed=3)
    workspace = Workspace.at(folder / "workspace", folder / "cache")
    outcome = search(workspace, "tiny", data=str(made.table), images=str(made.images), **BINARY)
    export.export(outcome.study, folder / "bundle")


def copy_tiny(made: Path, folder: Path) -> Tiny:
    """Copy what `make_tiny` made, but for the data, since caches and counts of openings grow as tests run."""
    shutil.copytree(made, folder, ignore=shutil.ignore_patterns("data"), dirs_exist_ok=True)
    workspace, data = Workspace.at(folder / "workspace", folder / "cache"), made / "data"
    copied = study.existing_study(workspace, "tiny")
    return Tiny(data / "metadata.csv", data / "images", workspace, copied, folder / "bundle")


def make_multiclass(tiny: Tiny, folder: Path) -> Path:
    """Export a bundle of several classes on the same pictures."""
    settings = {"data": str(tiny.table), "images": str(tiny.images), "target": "diagnosis", "trials": 3}
    with mock.patch("automl_skin.steps.search.write_report"):
        outcome = search(tiny.workspace, "several", **settings, shift_cases=0)
    export.export(outcome.study, folder)
    return folder


def score_file(bundle: Path, images: Path, output: Path, table: Path | None = None, **wanted) -> pd.DataFrame:
    score.score(bundle, images, output, (table,) if table else (), ScoringOptions(**wanted))
    return read_scores(output)


def read_scores(path: Path) -> pd.DataFrame:
    return scores_file.read_scores(path)


def command(*args: object) -> SimpleNamespace:
    """Run the command line in this process; return its exit code, output and errors."""
    output, errors = io.StringIO(), io.StringIO()
    code = 0
    with (
        mock.patch.object(sys, "argv", ["automl-skin", *map(str, args)]),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
    ):
        try:
            run()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return SimpleNamespace(code=code, output=output.getvalue(), errors=errors.getvalue())
