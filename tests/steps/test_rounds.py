"""The loop of trials and rounds, with made-up networks; real ones are in `test_tuning_end_to_end.py`."""

import json
import math
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from filelock import FileLock

from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.embeddings.tuned_folder import write_curve
from automl_skin.embeddings.tuning import TuningFailure
from automl_skin.errors import IntegrityError, SearchError
from automl_skin.records import from_plain, to_plain
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialRecorded
from automl_skin.steps import carry_out, events, rounds, trials
from automl_skin.steps.leaderboard import trial_table
from automl_skin.steps.networks import ResolvedNetwork
from automl_skin.steps.prepare import read_prepared
from automl_skin.steps.rounds_table import rounds_in_words, rounds_table
from automl_skin.study.round_files import Round, RoundFiles


class World:
    """Stands in for tuning: tells what was asked for, and fails or is interrupted where it is told to."""

    def __init__(self, folder, failing=(), interrupted=None):
        self.folder = folder
        self.failing = failing
        self.interrupted = interrupted
        self.tuned = []
        self.embedded = []

    def tune_network(self, prepared, step, held_out, tell):
        self.tuned.append((step.title, len(held_out)))
        if len(self.tuned) == self.interrupted:
            raise KeyboardInterrupt
        return [self._network(step, folds) for folds in held_out]

    def _network(self, step, folds):
        network = step.tuned.without(folds)
        if network.backbone in self.failing:
            job = SimpleNamespace(network=network, key=SimpleNamespace(digest="none"))
            return TuningFailure(job, "the loss diverged")
        folder = self.folder / f"{step.title.replace(' ', '-')}-{folds}"
        write_curve(folder, [Epoch(1, 1, 0.5, 0.8, 100.0, 0.5, 0.0)])
        return ResolvedNetwork(network, SimpleNamespace(folder=folder), None)

    def embed_tuned(self, prepared, sets, tell):
        self.embedded += [each.name for each in sets]


class Listener:
    def __init__(self):
        self.lines, self.begun, self.over, self.trials = [], [], [], []

    def __call__(self, event):
        match event:
            case events.Said():
                self.lines.append(event.line)
            case events.RoundBegan():
                self.begun.append(event.tuning_round.number)
            case events.RoundEnded():
                self.over.append(event.tuning_round.number)
            case TrialRecorded():
                self.trials.append((event.record.plan.number, event.record.plan.kind))


@pytest.fixture
def begin(tiny, tmp_path, monkeypatch):
    """Make a study of two embedding sets without a trial, and a function that searches it in a world."""

    def make(name, **settings):
        folder = tmp_path / name
        shutil.copytree(tiny.study.folder, folder, ignore=shutil.ignore_patterns("trials", "tuning"))
        material = Material.read(tiny.study.material)
        (values,) = material.inputs.embeddings.values()
        told = np.array(values)
        told[:, 0] += 3.0 * told.std() * material.labels  # this one knows something
        inputs = replace(material.inputs, embeddings={"worse@plain": values, "better@plain": told})
        replace(material, inputs=inputs).write(folder / "material")
        config = tiny.study.config.with_settings({"trials": 12, **settings})
        return replace(tiny.study, folder=folder, config=config)

    def search(study, world, listener=None):
        listener = listener or Listener()
        monkeypatch.setattr(carry_out, "tune_network", world.tune_network)
        monkeypatch.setattr(carry_out, "embed_tuned", world.embed_tuned)
        monkeypatch.setattr(rounds, "list_tuned_trials", lambda options, tuned: [])
        first = trials.first_phase
        monkeypatch.setattr(
            rounds, "options_after", lambda study, material, rounds: first(study, material).options
        )
        material = Material.read(study.material)
        return rounds.search_in_rounds(read_prepared(study), material, listener)

    return SimpleNamespace(make=make, search=search, world=lambda **how: World(tmp_path / "networks", **how))


