import math
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest

from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.backbones.tuning.names import Tuning
from automl_skin.networks import NetworkId
from automl_skin.search.tuning_steps import Decision, StepOutcome, TunedNetwork, TuningStep
from automl_skin.settings import Workspace
from automl_skin.steps.rounds_table import network_curves
from automl_skin.steps.track_tuning import tuning_totals, tunings_of
from automl_skin.study.round_files import Round

STEP = TuningStep(NetworkId("net", "plain"), Tuning("robust", {"epochs": "2"}))
TUNED = NetworkId("net", "grey", STEP.tuning.name)
CURVE = (Epoch(1, 2, 0.9, 0.7, 50.0, 10.0, 10.0), Epoch(2, 2, 0.5, 0.8, 70.0, 9.0, 0.0))
DONE = StepOutcome(
    STEP,
    "finished",
    seconds=19.0,
    image_seconds=0.01,
    inner_auc=0.8,
    networks=(
        TunedNetwork(TUNED.without((0,)), CURVE, "first"),
        TunedNetwork(TUNED.without((0, 1)), CURVE, "second"),
    ),
    began=1000.0,
)
ROUND = Round(3, Decision("tuning", (STEP,), "as named"), (DONE, replace(DONE, state="skipped")), 7, 20)


@pytest.fixture
def study(tiny, tmp_path):
    return replace(tiny.study, workspace=Workspace.at(tmp_path, tmp_path / "cache"))


def test_a_tuning_is_told_with_recipe_curves_and_contact_sheet(study, tiny):
    sheet = study.workspace.cache / "networks" / "first" / "contact_sheet.png"
    sheet.parent.mkdir(parents=True)
    shutil.copy(next(tiny.images.iterdir()), sheet)
    (facts,) = tunings_of(study, [ROUND])
    assert (facts.name, facts.title) == ("3 net grey robust-2-epochs", "tuning net grey robust-2-epochs")
    assert facts.params["tuning_wise"] == "0.5"
    assert facts.params["tuning_epochs"] == "2"
    assert facts.tags["why"] == "as named"
    assert facts.metrics == {"seconds": 19.0, "inner_auc": 0.8, "images_per_second": 60.0}
    assert list(facts.curves) == ["fold_0", "fold_0_1"]
    assert set(facts.files) == {"curves.png", "contact_sheet.png"}
    sheet.unlink()
    assert set(tunings_of(study, [ROUND])[0].files) == {"curves.png"}


def test_metrics_of_a_run_stay_few():
    names = ["seconds", "inner_auc", "images_per_second"]
    every = replace(
        DONE,
        networks=tuple(
            TunedNetwork(TUNED.without(folds), CURVE) for k in range(5) for folds in ((k,), (k, k + 1))
        ),
    )
    assert len(names) + 2 * len(network_curves(every)) < 30


def test_a_failed_tuning_has_its_reason_and_its_finished_epochs(study):
    networks = (TunedNetwork(TUNED.without((0,)), CURVE), TunedNetwork(TUNED.without((0, 1)), ()))
    failed = replace(DONE, state="failed", reason="diverged", networks=networks, inner_auc=math.nan)
    (facts,) = tunings_of(study, [replace(ROUND, outcomes=(failed,))])
    assert (facts.state, facts.tags["reason"]) == ("failed", "diverged")
    assert [len(curve) for curve in facts.curves.values()] == [2, 0]


def test_curves_of_towers_bear_their_kind():
    close_up, dermoscopic = (TUNED.without((0,), role) for role in ("close-up", "dermoscopic"))
    networks = (TunedNetwork(close_up, CURVE), TunedNetwork(dermoscopic, CURVE[:1]))
    towers = replace(DONE, networks=networks)
    curves = network_curves(towers)
    assert {name: len(curve) for name, curve in curves.items()} == {
        "close-up_fold_0": 2,
        "dermoscopic_fold_0": 1,
    }


def test_totals_leave_probes_out():
    probe = replace(DONE, is_probe=True)
    rounds = [
        replace(ROUND, outcomes=(probe,)),
        replace(ROUND, outcomes=(DONE, replace(DONE, state="failed"))),
    ]
    assert tuning_totals(SimpleNamespace(rounds=rounds)) == {
        "tuning_rounds": 2.0,
        "tuning_seconds": 57.0,
        "tunings_finished": 1.0,
        "tunings_failed": 1.0,
    }
