import contextlib
import importlib.util
import json
import pickle
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import pytest

from automl_skin.backbones.network import load_network, weights_digest
from automl_skin.embeddings import tuning
from automl_skin.embeddings.networks import NetworkStore
from automl_skin.embeddings.tuned_folder import TunedFolder
from automl_skin.embeddings.tuning import TuningFailure, threads_for, tune_networks, tune_one
from automl_skin.errors import StorageError, TuningError
from automl_skin.workers.processes import HereAndNow

KILLS = 3  # ten of a single training stand in tests/backbones/tuning/test_kills.py
PROGRAM = Path(__file__).with_name("killed_tuning.py")


def load_program():
    spec = importlib.util.spec_from_file_location("killed_tuning", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


made_up = load_program()


@pytest.fixture
def store(tmp_path):
    return NetworkStore(tmp_path / "networks")


@pytest.fixture
def here(monkeypatch):
    """Tune in this process, and count how many executors are opened."""
    opened = []

    @contextlib.contextmanager
    def open_here(jobs, threads):
        opened.append((jobs, threads))
        yield HereAndNow()

    monkeypatch.setattr(tuning, "open_processes", open_here)
    return opened


def digest(folder):
    return weights_digest(load_network(folder.backbone))


def test_a_network_is_tuned_and_found(store, tmp_path):
    job = made_up.make_job(tmp_path)
    tune_one(job, store.folder, "cpu")
    found = store.find(job.key)
    assert digest(found) != weights_digest(load_network(job.backbone))
    assert len(found.curve) == 2
    assert found.head.n_classes == 2
    assert found.target_of == (0, 1)
    assert found.facts["device"] == "cpu"
    assert (found.path / "contact_sheet.png").is_file()
    assert found.backbone.name == job.backbone.name


def test_each_network_is_tuned_once(store, tmp_path, here, monkeypatch):
    tuned = []
    real = tuning.tune
    monkeypatch.setattr(tuning, "tune", lambda *args, **kwargs: tuned.append(1) or real(*args, **kwargs))
    jobs = [made_up.make_job(tmp_path, seed) for seed in (1, 2, 1)]
    first = tune_networks(jobs, store, ["cpu"])
    assert first[0] == first[2]
    assert first[0] != first[1]
    assert len(tuned) == 2
    opened = len(here)
    assert tune_networks(jobs, store, ["cpu"]) == first
    assert len(tuned) == 2
    assert len(here) == opened
    tune_one(jobs[0], store.folder, "cpu")  # a process that waited for another one
    assert len(tuned) == 2


def test_weights_do_not_depend_on_the_other_jobs(store, tmp_path, here):
    jobs = [made_up.make_job(tmp_path, seed) for seed in (1, 2)]
    together = tune_networks(jobs, store, ["cpu"])
    alone = tune_networks(jobs[1:], NetworkStore(tmp_path / "alone"), ["cpu"])
    assert digest(together[1]) == digest(alone[0])
    assert digest(together[0]) != digest(together[1])


def test_progress_and_news(store, tmp_path, here):
    heard, told = [], []
    jobs = [made_up.make_job(tmp_path, seed) for seed in (1, 2)]
    tune_networks(jobs, store, ["cpu"], lambda *news: heard.append(news), told.append)
    assert heard[-1] == (192, 192)
    assert heard == sorted(heard)
    assert len(told) == 4
    assert told[0].startswith("made-up@plain@full.without-1: epoch 1 of 2, loss ")


def test_a_failure_is_an_outcome_and_remembered(store, tmp_path, here, monkeypatch):
    def diverge(*_, **__):
        raise TuningError("the loss diverged; take a smaller learning_rate")

    jobs = [made_up.make_job(tmp_path, seed) for seed in (1, 2)]
    (good,) = tune_networks(jobs[:1], store, ["cpu"])
    monkeypatch.setattr(tuning, "tune", diverge)
    for _ in range(2):
        outcomes = tune_networks(jobs, store, ["cpu"])
        assert outcomes[0] == good
        assert isinstance(outcomes[1], TuningFailure)
        assert str(outcomes[1].job.network) == "made-up@plain@full.without-2"
        assert "the loss diverged" in outcomes[1].reason
        monkeypatch.setattr(tuning, "tune", None)  # the second time nothing is tried


def test_a_process_that_is_ended_from_outside_is_a_failure_that_is_tried_again(
    store, tmp_path, here, monkeypatch
):
    def end(*_, **__):
        raise BrokenProcessPool("terminated abruptly")

    jobs = [made_up.make_job(tmp_path, seed) for seed in (1, 2)]
    with monkeypatch.context() as patch:
        patch.setattr(tuning, "tune", end)
        outcomes = tune_networks(jobs, store, ["cpu"])
    assert all(isinstance(each, TuningFailure) for each in outcomes)
    assert "memory was full" in outcomes[0].reason
    assert all(isinstance(each, TunedFolder) for each in tune_networks(jobs, store, ["cpu"]))


def test_other_errors_are_raised(tmp_path, here):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="a part of the path is a file"):
        tune_networks([made_up.make_job(tmp_path)], NetworkStore(tmp_path / "file" / "networks"), ["cpu"])


