import base64
import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from automl_skin.errors import ConfigError
from automl_skin.export.bundle import read_facts, read_stack, verify
from automl_skin.search.material import Material
from automl_skin.steps import export
from automl_skin.study.study import Study


def test_study_without_a_stack_is_refused(tiny, tmp_path):
    study = Study("new", tmp_path / "new", tiny.study.config, tiny.workspace)
    with pytest.raises(ConfigError, match="has no stack yet; finish `automl-skin search --study new`"):
        export.export(study, tmp_path / "bundle")


def test_bundle_has_the_very_chains_that_were_measured(tiny):
    stack, built = read_stack(tiny.bundle, 2), tiny.study.stack.read()
    material = Material.read(tiny.study.material)
    assert stack.stack == built.stack
    for fold in np.unique(material.folds):
        held = np.flatnonzero(material.folds == fold)
        answer = stack.predict_fold(material.inputs.take(held), int(fold))
        assert answer == pytest.approx(built.probabilities[held], abs=1e-12)


def test_chains_that_are_not_there_are_fitted_again(tiny, tmp_path):
    folder = shutil.copytree(tiny.study.folder, tmp_path / "tiny")
    shutil.rmtree(folder / "chains")
    export.export(Study("tiny", folder, tiny.study.config, tiny.workspace), tmp_path / "bundle")
    verify(tmp_path / "bundle")
    assert read_stack(tmp_path / "bundle", 2).stack == read_stack(tiny.bundle, 2).stack


def test_operating_points_are_in_order_of_their_sensitivity(tiny, multiclass_bundle):
    points = read_facts(tiny.bundle).operating_points
    assert [point.wanted for point in points] == [round(0.5 + k / 100, 2) for k in range(50)]
    assert all(point.sensitivity_low <= point.sensitivity <= point.sensitivity_high for point in points)
    assert read_facts(multiclass_bundle).operating_points == ()


def test_input_example_is_nobodys(tiny):
    (row,) = json.loads((tiny.bundle / "input_example.json").read_text())
    assert set(row) == {*read_facts(tiny.bundle).kinds, "image"}
    image = Image.open(io.BytesIO(base64.b64decode(row["image"])))
    assert len(set(image.getdata())) == 1 if not hasattr(image, "get_flattened_data") else True


def test_card_is_in_the_bundle(tiny):
    card = (tiny.bundle / "MODEL_CARD.md").read_text()
    assert "\n# tiny\n" in card
    assert "diagnosis" in card
