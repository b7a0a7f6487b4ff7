"""Every family keeps the same promises."""

import zipfile
from dataclasses import fields

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from automl_skin.errors import ConfigError, InputError
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.heads.design import Design
from automl_skin.heads.space import Categorical, Integer
from automl_skin.heads.training import training_targets

FEW = {"numeric_width": 4, "numeric_bins": 4}
# Fast, and with everything switched on that is random.
SMALL = {
    "lightgbm": {"n_estimators": 40},
    "xgboost": {"n_estimators": 40},
    "random_forest": {"n_estimators": 60, "max_features": 0.1},
    "extra_trees": {"n_estimators": 60},
    "logistic": {},
    "mlp": {"epochs": 8, "members": 2, "mixup": 0.2, "input_noise": 0.2, "balanced_sampling": True},
    "catboost": {"n_estimators": 60},
    "tabm": {"epochs": 6, "members": 2, "k": 8, "input_noise": 0.2, "balanced_sampling": True},
    "piecewise": {"epochs": 6, "numeric_embedding": "piecewise", **FEW},
    "periodic": {"epochs": 6, "numeric_embedding": "periodic", **FEW},
    "piecewise tabm": {"epochs": 6, "k": 8, "numeric_embedding": "piecewise", **FEW},
    "metanet": {"epochs": 6, "fusion": "metanet"},
}
CASES = [(name, 2) for name in SMALL] + [(name, 7) for name in SMALL]
N_IMAGE = 12


@pytest.fixture(params=list(SMALL))
def name(request):
    return request.param


def family_of(name):
    return FAMILIES[name if name in FAMILIES else "tabm" if "tabm" in name else "mlp"]


