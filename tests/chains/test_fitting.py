"""What a fold's chain is fitted on, and that what chains share changes nothing."""

from dataclasses import replace

import numpy as np
import pytest

from automl_skin.chains import fitting
from automl_skin.chains.fitting import FoldFitter
from automl_skin.chains.targets import TrainingLabels
from automl_skin.errors import ConfigError
from automl_skin.features.encoder import EncoderConfig


def relabelled(material, rows):
    """Return the material's labels, turned round in some rows."""
    labels = material.training_labels
    diagnosis = np.where(rows, (labels.diagnosis + 1) % 4, labels.diagnosis)
    target = np.asarray(labels.class_of_diagnosis)[diagnosis]
    return TrainingLabels(target, diagnosis, labels.class_of_diagnosis, labels.n_classes)


def fitter_of(material, labels=None, inputs=None):
    labels = labels or material.training_labels
    return FoldFitter(inputs or material.inputs, labels, material.folds, material.kinds, EncoderConfig(), 0)


CHAINS = [("late", "logistic"), ("rank", "lightgbm"), ("metanet", "mlp"), ("concat", "random_forest")]


@pytest.mark.parametrize(("fusion", "family"), CHAINS)
@pytest.mark.parametrize("level", ["target", "diagnosis"])
def test_labels_of_the_held_fold_change_nothing(fusion, family, level, material, small_chain):
    config = small_chain(fusion, family, labels=level, weighting="balanced", components=5)
    held = fitter_of(material).fit(config, 2)[1]
    assert (fitter_of(material, relabelled(material, material.folds == 2)).fit(config, 2)[1] == held).all()
    others = relabelled(material, (material.folds == 3) & (np.arange(len(material.folds)) % 2 == 0))
    assert (fitter_of(material, others).fit(config, 2)[1] != held).any()


def test_values_of_the_held_fold_fit_nothing(material, small_chain):
    """Projection and encoder come from the training rows: other held rows do not change a held row."""
    config = small_chain("concat", "logistic", components=5)
    rows = np.flatnonzero(material.folds == 2)
    held = fitter_of(material).fit(config, 2)[1]
    embeddings = {name: values.copy() for name, values in material.inputs.embeddings.items()}
    metadata = material.inputs.metadata.copy()
    for values in embeddings.values():
        values[rows[1:]] = 100.0
    metadata.iloc[rows[1:], 0] = 1.0
    changed = replace(material.inputs, embeddings=embeddings, metadata=metadata)
    assert (fitter_of(material, inputs=changed).fit(config, 2)[1][0] == held[0]).all()


def test_what_was_fitted_before_changes_nothing(material, small_chain, monkeypatch):
    monkeypatch.setattr(fitting, "MAX_COMPONENTS", 10)
    configs = [small_chain("late", components=count) for count in (None, 3, 8)]
    configs += [small_chain("image", backbones=("net",), components=4), small_chain("metadata")]
    fresh = [fitter_of(material).fit(config, 0)[1] for config in configs]
    used = fitter_of(material)
    for config in reversed(configs):
        used.fit(config, 0)
        used.fit(config, 1)
    assert all((used.fit(config, 0)[1] == held).all() for config, held in zip(configs, fresh, strict=True))


def test_a_projection_is_fitted_once_and_cut(material, small_chain, monkeypatch):
    calls = []
    fit_projection = fitting.fit_projection
    monkeypatch.setattr(fitting, "fit_projection", lambda *a, **k: calls.append(1) or fit_projection(*a, **k))
    fitter = fitter_of(material)
    for components in (3, 5, 8, 300):
        chain, _ = fitter.fit(small_chain("image", components=components), 0)
        assert chain.projection.n_columns == min(components, 20)
    assert len(calls) == 1


def test_memory_is_bounded(material, small_chain, monkeypatch):
    monkeypatch.setattr(fitting, "MAX_KEPT_BYTES", 30_000)
    fitter = fitter_of(material)
    for fold in range(5):
        fitter.fit(small_chain("concat"), fold)
    assert 1 <= len(fitter._kept) <= 2


def test_repeats_to_the_last_bit_and_with_the_seed(material, small_chain, make_fitter):
    config = small_chain("concat", "extra_trees")
    first = make_fitter(material).fit(config, 4)[1]
    assert (make_fitter(material).fit(config, 4)[1] == first).all()
    assert (make_fitter(material, seed=1).fit(config, 4)[1] != first).any()


def test_a_chain_sees_its_fields_and_no_others(material, small_chain):
    names = [str(name) for name in material.inputs.metadata]
    chosen, left = names[:1], names[1:]
    config = small_chain("concat", fields=tuple(chosen))
    fitter = fitter_of(material)
    held = fitter.fit(config, 1)[1]
    assert (fitter.fit(small_chain("concat"), 1)[1] != held).any()  # the encoders of both are kept apart
    mixed = material.inputs.metadata.assign(**{name: material.inputs.metadata[name].iloc[0] for name in left})
    without = replace(material.inputs, metadata=mixed)
    assert (fitter_of(material, inputs=without).fit(config, 1)[1] == held).all()


def test_an_unknown_field_is_named(material, small_chain):
    with pytest.raises(ConfigError, match=r"metadata fields of the study .*got weight"):
        fitter_of(material).fit(small_chain("concat", fields=("weight",)), 1)


@pytest.mark.parametrize("fusion", ["metanet", "late"])
def test_heads_are_told_what_stands_for_missing_metadata(fusion, material, small_chain, monkeypatch):
    family, designs = fitting.HEADS["mlp"], []

    def watched(head, design, *rest):
        designs.append(design)
        return family.fit(head, design, *rest)

    monkeypatch.setitem(fitting.HEADS, "mlp", replace(family, fit=watched))
    chain, _ = fitter_of(material).fit(small_chain(fusion, "mlp"), 0)
    if fusion == "late":  # a branch without metadata
        assert designs[0].absent is None
    else:
        assert (designs[0].absent == chain.encoder.absent()).all()