def test_named_tunings_follow_the_rank_of_the_frozen_sets(begin):
    study, world, listener = begin.make("mine", tuning=["full", "head"]), begin.world(), Listener()
    searched = begin.search(study, world, listener)
    assert world.tuned == [
        ("better plain full", 3),
        ("better plain head", 3),
        ("worse plain full", 3),
        ("worse plain head", 3),
    ]
    assert world.embedded[:3] == [f"better@plain@full.without-{fold}" for fold in range(3)]
    assert [record.state for record in searched.records].count("failed") == 0
    assert len(searched.records) == 12
    assert [this.decision.kind for this in searched.rounds] == ["ranking", *["tuning"] * 4]
    ranking = searched.rounds[0].begins_at
    kinds = [record.plan.kind for record in searched.records]
    assert kinds[:3] == ["baseline"] * 3
    assert kinds[ranking : ranking + 2] == ["known", "known"]
    assert [searched.records[ranking + n].plan.config.backbones for n in (0, 1)] == [("better",), ("worse",)]
    assert kinds[-1] == "search"
    assert listener.begun == listener.over == [0, 1, 2, 3, 4]
    assert listener.lines[-1] == "Tuning:   over: all named tunings are done"
    assert len(listener.trials) == 12


def test_without_tuning_everything_is_as_before(begin, tiny):
    study = begin.make("none", tuning=["none"])
    world, listener = begin.world(), Listener()
    searched = begin.search(study, world, listener)
    assert world.tuned == listener.lines == searched.rounds == []
    assert not (study.folder / "tuning").exists()
    again = begin.make("plain", tuning=["none"])
    plain = trials.run_trials(again, Material.read(again.material))
    assert trial_table(searched.records).equals(trial_table(plain))
    automatic = begin.make("auto", tuning=["auto"])  # on a processor without a budget
    assert trial_table(begin.search(automatic, world).records).equals(trial_table(plain))


@pytest.mark.parametrize("interrupted", [1, 3])
def test_a_search_that_was_killed_while_it_tuned_goes_on_as_if_it_had_not_been(begin, interrupted):
    whole = begin.search(begin.make("whole", tuning=["full", "head"]), begin.world())
    study = begin.make("killed", tuning=["full", "head"])
    with pytest.raises(KeyboardInterrupt):
        begin.search(study, begin.world(interrupted=interrupted))
    world = begin.world()
    searched = begin.search(study, world)
    assert trial_table(searched.records).equals(trial_table(whole.records))
    assert [this.decision for this in searched.rounds] == [this.decision for this in whole.rounds]
    assert [(this.begins_at, this.until) for this in searched.rounds] == [
        (this.begins_at, this.until) for this in whole.rounds
    ]


def test_a_failed_tuning_is_a_failed_trial_and_the_search_goes_on(begin):
    study, listener = begin.make("failing", tuning=["full"]), Listener()
    searched = begin.search(study, begin.world(failing={"better"}), listener)
    (failed,) = [record for record in searched.records if record.state == "failed"]
    assert (failed.plan.kind, failed.plan.name) == ("tuning", "tuning better plain full")
    assert failed.reason == "the loss diverged"
    assert failed.plan.config.tuning == "full"
    assert len(searched.records) == 13
    assert searched.rounds[1].begins_at == failed.plan.number + 1
    assert listener.trials.count((failed.plan.number, "tuning")) == 1
    again = Listener()
    assert begin.search(study, begin.world(failing={"better"}), again).records == searched.records
    assert again.trials == []
    assert (
        rounds_in_words(searched.rounds, searched.records)[0]
        == "better plain full: failed, the loss diverged"
    )


