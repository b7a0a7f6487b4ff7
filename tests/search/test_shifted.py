"""The sampled cases, their embeddings under shift on disk, and who may see them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_skin.chains.config import BranchConfig, ChainConfig
from automl_skin.errors import IntegrityError, LeakageError
from automl_skin.features.encoder import EncoderConfig
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.metrics.catalogue import METRICS
from automl_skin.metrics.ranking import macro_auc
from automl_skin.networks import NetworkId
from automl_skin.search.known import fixed_trials
from automl_skin.search.loop import Limits, Search
from automl_skin.search.objective import Bench, evaluate_fold, fit_fold, score_shifted
from automl_skin.search.shifted import MIN_PER_STRATUM, Sample, begin, quotas, sample_cases
from automl_skin.search.space import SpaceOptions
from automl_skin.search.trial import TrialJournal
from automl_skin.workers.processes import HereAndNow

SHIFTS = ("cast", "blur")


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setattr("automl_skin.search.evidence.N_RESAMPLES", 20)


@pytest.fixture
def made(material, tmp_path):
    """Material on disk; under the first shift nothing changes, under the second embeddings are noise."""
    material.write(tmp_path / "material")
    sample = Sample(sample_cases(material.cases, 120, 0), SHIFTS)
    shifted = begin(tmp_path / "material" / "shifted", material.cases, sample)
    rng = np.random.default_rng(0)
    for name, values in material.inputs.embeddings.items():
        own = values[sample.positions]
        shifted = shifted.add(name, np.stack([own, rng.normal(size=own.shape)]), range(5), "network")
    return shifted


@pytest.fixture
def bench(made):
    return Bench(made.folder.parent, EncoderConfig(), 0, made.folder)


def strata(material):
    return pd.Series(list(zip(material.labels, material.folds, strict=True)))


def test_the_sample_is_fixed_and_holds_every_class_in_every_fold(material):
    positions = sample_cases(material.cases, 150, 0)
    assert len(positions) == 150
    assert (np.diff(positions) > 0).all()
    assert (sample_cases(material.cases, 150, 0) == positions).all()
    assert (sample_cases(material.cases, 150, 1) != positions).any()
    whole, drawn = strata(material).value_counts(), strata(material)[positions].value_counts()
    assert (drawn.reindex(whole.index) >= np.minimum(whole, MIN_PER_STRATUM)).all()


def test_all_cases_are_taken_where_there_are_not_more(material):
    assert (sample_cases(material.cases, 10_000, 0) == np.arange(len(material.cases))).all()


def test_only_cases_with_an_image_are_sampled(material):
    cases = material.cases.assign(has_image=np.arange(len(material.cases)) % 3 > 0)
    assert (sample_cases(cases, 60, 0) % 3 > 0).all()
    assert len(sample_cases(cases, 10_000, 0)) == int(cases["has_image"].sum())


@pytest.mark.parametrize("count", [1, 7, 50, 99, 400, 999])
def test_quotas_add_up_and_fit(count):
    sizes = np.array([3, 0, 500, 41, 7, 449])
    found = quotas(sizes, count)
    assert (found <= sizes).all()
    assert found.sum() == max(count, int(np.minimum(sizes, 1).sum()))


def test_unshifted_embeddings_give_what_was_measured(bench, made, material, small_chain):
    """The first shift changes nothing: the fold's chain says the same of the sampled cases, to the bit."""
    for config in (small_chain("late", "mlp"), small_chain("rank"), small_chain("metadata")):
        for fold in (0, 3):
            outcome = evaluate_fold(bench, config, fold)
            rows = np.flatnonzero(material.folds == fold)
            own = np.searchsorted(rows, made.sample.positions[made.rows(fold)])
            assert outcome.shifted.shape == (2, len(own), 2)
            assert (outcome.shifted[0] == outcome.held[own]).all()
            assert (outcome.shifted[1] != outcome.held[own]).any() or config.fusion == "metadata"


def test_without_a_folder_nothing_is_scored_under_shift(bench, small_chain):
    assert evaluate_fold(replace(bench, shifted=None), small_chain(), 0).shifted is None