def make_cases(n_cases=240, n_classes=2, n_columns=16, seed=0):
    """Return a design and labels that its first columns and its metadata tell, some."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(n_cases, n_columns)).astype(np.float32)
    scores = 2.0 * matrix[:, :1] * np.arange(n_classes) + matrix[:, -1:] * (np.arange(n_classes) % 2)
    labels = (scores + rng.gumbel(size=(n_cases, n_classes))).argmax(axis=1)
    return Design(matrix, min(N_IMAGE, n_columns)), labels


def fit(name, design, labels, n_classes=2, weights=None, seed=0, **values):
    family = family_of(name)
    config = family.configure({**SMALL[name], **values})
    return family.fit(config, design, training_targets(design, labels, n_classes, weights), seed, 1)


def rows(design, positions):
    return Design(design.matrix[positions], design.image_columns)


def check_probabilities(probabilities, shape):
    assert probabilities.shape == shape
    assert probabilities.dtype == np.float64
    assert np.isfinite(probabilities).all()
    assert probabilities.min() >= 0.0
    assert np.abs(probabilities.sum(axis=1) - 1.0).max() < 1e-12


def draw(space, rng):
    if isinstance(space, Categorical):
        return space.values[rng.integers(len(space.values))]
    value = rng.uniform(space.low, space.high)
    return int(value) if isinstance(space, Integer) else value


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_default_lies_inside_the_space(family):
    default = vars(family.config())
    assert set(family.space) <= {field.name for field in fields(family.config)}
    assert [name for name, range_ in family.space.items() if not range_.contains(default[name])] == []


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_unknown_settings_and_values_outside_are_named(family):
    with pytest.raises(ConfigError, match=f"{family.name} has no setting 'depht'; it has "):
        family.configure({"depht": 3})
    first = next(name for name, range_ in family.space.items() if not isinstance(range_, Categorical))
    with pytest.raises(ConfigError, match=f"{family.name}'s {first}: expected .*, got 1000000"):
        family.configure({first: 1_000_000})


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_corners_of_the_space_work(family):
    design, labels = make_cases(n_cases=80)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        config = family.configure({name: draw(range_, rng) for name, range_ in family.space.items()})
        head = family.fit(config, design, training_targets(design, labels, 2, None), 0, 1)
        check_probabilities(head.predict(design), (80, 2))


@pytest.mark.parametrize(("name", "n_classes"), CASES)
def test_learns_what_is_there(name, n_classes):
    design, labels = make_cases(n_cases=500, n_classes=n_classes)
    probabilities = fit(name, rows(design, slice(300)), labels[:300], n_classes).predict(
        rows(design, slice(300, 500))
    )
    check_probabilities(probabilities, (200, n_classes))
    last = n_classes - 1
    assert roc_auc_score(labels[300:] == last, probabilities[:, last]) > 0.75


@pytest.mark.parametrize("present", [(1, 3), (0, 2, 3)])
def test_classes_absent_from_training_get_probability_zero(name, present):
    design, labels = make_cases(n_classes=len(present))
    probabilities = fit(name, design, np.asarray(present)[labels], 5).predict(design)
    check_probabilities(probabilities, (240, 5))
    absent = [label for label in range(5) if label not in present]
    assert (probabilities[:, absent] == 0.0).all()
    assert (probabilities[:, list(present)].mean(axis=0) > 0.02).all()


def test_one_class_alone_is_refused(name):
    design, labels = make_cases()
    with pytest.raises(InputError, match="at least two classes"):
        fit(name, design, np.zeros_like(labels))


def test_seed_repeats_to_the_last_bit(name):
    design, labels = make_cases()
    torch.manual_seed(0)
    first = fit(name, design, labels, seed=5).predict(design)
    torch.manual_seed(1)
    np.random.default_rng().normal()
    assert (fit(name, design, labels, seed=5).predict(design) == first).all()
    if name != "logistic":
        assert (fit(name, design, labels, seed=6).predict(design) != first).any()


def test_global_generators_are_left_alone(name):
    design, labels = make_cases(n_cases=60)
    torch.manual_seed(0)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002 - the one to leave alone
    threads = torch.get_num_threads()
    fit(name, design, labels).predict(design)
    assert (torch.get_rng_state() == before[0]).all()
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002 - as above
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(("name", "n_classes"), CASES)
def test_loaded_head_answers_to_the_last_bit_and_holds_no_pickle(name, n_classes, tmp_path):
    design, labels = make_cases(n_classes=n_classes)
    head = fit(name, design, labels, n_classes)
    head.save(tmp_path / "head")
    back = family_of(name).load(tmp_path / "head")
    assert (back.predict(design) == head.predict(design)).all()
    back.save(tmp_path / "again")
    for path in (tmp_path / "head").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
        assert path.suffix in {".json", ".safetensors"}
        assert path.read_bytes()[:1] != b"\x80"
        assert not zipfile.is_zipfile(path)


@pytest.mark.parametrize(("name", "n_classes"), CASES)
def test_a_case_alone_is_scored_as_in_a_batch(name, n_classes):
    design, labels = make_cases(n_classes=n_classes)
    head = fit(name, design, labels, n_classes)
    together = head.predict(design)
    order = np.random.default_rng(3).permutation(240)
    assert np.abs(head.predict(rows(design, order)) - together[order]).max() < 1e-9
    for positions in ([0], [17], [239], range(5, 12), range(3, 70)):
        alone = head.predict(rows(design, list(positions)))
        assert np.abs(alone - together[list(positions)]).max() < 1e-9


def test_threads_of_the_process_change_nothing(name):
    """The parent and its workers have different ones, and give the same trial table."""
    design, labels = make_cases(n_cases=1500, n_columns=400)
    before, answers = torch.get_num_threads(), []
    for threads in (1, 4):
        torch.set_num_threads(threads)
        with threadpool_limits(1):  # as every fold is evaluated
            answers.append(fit(name, design, labels).predict(design))
    torch.set_num_threads(before)
    assert (answers[0] == answers[1]).all()


def test_no_case_gives_no_row(name):
    design, labels = make_cases()
    assert fit(name, design, labels).predict(rows(design, slice(0))).shape == (0, 2)


def test_weights_matter(name):
    design, labels = make_cases()
    plain = fit(name, design, labels).predict(design)
    weighted = fit(name, design, labels, weights=np.where(labels == 1, 5.0, 1.0)).predict(design)
    assert weighted[:, 1].mean() > plain[:, 1].mean() + 0.02


def test_only_the_proportions_of_weights_matter(name):
    design, labels = make_cases()
    plain = fit(name, design, labels).predict(design)
    assert (fit(name, design, labels, weights=np.full(240, 8.0)).predict(design) == plain).all()


def test_constant_columns(name):
    design, labels = make_cases()
    matrix = design.matrix.copy()
    matrix[:, [2, -2]] = 3.0
    constant = Design(matrix, N_IMAGE)
    check_probabilities(fit(name, constant, labels).predict(constant), (240, 2))


def test_nothing_but_constant_columns(name):
    _, labels = make_cases()
    constant = Design(np.ones((240, 16), np.float32), N_IMAGE)
    probabilities = fit(name, constant, labels).predict(constant)
    check_probabilities(probabilities, (240, 2))
    assert np.ptp(probabilities, axis=0).max() < 1e-9


def test_one_column(name):
    if name == "metanet":
        pytest.skip("a gate needs a column of each kind")
    design, labels = make_cases(n_columns=1)
    check_probabilities(fit(name, design, labels).predict(design), (240, 2))


def test_fewer_cases_than_columns(name):
    design, labels = make_cases(n_cases=25, n_columns=300)
    check_probabilities(fit(name, design, labels).predict(design), (25, 2))


def test_other_columns_are_refused(name):
    design, labels = make_cases()
    head = fit(name, design, labels)
    with pytest.raises(InputError, match=r"fitted on 16 columns \(12 of the image\) and is given 15"):
        head.predict(Design(design.matrix[:, :15].copy(), N_IMAGE))