def test_an_interrupted_training_goes_on_from_its_last_epoch(store, tmp_path, monkeypatch):
    job = made_up.make_job(tmp_path, epochs=3)
    whole = NetworkStore(tmp_path / "whole")
    tune_one(job, whole.folder, "cpu")

    class Killed(BaseException):
        pass

    numbers = []

    def finished(teller, epoch):
        numbers.append(epoch.number)
        real(teller, epoch)
        if numbers == [1]:
            raise Killed("killed")

    real = tuning.Teller.finished
    monkeypatch.setattr(tuning.Teller, "finished", finished)
    with pytest.raises(Killed, match="killed"):
        tune_one(job, store.folder, "cpu")
    assert store.find(job.key) is None
    tune_one(job, store.folder, "cpu")
    assert numbers == [1, 2, 3]
    assert digest(store.find(job.key)) == digest(whole.find(job.key))
    losses = [[epoch.loss for epoch in each.find(job.key).curve] for each in (store, whole)]
    assert losses[0] == losses[1]


def test_a_damaged_network_is_tuned_again_to_the_same_weights(store, tmp_path):
    job = made_up.make_job(tmp_path)
    tune_one(job, store.folder, "cpu")
    before = digest(store.find(job.key))
    weights = store.place(job.key) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    tune_one(job, store.folder, "cpu")
    assert digest(store.find(job.key)) == before


def test_threads_fill_the_cores_by_the_networks_of_all_folds(monkeypatch):
    monkeypatch.setattr(tuning, "available_processors", lambda: 16)
    assert [threads_for(folds) for folds in (2, 5, 20)] == [8, 3, 1]


def test_one_process_a_device_and_on_the_cpu_one_for_its_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(tuning, "available_processors", lambda: 16)
    jobs = [made_up.make_job(tmp_path, seed) for seed in range(3)]
    wide = [replace(job, key=replace(job.key, threads=8)) for job in jobs]
    for given, devices, names in (
        (jobs, ["cpu"], ["cpu"] * 3),
        (wide, ["cpu"], ["cpu"] * 2),
        (jobs, ["cuda:0", "cuda:1"], ["cuda:0", "cuda:1"]),
        (jobs[:1], ["cuda:0", "cuda:1"], ["cuda:0"]),
    ):
        with tuning._open_slots(given, devices) as slots:
            assert [slot.device for slot in slots] == names


def test_a_job_can_be_sent_and_holds_no_pixels(store, tmp_path):
    job = made_up.make_job(tmp_path)
    sent = pickle.dumps(job)
    assert len(sent) < 10_000
    tune_one(pickle.loads(sent), store.folder, "cpu")  # noqa: S301 - our own
    assert store.find(job.key) is not None


@pytest.mark.slow
def test_other_processes_tune_the_same_weights(store, tmp_path):
    jobs = [made_up.make_job(tmp_path, seed) for seed in (1, 2)]
    outcomes = tune_networks(jobs, store, ["cpu"])
    here = NetworkStore(tmp_path / "here")
    tune_one(jobs[1], here.folder, "cpu")
    assert digest(outcomes[1]) == digest(here.find(jobs[1].key))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes in /proc")
def test_kills_of_the_whole_process_change_no_weight(tmp_path):
    ended = subprocess.run(
        [sys.executable, PROGRAM, tmp_path, str(KILLS), "0"], check=False, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout.splitlines()[-1])
    print(answer["kills"])
    assert len(answer["kills"]) == KILLS
    assert any(kill["behind"] for kill in answer["kills"])  # workers, which have ended by themselves
    assert len({kill["finished"] for kill in answer["kills"]}) == KILLS
    assert len(answer["whole"]) == 2
    assert answer["killed"] == answer["whole"]