def test_a_failure_that_was_not_journalled_yet_is(begin):
    study = begin.make("cut", tuning=["full"], trials=8)
    begin.search(study, begin.world(failing={"better", "worse"}))
    records = study.journal.read()
    number = next(record.plan.number for record in records if record.state == "failed")
    for record in records[number:]:
        for path in study.folder.glob(f"trials/{record.plan.number:04d}.*"):
            path.unlink()
    searched = begin.search(study, begin.world(failing={"better", "worse"}))
    assert next(record.plan.number for record in searched.records if record.state == "failed") == number
    assert trial_table(searched.records).equals(trial_table(records))


def test_if_every_tuning_fails_the_frozen_search_still_finishes(begin):
    searched = begin.search(begin.make("all", tuning=["full"]), begin.world(failing={"better", "worse"}))
    states = [record.state for record in searched.records]
    assert states.count("failed") == 2
    assert len(states) - states.count("failed") == 12
    assert rounds_table(searched.rounds, searched.records)["state"].tolist() == ["failed", "failed"]


def test_more_trials_and_a_budget_may_come_later(begin):
    study = begin.make("later", trials=6)
    before = begin.search(study, begin.world()).records
    assert len(before) == 6
    config = study.config.with_settings({"trials": 16, "tuning_budget_seconds": 100.0})
    world = begin.world()
    searched = begin.search(replace(study, config=config), world)
    assert searched.records[:6] == before
    assert world.tuned[0] == ("better plain full-1-epochs", 1)
    assert searched.rounds[0].begins_at == 6
    assert [this.decision.kind for this in searched.rounds[:3]] == ["ranking", "probe", "tuning"]
    without = begin.search(
        replace(study, config=config.with_settings({"tuning_budget_seconds": None})), world
    )
    assert without.records == searched.records


def test_a_probe_has_no_trials_and_its_limit_skips_the_rest(begin):
    study = begin.make("short", tuning_budget_seconds=0.6)
    world = begin.world()
    searched = begin.search(study, world)
    probe = next(this for this in searched.rounds if this.decision.kind == "probe")
    assert [outcome.state for outcome in probe.outcomes] == ["finished", "skipped"]
    assert probe.tuned == ()
    assert world.embedded == []
    assert len(searched.records) == 12


def test_what_is_gone_from_the_material_is_made_again_and_must_be(begin):
    study = begin.make("gone", tuning=["full"], trials=9)
    begin.search(study, begin.world())
    world = begin.world()
    begin.search(study, world)
    assert ("better plain full", 3) in world.tuned
    with pytest.raises(
        SearchError,
        match=r"lost the networks of better plain full, .*cannot be tuned again: the loss diverged",
    ):
        begin.search(study, begin.world(failing={"better"}))


def test_only_one_process_tunes_in_a_study(begin):
    study = begin.make("held", tuning=["full"])
    (study.folder / "tuning").mkdir()
    with FileLock(study.folder / "tuning" / ".lock"), pytest.raises(SearchError, match="only one search"):
        begin.search(study, begin.world())


def test_rounds_are_read_as_they_were_written(begin):
    study = begin.make("files", tuning=["full"])
    searched = begin.search(study, begin.world())
    files = RoundFiles(study.folder / "tuning")
    assert repr(files.read()) == repr(searched.rounds)
    value = json.loads((files.folder / "round-01.json").read_text())
    step = value["outcomes"][0]["step"]
    assert (value["number"], value["decision"]["kind"], step["tuning"]["base"]) == (1, "tuning", "full")
    (files.folder / "round-01.json").unlink()
    with pytest.raises(IntegrityError, match=r"expected numbers without a gap, got \[0, 2\]"):
        files.read()


def test_a_round_under_way_is_not_over():
    this = Round(0, rounds.Decision("tuning", (), "why"))
    assert not this.is_over
    assert from_plain(Round, to_plain(this), "a file") == this


def test_deadlines():
    assert trials.Deadline.after(None).seconds_left is None
    assert not trials.Deadline().is_over
    assert trials.Deadline.after(-1.0).is_over
    assert math.isclose(trials.Deadline.after(60.0).seconds_left, 60.0, abs_tol=5.0)
