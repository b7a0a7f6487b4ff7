"""A bundle that holds a head of every family and a chain of every fusion and way, made in seconds."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.network import load_network, network_digest
from automl_skin.backbones.recipe import default_recipe
from automl_skin.chains.calibration import Calibrator
from automl_skin.chains.fitted import with_calibrator
from automl_skin.evaluation.operating_point import OperatingPoint
from automl_skin.export.bundle import BundleContent, write_bundle
from automl_skin.export.facts import BundleEmbedding, BundleFacts
from automl_skin.features.seen import SeenField
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.heads.neural.fusions.catalogue import NEURAL_FUSIONS
from automl_skin.images.known_photographs import LOOK_LENGTH, KnownPhotographs
from automl_skin.networks import NetworkId
from automl_skin.stacking.blend import Blend
from automl_skin.stacking.fitted import FittedStack
from automl_skin.stacking.stack import Stack

# as wide as the embeddings of tests/material.py
KINDS = {"age": "number", "sex": "category", "site": "category"}
NARROW_NETWORKS = {"net": "[4, 4, 4, 12]", "other": "[4, 4, 4, 8]"}


@pytest.fixture(scope="session")
def hostile():
    """The program `tests/export/hostile.py`: changes bundles and makes their digests anew."""
    path = Path(__file__).with_name("hostile.py")
    spec = importlib.util.spec_from_file_location("shared_hostile", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def every_bundle(material, with_tuned, small_chain, make_fitter, tmp_path_factory):
    """Read it, never write into it."""
    joint = make_fitter(with_tuned(material, joint=True))
    fused = make_fitter(with_tuned(material, joint="metablock"))
    plain = make_fitter(with_tuned(material))
    tuned = {"tuning": "full"}
    of_fold = {
        0: [(plain, small_chain(family=name)) for name in FAMILIES],
        1: [
            *((plain, small_chain(name, "mlp", components=3)) for name in NEURAL_FUSIONS),
            (plain, small_chain("rank", "lightgbm", labels="diagnosis")),
            (plain, small_chain("metadata", "xgboost")),
        ],
        2: [
            (plain, small_chain("late", "lightgbm", way="within", components=4, **tuned)),
            (plain, small_chain("image", "logistic", way="rotation", **tuned)),
            (plain, small_chain("image", "own", way="own", labels="diagnosis", **tuned)),
            (joint, small_chain("concat", "logistic", way="logits", **tuned)),
            (fused, small_chain("concat", "xgboost", way="logits", **tuned)),
        ],
    }
    return _write(of_fold, tmp_path_factory.mktemp("every") / "bundle")


def _write(of_fold, folder):
    networks = {name: _network(widths) for name, widths in NARROW_NETWORKS.items()}
    chains, references, blends = {}, {}, []
    for fold, rule in enumerate(("average", "rank", "logistic")):
        members = tuple(range(10 * fold, 10 * fold + len(of_fold[fold])))
        for member, (fitter, config) in zip(members, of_fold[fold], strict=True):
            chain, held = fitter.fit(config, fold)
            chains[member, fold] = with_calibrator(chain, Calibrator((1.0,), (0.0,)))
            references[member, fold] = np.sort(held, axis=0)
        share = tuple(1.0 / len(members) for _ in members)
        coefficients = ((*share, 0.1),) if rule == "logistic" else ()
        blends.append(Blend(rule, members, share, coefficients))
    stack = Stack("by hand", tuple(blends), (Calibrator((1.2,), (0.1,)),) * 3)
    names = sorted({name for chain in chains.values() for name in chain.image_names})
    embeddings = [_embedding(name, *networks[name.partition("@")[0]]) for name in names]
    backbones = {name: backbone for name, (backbone, _) in networks.items()}
    looks = np.arange(3 * LOOK_LENGTH).reshape(3, -1).astype(np.int8)
    content = BundleContent(
        _facts(embeddings),
        FittedStack(stack, chains, references),
        backbones,
        "# By hand",
        [],
        KnownPhotographs.of(["a" * 64, "b" * 64, "c" * 64], looks),
    )
    write_bundle(content, folder)
    return folder


def _network(channels):
    backbone = resolve_backbone("resnet10t", None, "random", 0)
    backbone = replace(backbone, model_args=f'{{"channels": {channels}, "stem_width": 8}}')
    return backbone, network_digest(backbone, load_network(backbone))


def _embedding(name, backbone, digest):
    recipe = default_recipe(backbone, 32, 32, "none")
    return BundleEmbedding(NetworkId.parse(name), name.partition("@")[0], digest, recipe, 1, "float32")


def _facts(embeddings):
    return BundleFacts(
        study="by hand",
        version="0",
        created="2026-01-01T00:00:00+00:00",
        target="diagnosis",
        classes=("benign", "malignant"),
        positive=("melanoma",),
        levels=("melanoma", "nevus"),
        kinds=KINDS,
        seen={name: SeenField(kind) for name, kind in KINDS.items()},
        roles={"image": "file"},
        image_roles=("image",),
        embeddings=tuple(embeddings),
        priors=(0.6, 0.4),
        operating_points=(OperatingPoint(0.95, 0.4, 0.95, 0.9, 0.99, 0.5),),
        plan="p" * 64,
        stack="s" * 64,
        waiver=None,
        crossing_share=0.0,
        measured=True,
        auc=None,
    )
