"""Fabricated material: cases in groups, two embedding sets, metadata with gaps; no image, no network."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from automl_skin.backbones.tuning.fusions import PooledFusion
from automl_skin.backbones.tuning.tuned_fusion import TunedFusion
from automl_skin.backbones.tuning.tuned_head import TunedHead
from automl_skin.chains.inputs import CaseInputs
from automl_skin.data.groups import Groups
from automl_skin.data.plan import make_plan
from automl_skin.embeddings.key import TunedOn
from automl_skin.features.encoder import EncoderConfig, fit_encoder
from automl_skin.heads.neural.engine import Engine
from automl_skin.heads.neural.state import array_facts
from automl_skin.networks import NetworkId
from automl_skin.search.material import Material

DIAGNOSES = ("nevus", "keratosis", "carcinoma", "melanoma")
CLASS_OF = {2: (0, 0, 1, 1), 4: (0, 1, 2, 3)}
WIDTHS = {"net@plain": 12, "other@plain": 8}


@dataclass(frozen=True)
class Fabricated:
    """Development material as trials get it, and the locked cases with their labels apart."""

    development: Material
    locked: Material
    locked_labels: np.ndarray


def fabricate(
    n_groups=170, n_classes=2, seed=0, *, signal=0.6, likeness=0.5, permute=False, cut_groups=False
):
    """Draw a study.

    `signal` is how far diagnoses lie apart, `likeness` the share of a group's embedding that its cases have in
    common; `permute` deals the diagnoses to the groups anew before the plan is made (promise 2); `cut_groups` makes the
    mistake of dealing cases instead of groups.
    """
    rng = np.random.default_rng(seed)
    diagnosis = rng.choice(4, size=n_groups, p=[0.4, 0.2, 0.2, 0.2])
    centres = rng.normal(size=(4, sum(WIDTHS.values())))
    of_group = signal * centres[diagnosis] + rng.normal(size=(n_groups, centres.shape[1]))
    group = np.repeat(np.arange(n_groups), rng.integers(1, 4, size=n_groups))
    own = rng.normal(size=(len(group), centres.shape[1]))
    columns = np.sqrt(likeness) * of_group[group] + np.sqrt(1 - likeness) * own
    metadata = _metadata(diagnosis[group], signal, rng)
    if permute:
        diagnosis = rng.permutation(diagnosis)
    cases = pd.Index([f"case_{number:04d}" for number in range(len(group))], name="case")
    words = pd.Series([DIAGNOSES[each] for each in diagnosis[group]], index=cases)
    ids = pd.Series([f"group_{each:03d}" for each in group], index=cases)
    return _deal(
        cases,
        ids,
        words,
        columns.astype(np.float32),
        metadata.set_index(cases),
        n_classes,
        seed,
        cut_groups,
    )


def _deal(cases, ids, words, columns, metadata, n_classes, seed, cut_groups):
    class_of = dict(zip(DIAGNOSES, CLASS_OF[n_classes], strict=True))
    target = words.map(class_of)
    strata = pd.DataFrame({"class": target.astype(str), "diagnosis": words})
    links = pd.DataFrame({"kind": [], "link": [], "case": []})
    plan = make_plan(Groups(cases.to_series() if cut_groups else ids, links), strata, folds=5, seed=seed)
    table = pd.DataFrame({"fold": plan.table["fold"], "group": ids, "lesion": ids, "has_image": True})
    table["target"], table["diagnosis"] = target, words
    sets = np.split(columns, [WIDTHS["net@plain"]], axis=1)
    inputs = CaseInputs(dict(zip(WIDTHS, sets, strict=True)), np.ones(len(cases), np.bool_), metadata)
    kinds = {"age": "number", "sex": "category", "site": "category"}
    everything = Material(table, inputs, kinds, class_of, n_classes, plan.digest)
    locked = part(everything, cases.isin(plan.locked))
    hidden = replace(locked, cases=locked.cases.drop(columns=["target", "diagnosis"]))
    return Fabricated(part(everything, cases.isin(plan.development)), hidden, locked.labels)


def part(material, keep):
    """Return the material of some of the cases."""
    positions = np.flatnonzero(keep)
    return replace(material, cases=material.cases.iloc[positions], inputs=material.inputs.take(positions))


def _metadata(diagnosis, signal, rng):
    n_cases = len(diagnosis)
    age = 45 + 12 * signal * diagnosis + rng.normal(0, 12, n_cases)
    site = np.where(rng.random(n_cases) < 0.3 * signal, diagnosis, rng.integers(6, size=n_cases))
    table = pd.DataFrame(
        {
            "age": np.clip(age, 1, 95).round(),
            "sex": pd.Series(rng.choice(["female", "male"], n_cases), dtype="str"),
            "site": pd.Series([f"site {each}" for each in site], dtype="str"),
        }
    )
    return table.mask(rng.random(table.shape) < 0.1)


def with_tuned(material, tuning="full", *, memory=1.0, joint=False, seed=0):
    """Return the material with the embeddings of made-up tuned networks, one without each fold and rotation ones.

    All networks see the same latent columns, each turned into a basis of its own (promise 3), and remember the
    diagnoses of the cases that tuned them: `memory` says how well. Networks of `rotation` were not applied
    to the cases that tuned them. With `joint` their heads see encoded metadata as well,
    by a hidden layer or, where it is a name, by that fusion.
    """
    return material.adding(tuned_inputs(material, tuning, memory=memory, joint=joint, seed=seed))


def tuned_inputs(material, tuning="full", *, memory=1.0, joint=False, seed=0, n_folds=5):
    """Return the cases with the embeddings of the tuned networks alone; see `with_tuned`."""
    embeddings, heads, tuned_on = {}, {}, {}
    for held_out in [(k,) for k in range(n_folds)] + [(k, (k + 1) % n_folds) for k in range(n_folds)]:
        name = str(NetworkId("net", "plain", tuning, held_out))
        rng = np.random.default_rng([seed, len(held_out), *sorted(held_out)])
        latent = material.inputs.embeddings["net@plain"].astype(np.float64)
        basis = np.linalg.qr(rng.normal(size=(latent.shape[1],) * 2))[0]
        tunes = ~np.isin(material.folds, [-1, *held_out])
        columns = latent.copy()
        if tunes.any():
            labels = material.training_labels
            codes = labels.diagnosis if len(material.class_of) > material.n_classes else labels.target
            columns[tunes] += memory * rng.normal(size=(4, latent.shape[1]))[codes[tunes]]
        embeddings[name] = (columns @ basis).astype(np.float32)
        if tunes.any():
            metadata = None
            if joint:
                encoder = fit_encoder(EncoderConfig(), material.inputs.metadata.loc[tunes], material.kinds)
                metadata = encoder.transform(material.inputs.metadata)
            heads[name] = _own_head(embeddings[name], codes, tunes, metadata, rng, joint)
        if len(held_out) == 2:
            embeddings[name][tunes] = np.nan
        tuned_on[name] = TunedOn(material.plan_digest, tuple(sorted(held_out)))
    return replace(material.inputs, embeddings=embeddings, heads=heads, tuned_on=tuned_on)


def _own_head(embeddings, codes, tunes, metadata, rng, joint):
    """Return the linear head by least squares on the cases that tune."""
    seen, arrays = embeddings, {}
    if isinstance(joint, str):
        arrays = {"fusion": _drawn_fusion(joint, embeddings.shape[1], metadata.shape[1], rng)}
        seen = arrays["fusion"].fuse(embeddings, metadata)
    elif metadata is not None:
        arrays = {
            "metadata_weight": rng.normal(size=(3, metadata.shape[1])).astype(np.float32),
            "metadata_bias": np.zeros(3, np.float32),
        }
        seen = np.hstack([embeddings, np.maximum(metadata @ arrays["metadata_weight"].T, 0)])
    seen = np.hstack([seen, np.ones((len(codes), 1))])[tunes]
    weight = np.linalg.lstsq(seen, 4.0 * np.eye(4)[codes[tunes]], rcond=None)[0].T.astype(np.float32)
    return TunedHead(weight[:, :-1], weight[:, -1], **arrays)


def _drawn_fusion(name, n_image, n_metadata, rng):
    fusion = PooledFusion(name, {}, n_image, n_metadata)
    facts = array_facts(lambda: Engine(fusion.layers))
    drawn = {each: rng.normal(size=shape).astype(np.float32) for each, (_, shape) in facts.items()}
    return TunedFusion(
        fusion, {each: np.abs(array) if "var" in each else array for each, array in drawn.items()}
    )
