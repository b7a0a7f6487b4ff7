"""A network that metadata enter, tuned in a study, exported and scored."""

import numpy as np
import pandas as pd
import pytest

from automl_skin.export.predictor import CaseImage, Predictor
from automl_skin.settings import Workspace
from automl_skin.stacking.fitted import FittedStack, single_stack
from automl_skin.steps import export, search
from automl_skin.synthetic.study import generate

pytestmark = pytest.mark.slow

SETTINGS = {
    "backbone": ["coatnet_pico_rw_224"],
    "size": "64x64",
    "tuning": ["joint fusion=metaformer epochs=1 batch_size=8"],
    "way": ["own"],
    "folds": 2,
    "fusion": ["image"],
    "trials": 5,
    "shift_cases": 0,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("made") / "data", n_lesions=40, seed=3)


@pytest.fixture(scope="module")
def study(end_to_end, tuning_here, made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    workspace = Workspace.at(folder / "workspace", folder / "cache")
    settings = {**end_to_end.BINARY, "data": str(made.table), "images": str(made.images), **SETTINGS}
    with pytest.MonkeyPatch.context() as patch, tuning_here():
        patch.setattr(search, "write_report", lambda *_: None)
        return end_to_end.search(workspace, "metaformer", **settings).study


@pytest.fixture(scope="module")
def bundle(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle") / "metaformer"
    export.export(study, folder)
    return folder


@pytest.fixture(scope="module")
def predictor(bundle, study):
    """Of the chains of the tuned networks alone."""
    whole = Predictor.load(bundle)
    (number,) = (record.plan.number for record in study.journal.read() if record.plan.config.way == "own")
    stack = FittedStack(single_stack(number, 2, 2), whole.stack.chains, {})
    return Predictor(whole.facts, stack, whole.networks, whole.backbones)


@pytest.fixture(scope="module")
def cases(made):
    rows = pd.read_csv(made.table, dtype="str", keep_default_na=False).set_index("image_id")
    photographs = [
        CaseImage(name, "image", name, (made.images / f"{name}.jpg").read_bytes()) for name in rows.index
    ]
    return rows, photographs


def test_a_file_is_scored_as_was_measured(study, bundle, made, end_to_end, tmp_path):
    scores = end_to_end.score_file(bundle, made.images, tmp_path / "scores.csv", made.table)
    locked = pd.read_parquet(study.locked_predictions)
    measured = scores.set_index("image_id").loc[locked.index, "probability"]
    assert measured.to_numpy() == pytest.approx(locked["stack: 1"].to_numpy(), abs=1e-3)
    alone = end_to_end.score_file(bundle, made.images, tmp_path / "alone.csv")
    assert alone["probability"].between(0, 1).all()
    assert set(alone["flags"]) == {"no_metadata"}


def test_the_network_sees_photographs_and_metadata(predictor, cases):
    rows, photographs = (each[:6] for each in cases)
    both = predictor.predict(rows, photographs).probabilities
    without = predictor.predict(rows[[]], photographs).probabilities
    others = predictor.predict(rows.iloc[::-1].set_axis(rows.index), photographs).probabilities
    for found in (both, without, others):
        assert np.isfinite(found).all()
    assert np.abs(both - without).max() > 1e-5
    assert np.abs(both - others).max() > 1e-5
    assert len(np.unique(without[:, 1])) == len(rows)
    alone = predictor.predict(rows.iloc[[2]], photographs[2:3]).probabilities
    assert alone[0] == pytest.approx(both[2], abs=1e-3)
