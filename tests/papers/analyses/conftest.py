"""A made-up variant with three cells: one that is good, one that is chance, one without weights."""

from types import SimpleNamespace

import numpy as np
import pytest

from automl_skin.features.encoder import EncoderConfig
from automl_skin.papers.context import CellResult, LockedCells, ReproduceContext
from automl_skin.papers.study_file import Cell, Variant
from automl_skin.search.trial import Predictions


def softmax_of(labels, n_classes, skill, rng):
    values = np.exp(rng.normal(size=(*labels.shape, n_classes)) + skill * np.eye(n_classes)[labels])
    return values / values.sum(axis=-1, keepdims=True)


def finished(name, labels, n_classes, skill, rng):
    values = softmax_of(labels, n_classes, skill, rng)
    return CellResult(Cell(name, {}), "finished", predictions=Predictions(values, values))


@pytest.fixture
def context(fabricate, tmp_path):
    """Return a function that makes the context of a variant of some classes, with or without locked cases."""

    def make(n_classes=4, *, locked=True):
        made = fabricate(n_groups=120, n_classes=n_classes)
        rng, labels = np.random.default_rng(0), made.development.labels
        cells = {
            name: finished(name, labels, n_classes, skill, rng)
            for name, skill in (("good", 2.0), ("chance", 0.0))
        }
        cells["absent"] = CellResult(Cell("absent", {}), "not run", "no weights")
        repeated = np.tile(made.locked_labels, (5, 1))
        scored = {
            name: softmax_of(repeated, n_classes, skill, rng)
            for name, skill in (("good", 2.0), ("chance", 0.0))
        }
        part = LockedCells(made.locked, made.locked_labels, scored, scored, "2026-11-21T12:00:00Z", 1)
        names = ("benign", "malignant") if n_classes == 2 else tuple("abcd")
        return ReproduceContext(
            Variant("made up", "Made up"),
            SimpleNamespace(config=SimpleNamespace(encoder=EncoderConfig(), seed=0)),
            made.development,
            SimpleNamespace(target=SimpleNamespace(classes=names)),
            cells,
            tmp_path,
            part if locked else None,
        )

    return make