def test_a_shifted_case_is_for_the_networks_of_its_own_fold(bench, made, material, small_chain):
    chain, _ = fit_fold(bench, small_chain("image"), 2)
    values = np.zeros((2, len(made.rows_of_set((1,))), 12), np.float32)
    made.add("net@plain", values, (1,), "tuned without fold 1")
    with pytest.raises(
        LeakageError, match=r"fold 2: expected networks .* net@plain, which is for the cases of fold 1"
    ):
        score_shifted(bench, made.folder, chain, 2)


def test_a_set_has_the_rows_of_its_folds_and_of_no_other(made, material):
    rows = made.rows_of_set((3, 1))
    added = made.add("tuned", np.arange(2 * len(rows) * 4.0).reshape(2, -1, 4), (1, 3), "two")
    block = added.block("tuned", 3)
    assert block.shape == (2, len(added.rows(3)), 4)
    held = material.folds[made.sample.positions[rows]] == 3
    assert (block == np.arange(2 * len(rows) * 4.0).reshape(2, -1, 4)[:, held]).all()
    back = begin(made.folder, material.cases, made.sample)
    assert back.sets == added.sets


def test_a_changed_file_is_refused(made, material):
    path = made.folder / "net@plain.npy"
    values = np.load(path)
    values[1, 5] += 1
    np.save(path, values)
    with pytest.raises(IntegrityError, match=r"net@plain\.npy: expected the digest"):
        made.block("net@plain", 0)


def test_a_set_that_is_not_there_is_named(made):
    with pytest.raises(IntegrityError, match="expected the embeddings missing@plain under shift"):
        made.block("missing@plain", 0)


def test_cases_of_other_material_are_refused(made, material):
    with pytest.raises(IntegrityError, match="expected cases of the material, got 1 others"):
        type(made).read(made.folder, material.cases.drop(material.cases.index[made.sample.positions[3]]))


def test_another_sample_begins_anew(made, material):
    assert begin(made.folder, material.cases, made.sample).sets == made.sets
    other = Sample(made.sample.positions[:-1], SHIFTS)
    assert begin(made.folder, material.cases, other).sets == {}


@pytest.fixture
def make_search(bench, made, material, tmp_path):
    options = SpaceOptions(("net", "other"), ("plain",), families=("logistic",), diagnosis=True)
    fixed = fixed_trials(options)

    def make(name, *, robust):
        given = replace(bench, shifted=made.folder if robust else None)
        journal = TrialJournal(tmp_path / name)
        sample = made.sample if robust else None
        return Search(
            given, material, METRICS["auc"], journal, lambda n, *_: fixed[n], lambda event: None, sample
        )

    return make


def test_a_robust_trial_is_worth_the_mean_of_home_and_shift(make_search, made, material):
    plain, robust = (make_search(str(each), robust=each) for each in (False, True))
    before, after = (search.run(Limits(3), HereAndNow()) for search in (plain, robust))
    positions, folds = made.sample.positions, material.folds
    for old, new in zip(before, after, strict=True):
        old_predictions = plain.journal.predictions(old.plan.number)
        predictions = robust.journal.predictions(new.plan.number)
        assert old_predictions.shifted is None
        assert (predictions.raw == old_predictions.raw).all()
        assert (predictions.calibrated == old_predictions.calibrated).all()
        assert new.aucs == old.aucs
        for fold in range(5):
            own = folds[positions] == fold
            under = [macro_auc(material.labels[positions][own], each[own]) for each in predictions.shifted]
            assert new.utilities[fold] == pytest.approx((old.utilities[fold] + np.mean(under)) / 2)
        figures = [macro_auc(material.labels[positions], each) for each in predictions.shifted]
        assert new.metrics["auc_shifted"] == pytest.approx(np.mean(figures))
        assert new.metrics["auc_shifted_worst"] == min(figures)
        assert new.metrics["auc_sample"] == pytest.approx(figures[0])  # the first shift changes nothing
        assert not set(old.metrics) & {"auc_shifted", "auc_sample"}


