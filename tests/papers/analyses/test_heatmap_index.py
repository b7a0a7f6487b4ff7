from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from automl_skin.explain.heat_index import compare_indices, heat_index
from automl_skin.images.recipe import Recipe
from automl_skin.papers.analyses import heatmap_index as module
from automl_skin.papers.analyses.heatmap_index import heatmap_index
from automl_skin.search.trial import TrialPlan, TrialRecord
from automl_skin.steps.explain_heat import DecodedCases, Heats

SIDE = 32


@pytest.fixture
def seen(context, small_chain, tmp_path, monkeypatch):
    """A context whose cells have heat: the good one's lies on the lesion, the other's is even."""
    made = context(2)
    cases = list(made.material.cases.index[:9])
    masks = tmp_path / "masks"
    masks.mkdir()
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[8:24, 8:24] = 255
    for case in cases[:8]:
        cv2.imwrite(str(masks / f"{case}_segmentation.png"), mask)
    cv2.imwrite(str(masks / f"{cases[7]}_segmentation.png"), 0 * mask)  # nothing is lesion
    images = pd.DataFrame({"case": cases, "role": "image", "path": [f"{case}.png" for case in cases]})
    manifest = SimpleNamespace(target=made.manifest.target, images=images, images_root=tmp_path / "images")
    chain = small_chain("image", "logistic")
    records = {
        name: TrialRecord(TrialPlan(number, "cell", name, {}, chain), "finished", (), (), 0.0, 0.0)
        for number, name in enumerate(("good", "chance"))
    }
    cells = {
        name: replace(result, record=records.get(name)) if name in records else result
        for name, result in made.cells.items()
    }
    monkeypatch.setattr(module, "read_photographs", _photographs)
    monkeypatch.setattr(module, "heats_of", _heats)
    return replace(made, cells=cells, manifest=manifest)


def _photographs(study, cases):
    del study
    pixels = tuple(np.full((SIDE, SIDE, 3), 120, np.uint8) for _ in cases)
    return DecodedCases(tuple(cases), tuple(f"{case}.png" for case in cases), (0,) * len(cases), pixels)


def _heats(model, photographs, classes):
    assert (classes == 1).all()
    rng = np.random.default_rng(model.record.plan.number)
    heat = rng.uniform(0.5, 1.0, (len(photographs.cases), 4, 4)).astype(np.float32)
    if model.record.plan.name == "good":
        heat[:, 1:3, 1:3] += 5
    return Heats(heat, Recipe(SIDE, SIDE), np.full(len(heat), 0.5))


def test_figures_and_test_are_those_of_the_index_on_cases_with_a_mask(seen):
    options = {"cells": {"chance": "image", "good": "image+meta", "absent": "third"}}
    section = heatmap_index(seen, **options)
    photographs = _photographs(None, list(seen.material.cases.index[:7]))
    masks = np.zeros((7, SIDE, SIDE), bool)
    masks[:, 8:24, 8:24] = True
    index = {
        name: heat_index(_heats_of(seen, name, photographs).heat[:7], masks) for name in ("chance", "good")
    }
    test = compare_indices(index["chance"], index["good"])
    assert f"| image+meta | 7 | {index['good'].mean():.3f} |" in section.markdown
    assert "| heat that is everywhere the same | 7 | 0.250 |" in section.markdown
    assert f"image+meta less image: {test.difference:+.3f}" in section.markdown
    assert "Not shown: third" in section.markdown
    assert [path.name for path in section.pictures] == ["heatmap-index.png", "heatmap-index-examples.png"]
    for path in section.pictures:
        Image.open(path).verify()


def _heats_of(context, name, photographs):
    eight = _photographs(None, [*photographs.cases, "one more"])  # the draw has the case of the empty mask
    model = SimpleNamespace(record=context.cells[name].record)
    return _heats(model, eight, np.ones(8))


@pytest.mark.parametrize("options", [{"cells": ["absent"]}, {"masks": "nowhere"}, {"cases": 2}])
def test_without_models_or_masks_there_is_nothing_to_compare(seen, options):
    section = heatmap_index(seen, **options)
    assert section.markdown.startswith("Nothing to compare: ")
    assert section.pictures == ()
