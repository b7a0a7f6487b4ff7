import json

import numpy as np
import pytest

from automl_skin.chains.calibration import Calibrator
from automl_skin.digests import digest_json
from automl_skin.errors import IntegrityError, SearchError
from automl_skin.records import from_plain, to_plain
from automl_skin.search.trial import Predictions, TrialJournal, TrialPlan, TrialRecord


@pytest.fixture
def journal(tmp_path):
    return TrialJournal(tmp_path / "study" / "trials")


def make(number, config, state="finished"):
    plan = TrialPlan(number, "search", "a name", {"components": 32, "rate": 0.1, "keep": False}, config)
    calibrators = (Calibrator((1 / 3,), (-0.1,)),) * 5 if state == "finished" else ()
    return TrialRecord(plan, state, (0.7, 0.9), (0.7, 0.9), 1.5, 2.5, "why", {"auc": 0.8}, calibrators, "m")


def predictions(seed=0):
    raw = np.random.default_rng(seed).dirichlet(np.ones(2), size=9)
    return Predictions(raw, raw[::-1].copy())


def test_what_was_written_is_read(journal, small_chain):
    records = [make(0, small_chain("late", "mlp")), make(1, small_chain(), "failed"), make(2, small_chain())]
    for record in records:
        journal.write(record, predictions(record.plan.number) if record.state == "finished" else None)
    assert journal.read() == records
    assert (journal.predictions(2).raw == predictions(2).raw).all()
    assert (journal.predictions(0).calibrated == predictions(0).calibrated).all()
    assert records[0].utility == pytest.approx(0.8)


def test_json_round_trip(small_chain):
    record = make(3, small_chain("metanet", "mlp"))
    assert from_plain(TrialRecord, json.loads(json.dumps(to_plain(record))), "a file") == record


def test_an_empty_folder_has_no_trials(journal):
    assert journal.read() == []


def test_a_gap_is_named(journal, small_chain):
    for number in (0, 1, 3):
        journal.write(make(number, small_chain(), "stopped"), None)
    with pytest.raises(IntegrityError, match=r"numbers without a gap, but \[2\] are missing"):
        journal.read()


def test_a_copy_under_another_number_is_not_believed(journal, small_chain):
    journal.write(make(0, small_chain(), "stopped"), None)
    (journal.folder / "0001.json").write_bytes((journal.folder / "0000.json").read_bytes())
    with pytest.raises(IntegrityError, match=r"0001\.json: expected what the search wrote"):
        journal.read()


def test_what_a_killed_process_was_writing_is_not_believed(journal, small_chain):
    journal.write(make(0, small_chain(), "stopped"), None)
    (journal.folder / ".writing-abc.json").write_text('{"number": 1, "ki')
    (journal.folder / "0001.safetensors").write_bytes(b"half")
    assert len(journal.read()) == 1
    with journal.held():
        assert [path.name for path in journal.folder.glob(".writing*")] == []


def test_order_is_by_number_beyond_four_digits(journal, small_chain, monkeypatch):
    numbers = iter(range(20))
    monkeypatch.setattr(
        TrialJournal, "_file", lambda self, number, suffix: self.folder / f"{number}.{suffix}"
    )
    for number in numbers:
        journal.write(make(number, small_chain(), "stopped"), None)
    assert [record.plan.number for record in journal.read()] == list(range(20))


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"xx")])
def test_damaged_predictions_are_named(damage, journal, small_chain):
    journal.write(make(0, small_chain()), predictions())
    damage(journal.folder / "0000.safetensors")
    with pytest.raises(
        IntegrityError, match=r"0000\.safetensors: expected what the search wrote.*restore it"
    ):
        journal.predictions(0)


@pytest.mark.parametrize(
    ("before", "after"),
    [('"aucs": [\n      0.7', '"aucs": [\n      0.9'), ('"state": "finished"', '"state": "failed"')],
)
def test_a_record_with_another_figure_is_not_believed(before, after, journal, small_chain):
    journal.write(make(0, small_chain()), predictions())
    path = journal.folder / "0000.json"
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))
    with pytest.raises(IntegrityError, match=r"0000\.json: expected what the search wrote.*restore it"):
        journal.read()


def test_a_trial_of_another_version_is_named(journal):
    value = {"number": 0, "state": "finished", "predictions": ""}
    journal.folder.mkdir(parents=True, exist_ok=True)
    (journal.folder / "0000.json").write_text(json.dumps({**value, "digest": digest_json(value)}))
    with pytest.raises(
        IntegrityError, match=r"0000\.json: TrialFile\.record: field required.*another version"
    ):
        journal.read()


def test_two_searches_of_one_study_are_refused(journal):
    other = TrialJournal(journal.folder)
    refused = pytest.raises(SearchError, match=r"only one search can run in .*study at a time")
    with journal.held(), refused, other.held():
        pass
    with other.held():
        pass