def test_who_relies_on_the_cast_falls_under_the_cast_and_who_does_not_does_not(material, tmp_path):
    """Two networks that know the diagnosis; one reads it from a colour that the shift changes."""
    rng = np.random.default_rng(5)
    colour, shape = (
        material.labels[:, None] * 1.2 + rng.normal(size=(len(material.labels), 3)) for _ in "ab"
    )
    inputs = replace(
        material.inputs, embeddings={"colour@plain": colour.astype("f4"), "shape@plain": shape.astype("f4")}
    )
    material = replace(material, inputs=inputs)
    material.write(tmp_path)
    sample = Sample(sample_cases(material.cases, 10_000, 0), ("cast",))
    shifted = begin(tmp_path / "shifted", material.cases, sample)
    casts = rng.normal(scale=3, size=(1, len(sample.positions), 1))  # another light on every photograph
    shifted = shifted.add("colour@plain", colour[None] + casts, range(5), "colour")
    shifted.add("shape@plain", shape[None] + rng.normal(scale=0.1, size=casts.shape), range(5), "shape")
    bench = Bench(tmp_path, EncoderConfig(), 0, shifted.folder)
    falls = {name: _fall(bench, material, name) for name in ("colour", "shape")}
    assert falls["colour"] > 0.1
    assert abs(falls["shape"]) < 0.02


def _fall(bench, material, name):
    """How much a logistic regression on one network's embeddings loses, mean over the folds."""
    head = BranchConfig("logistic", FAMILIES["logistic"].config())
    config = ChainConfig("image", (head,), (NetworkId(name, "plain"),))
    falls = []
    for fold in range(5):
        outcome = evaluate_fold(bench, config, fold)
        labels = material.labels[material.folds == fold]
        falls.append(macro_auc(labels, outcome.held) - macro_auc(labels, outcome.shifted[0]))
    return float(np.mean(falls))


WAYS = (
    ("within", "late", "logistic"),
    ("rotation", "image", "logistic"),
    ("logits", "concat", "mlp"),
    ("own", "image", "own"),
)


@pytest.fixture
def tuned(material, with_tuned, tmp_path):
    """Networks that learnt their cases by heart; sampled cases of a network's own folds, and of no other, are there."""
    tuned = with_tuned(material, memory=3.0)
    tuned.write(tmp_path / "tuned")
    sample = Sample(sample_cases(tuned.cases, 120, 0), ("nothing",))
    shifted = begin(tmp_path / "tuned" / "shifted", tuned.cases, sample)
    for name, tuned_on in tuned.inputs.tuned_on.items():
        held_out = tuned_on.held_out_folds
        folds = held_out if len(held_out) == 1 else (0,) if held_out == (0, 1) else ()
        rows = shifted.rows_of_set(folds)
        shifted = shifted.add(name, tuned.inputs.embeddings[name][sample.positions[rows]][None], folds, name)
    return tuned, shifted, Bench(tmp_path / "tuned", EncoderConfig(), 0, shifted.folder)


@pytest.mark.parametrize(("way", "fusion", "family"), WAYS)
def test_tuned_networks_score_what_they_have_not_seen(way, fusion, family, tuned, small_chain):
    material, shifted, bench = tuned
    outcome = evaluate_fold(bench, small_chain(fusion, family, tuning="full", way=way), 0)
    rows = np.flatnonzero(material.folds == 0)
    own = np.searchsorted(rows, shifted.sample.positions[shifted.rows(0)])
    assert (outcome.shifted[0] == outcome.held[own]).all()


@pytest.mark.parametrize(("way", "fusion", "family"), WAYS)
def test_a_shifted_case_is_never_scored_by_a_network_that_saw_it(way, fusion, family, tuned, small_chain):
    """A chain of fold 0 asked for the cases of fold 1, and a network that says it saw fold 0."""
    material, shifted, bench = tuned
    chain, _ = fit_fold(bench, small_chain(fusion, family, tuning="full", way=way), 0)
    with pytest.raises(LeakageError, match=r"the cases of fold 1: expected networks that were tuned without"):
        score_shifted(bench, shifted.folder, chain, 1)
    seen = {name: replace(each, held_out_folds=(4,)) for name, each in material.inputs.tuned_on.items()}
    replace(material, inputs=replace(material.inputs, tuned_on=seen)).write(bench.material)
    with pytest.raises(LeakageError, match=r"fold 0: expected weights that were tuned without it"):
        score_shifted(bench, shifted.folder, chain, 0)
