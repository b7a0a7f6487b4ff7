from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from automl_skin.explain.clusters import cluster_indices
from automl_skin.papers.analyses import clusters as module
from automl_skin.papers.analyses.clusters import SIDE, clusters, read_layer, sees_metadata
from automl_skin.search.trial import TrialPlan, TrialRecord


@pytest.fixture
def layered(context, small_chain, tmp_path):
    """A context whose cells have records and whose cases have photographs."""
    made = context(2)
    cases = made.material.cases.index
    images = tmp_path / "images"
    images.mkdir()
    rng = np.random.default_rng(0)
    for case in cases:
        cv2.imwrite(str(images / f"{case}.png"), rng.integers(0, 255, (40, 48, 3), np.uint8))
    table = pd.DataFrame({"case": cases, "role": "image", "path": [f"{case}.png" for case in cases]})
    chains = {"good": small_chain("concat", "logistic"), "chance": small_chain("image", "logistic")}
    cells = {
        name: replace(result, record=_record(name, chains[name])) if name in chains else result
        for name, result in made.cells.items()
    }
    manifest = SimpleNamespace(target=made.manifest.target, images=table, images_root=images)
    return replace(made, cells=cells, manifest=manifest)


def _record(name, chain):
    return TrialRecord(TrialPlan(0, "cell", name, {}, chain), "finished", (), (), 0.0, 0.0)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "lay_out", lambda values, seed: values[:, :2].astype(float) + 0.0 * seed)


def test_the_layers_are_pixels_with_metadata_then_embeddings_then_log_odds(layered):
    rows = np.flatnonzero(layered.folds == 1)[:7]
    pixels = read_layer(layered, "chance", "Input", rows)
    assert pixels.shape == (7, SIDE * SIDE * 3)
    assert 0 <= pixels.min() < pixels.max() <= 1
    assert read_layer(layered, "good", "Input", rows)[:, : pixels.shape[1]] == pytest.approx(pixels)
    assert read_layer(layered, "good", "Input", rows).shape[1] > pixels.shape[1]
    names = layered.finished["good"].record.plan.config.image_names(1, 5)
    expected = np.hstack([layered.material.inputs.embeddings[name][rows] for name in names])
    assert read_layer(layered, "good", "FE", rows) == pytest.approx(expected)
    odds = read_layer(layered, "good", "Pred", rows)
    assert 1 / (1 + np.exp(-odds)) == pytest.approx(layered.probabilities("good")[rows])


def test_what_a_model_sees_is_told_by_its_chain_or_its_tuned_head(layered):
    record = layered.finished["chance"].record
    assert not sees_metadata(layered, record)
    assert sees_metadata(layered, layered.finished["good"].record)
    name = record.plan.config.image_names(0, 5)[0]
    heads = {name: SimpleNamespace(n_metadata=4)}
    inputs = replace(layered.material.inputs, heads=heads)
    assert sees_metadata(replace(layered, material=replace(layered.material, inputs=inputs)), record)


@pytest.mark.usefixtures("quick")
def test_figures_are_means_over_folds_with_the_papers_below(layered):
    paper = [23.0591, 22.2817, 24.9537, 1488.9255, 0.0824, 3.2510]
    options = {
        "cells": {"good": "image + meta", "absent": "none"},
        "published": {"image + meta": {"FE": paper}},
    }
    section = clusters(layered, **options)
    folds = [np.flatnonzero(layered.folds == fold) for fold in range(5)]
    each = [cluster_indices(read_layer(layered, "good", "FE", rows), layered.labels[rows]) for rows in folds]
    inter, index = np.mean([one.inter for one in each]), np.mean([one.calinski_harabasz for one in each])
    row = next(line for line in section.markdown.splitlines() if "| FE | layer |" in line)
    assert f" {inter:.4g} | {index:.4g} |" in row
    assert (
        "| image + meta | FE | paper | 23.0591 | 22.2817 | 24.9537 | 1488.93 | 0.0824 | 3.251 |"
        in section.markdown
    )
    assert section.markdown.count("| Input |") == 2
    assert "Not shown: none (no weights)." in section.markdown
    assert "intra (malignant)" in section.markdown
    Image.open(section.pictures[0]).verify()


@pytest.mark.usefixtures("quick")
def test_few_cases_a_fold_are_drawn_by_the_seed(layered):
    options = {"cells": ["good"], "cases": 12}
    assert clusters(layered, **options).markdown == clusters(layered, **options).markdown
    assert "at most 12 cases" in clusters(layered, **options).markdown


def test_without_cells_or_cases_there_is_nothing_to_compare(layered):
    assert clusters(layered, cells=["absent"]).pictures == ()
    assert "there is nothing to compare" in clusters(layered, cells=["good"], cases=3).markdown
