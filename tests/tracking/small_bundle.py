"""A bundle of a tiny untrained network and two heads, made in a second; and photographs for it."""

import base64
import io
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.backbones.network import load_network, network_digest
from automl_skin.backbones.recipe import default_recipe
from automl_skin.chains.calibration import Calibrator
from automl_skin.chains.config import BranchConfig, ChainConfig
from automl_skin.chains.fitted import with_calibrator
from automl_skin.chains.fitting import FoldFitter
from automl_skin.chains.inputs import CaseInputs
from automl_skin.chains.targets import TrainingLabels
from automl_skin.export.bundle import BundleContent, write_bundle
from automl_skin.export.facts import BundleEmbedding, BundleFacts, OperatingPoint
from automl_skin.features.encoder import EncoderConfig
from automl_skin.features.seen import see_fields
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.images.known_photographs import LOOK_LENGTH, KnownPhotographs
from automl_skin.networks import NetworkId
from automl_skin.stacking.fitted import FittedStack, single_stack

KINDS = {"age": "number", "sex": "category"}
N = 60


def photograph(seed: int, suffix: str = "PNG") -> bytes:
    """Return an image file of a made-up spot."""
    rng = np.random.default_rng(seed)
    pixels = np.full((64, 80, 3), (200, 160, 140), dtype=np.uint8)
    pixels[16:48, 20:60] = rng.integers(20, 160, size=3)
    pixels = np.clip(pixels + rng.integers(-9, 9, size=pixels.shape), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format=suffix)
    return buffer.getvalue()


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def make_bundle(folder: Path, roles: tuple[str, ...] = ("image",)) -> Path:
    """Write a bundle to `folder`."""
    backbone = resolve_backbone("test_resnet", None, "random", 0)
    network = load_network(backbone)
    recipe = default_recipe(backbone, 64, 64, "none")
    network_id = NetworkId(backbone.name, "plain")
    name = str(network_id)
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=N)
    width = network.num_features * len(roles) + (len(roles) if len(roles) > 1 else 0)
    matrix = rng.normal(size=(N, width)).astype(np.float32)
    index = pd.Index([str(i) for i in range(N)])
    metadata = pd.DataFrame(
        {"age": rng.uniform(20, 90, N), "sex": pd.Series(rng.choice(["male", "female"], N), dtype="str")}
    ).set_axis(index)
    inputs = CaseInputs({name: matrix}, np.ones(N, dtype=np.bool_), metadata)
    diagnoses = ["nv" if label == 0 else "mel" for label in labels]
    training = TrainingLabels.from_values(labels, diagnoses, {"nv": 0, "mel": 1}, 2)
    folds = np.arange(N) % 2
    fitter = FoldFitter(inputs, training, folds, KINDS, EncoderConfig(), 0)
    head = BranchConfig("logistic", FAMILIES["logistic"].config())
    config = ChainConfig("concat", (head,), (network_id,))
    identity = Calibrator((1.0,), (0.0,))
    chains = {(0, fold): with_calibrator(fitter.fit(config, fold)[0], identity) for fold in (0, 1)}
    references = {pair: np.sort(rng.dirichlet([1, 1], 20), axis=0) for pair in chains}
    embedding = BundleEmbedding(network_id, "net", network_digest(backbone, network), recipe, 1, "float32")
    facts = BundleFacts(
        study="moles",
        version="0.1.0",
        created="2026-01-01T00:00:00+00:00",
        target="dx",
        classes=("benign", "malignant"),
        positive=("mel",),
        levels=("mel", "nv"),
        kinds=KINDS,
        seen=see_fields(metadata, KINDS, {}),
        roles={"case": "id", "image": "file"},
        image_roles=roles,
        embeddings=(embedding,),
        priors=(0.5, 0.5),
        operating_points=(OperatingPoint(0.95, 0.4, 0.95, 0.9, 0.99, 0.5),),
        plan="p" * 64,
        stack="s" * 64,
        waiver=None,
        crossing_share=0.0,
        measured=True,
        auc=None,
    )
    example = [{"age": 55.0, "sex": "male", "image": base64_of(photograph(0))}]
    stack = FittedStack(single_stack(0, 2, 2), chains, references)
    known = KnownPhotographs.of([], np.empty((0, LOOK_LENGTH), np.int8))
    write_bundle(BundleContent(facts, stack, {"net": backbone}, "# Moles\n", example, known), folder)
    return folder
