import shutil

import pytest

from automl_skin.embeddings import extract, tuning
from automl_skin.embeddings.tuning import TuningFailure
from automl_skin.errors import TuningError
from automl_skin.settings import Workspace
from automl_skin.steps import embedder, stage_one
from automl_skin.steps.events import Understood, silent
from automl_skin.steps.stage_one import next_settings, run_stage_one, tunings_of
from automl_skin.study.study import open_study

CHANGES = ["epochs=1", "augmentation=none"]
NAME = "full-none-augmentation-1-epochs"


@pytest.fixture(autouse=True)
def here(tuning_here):
    with tuning_here():
        yield


@pytest.fixture
def open_here(tiny, end_to_end, tmp_path):
    def run(name="first", cache="cache", **settings):
        given = {
            "data": str(tiny.table),
            "images": str(tiny.images),
            **end_to_end.SETTINGS,
            **end_to_end.BINARY,
            "tuning": ["full"],
            "tuning_set": CHANGES,
            "way": ["within"],
            **settings,
        }
        return open_study(Workspace.at(tmp_path / name, tmp_path / cache), name, given)

    return run


def test_everything_is_in_the_cache_and_can_be_carried(open_here, tmp_path, monkeypatch):
    told = []
    study = open_here()
    outcome = run_stage_one(study, told.append)
    assert [type(event) for event in told].count(Understood) == 1
    assert [each.name for each in outcome.tuned] == [
        f"test_resnet.random@plain@{NAME}.without-{fold}" for fold in range(3)
    ]
    n_images = outcome.computed // 4
    assert outcome.computed == 4 * n_images > 0
    assert outcome.failed == ()
    # another machine: the cache was copied, nothing else
    shutil.copytree(tmp_path / "cache", tmp_path / "copy")
    shutil.rmtree(tmp_path / "cache")
    monkeypatch.setattr(tuning, "tune", None)
    monkeypatch.setattr(extract, "_compute", None)
    there = open_here("there", "copy")
    again = run_stage_one(there, silent)
    assert again.computed == 0
    assert [each.name for each in again.tuned] == [each.name for each in outcome.tuned]
    assert {each.backbone.folder.parent for each in again.tuned} == {tmp_path / "copy" / "networks"}


def test_ways_decide_which_folds_are_held_out(open_here, monkeypatch):
    asked = []
    monkeypatch.setattr(stage_one, "tune_network", lambda *args: asked.extend(args[2]) or [])
    run_stage_one(open_here(way=["within", "rotation"]), silent)
    assert asked == [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]


def test_a_network_without_two_folds_is_applied_where_it_may_be(open_here, monkeypatch):
    seen = []
    real = embedder.extract

    def listen(backbone, recipe, root, images, cache, *, options, metadata):
        folds = options.tuned_on.held_out_folds if options.tuned_on else ()
        seen.append((folds, set(images["case"])))
        return real(backbone, recipe, root, images, cache, options=options, metadata=metadata)

    monkeypatch.setattr(embedder, "extract", listen)
    study = open_here(way=["rotation"])
    run_stage_one(study, silent)
    plan = study.read_plan()
    assert [folds for folds, _ in seen] == [(), (0, 1), (0, 2), (1, 2)]
    for folds, cases in seen[1:]:
        assert cases == {*plan.locked, *plan.held_out(folds[0]), *plan.held_out(folds[1])}


def test_failures_are_reported_and_the_rest_goes_on(open_here, monkeypatch):
    def diverge(*args, **kwargs):
        raise TuningError("the loss diverged")

    monkeypatch.setattr(tuning, "tune", diverge)
    outcome = run_stage_one(open_here(), silent)
    assert outcome.tuned == ()
    assert [type(each) for each in outcome.failed] == [TuningFailure] * 3


def test_a_budget_that_is_used_up_leaves_tunings_out(open_here, monkeypatch):
    monkeypatch.setattr(stage_one, "tune_network", lambda *args: [])
    study = open_here(tuning=["full", "head"], tuning_budget_seconds=1e-9)
    assert run_stage_one(study, silent).skipped == (
        f"test_resnet.random@plain {NAME.replace('full', 'head')}",
    )


@pytest.mark.parametrize(
    ("settings", "tunings"),
    [
        ({"tuning": ["none"], "tuning_set": []}, ()),
        ({"tuning": ["auto"]}, ()),
        ({"tuning": ["auto"], "tuning_budget_seconds": 60.0}, ("full",)),
        ({"tuning": ["auto"], "tuning_budget_seconds": 60.0, "objective": "robust"}, ("robust",)),
        ({"tuning": ["head", "joint"]}, ("head", "joint")),
    ],
)
def test_tunings_without_a_search(open_here, settings, tunings):
    assert tunings_of(open_here(**settings)) == tunings


def test_the_next_search_names_the_tunings(open_here):
    study = open_here(tuning=["auto"], tuning_budget_seconds=60.0)
    given = next_settings(study)
    assert given["tuning"] == ["full"]
    assert given["folds"] == 3
    assert "device" not in given
    assert "seed" not in given
    assert next_settings(open_here("nothing", tuning=["auto"])) == {
        **{name: value for name, value in given.items() if name != "tuning_set"},
        "tuning": ["none"],
    }
    assert "labels" not in given
    assert next_settings(open_here("joined", labels="truth.csv"))["labels"].endswith("truth.csv")
    other = open_here("other", **given, trials=3)
    assert other.config.tuning == ("full",)
