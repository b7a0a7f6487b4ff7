"""Heat over the photographs of a study: what its trials look at, each case by the chain that held it out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from automl_skin.arrays import Float32Array, FloatArray, IntArray, Pixels
from automl_skin.backbones.catalogue import Backbone
from automl_skin.backbones.network import load_network
from automl_skin.chains.fitted import FittedChain
from automl_skin.errors import ConfigError
from automl_skin.explain.chain_score import ChainScore
from automl_skin.explain.heat import Looking
from automl_skin.explain.shown import enlarge
from automl_skin.features.entering import entering_rows
from automl_skin.features.lesion import roles_of
from automl_skin.images.decode import decode
from automl_skin.images.folder import ImageFolder
from automl_skin.images.loading import Progress
from automl_skin.images.recipe import Recipe, apply
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialRecord
from automl_skin.steps.embed_blank import blank
from automl_skin.steps.embedded import find_networks
from automl_skin.steps.networks import GivenNetwork
from automl_skin.steps.prepare import read_prepared
from automl_skin.steps.stack import fit_chains
from automl_skin.study.kept_chains import read_chain
from automl_skin.study.study import Study


@dataclass(frozen=True)
class ExplainedModel:
    """One trial that is explained.

    Parameters
    ----------
    name : str
        In pictures and tables.
    study : Study
    record : TrialRecord
    without_metadata : bool
        Whether all metadata of the cases count as missing.
    """

    name: str
    study: Study
    record: TrialRecord
    without_metadata: bool = False


@dataclass(frozen=True)
class DecodedCases:
    """One decoded photograph of each of some cases.

    Parameters
    ----------
    cases, paths : tuple of str
        Paths below the image folder.
    places : tuple of int
        Of its kind among the kinds of photograph of the study.
    pixels : tuple of ndarray of shape (any height, any width, 3)
    """

    cases: tuple[str, ...]
    paths: tuple[str, ...]
    places: tuple[int, ...]
    pixels: tuple[Pixels, ...]


@dataclass(frozen=True)
class Heats:
    """The heat of one model over some photographs.

    Parameters
    ----------
    heat : ndarray of shape (n_cases, map height, map width)
    recipe : Recipe
        Of the input that the heat lies over.
    probabilities : ndarray of shape (n_cases,)
        Out of fold, of the class that is explained; NaN where the metadata were left out, which no trial measured.
    """

    heat: Float32Array
    recipe: Recipe
    probabilities: FloatArray


def read_photographs(study: Study, cases: Sequence[str], kinds: Sequence[str] = ()) -> DecodedCases:
    """Return the first photograph of each case, of one of some kinds if any are named."""
    manifest = read_prepared(study).manifest
    images = manifest.images.dropna(subset="path")
    if kinds:
        images = images[images["role"].astype(str).isin(list(kinds))]
    first = images[images["case"].isin(list(cases))].drop_duplicates("case").set_index("case")
    folder, roles = ImageFolder(manifest.images_root), roles_of(manifest.images)
    shown = [case for case in cases if case in first.index]
    paths = [str(first.loc[case, "path"]) for case in shown]
    places = [roles.index(str(first.loc[case, "role"])) for case in shown]
    pixels = [decode(folder.read(path), name=path) for path in paths]
    return DecodedCases(tuple(shown), tuple(paths), tuple(places), tuple(pixels))


def heats_of(
    model: ExplainedModel,
    photographs: DecodedCases,
    classes: IntArray,
    *,
    method: str = "grad-cam",
    progress: Progress | None = None,
) -> Heats:
    """Return where a trial sees what speaks for a class.

    Parameters
    ----------
    photographs : DecodedCases
        Of development cases of the model's study.
    classes : ndarray of shape (n_cases,)
        The class to explain, one per case.
    method : {"grad-cam", "cam"}
    progress : callable, optional
        Called with (done, total) cases.
    """
    study, number = model.study, model.record.plan.number
    material = _shown_to(model)
    positions = material.cases.index.get_indexer(pd.Index(photographs.cases))
    folds = material.folds[positions]
    fit_chains(study, [model.record], [(number, int(fold)) for fold in np.unique(folds)])
    looking = _Networks(study, method)
    parts: dict[int, Float32Array] = {}
    for fold in np.unique(folds).tolist():
        chain = read_chain(study, number, fold)
        rows = np.flatnonzero(folds == fold)
        heat = _heat_of_fold(chain, looking, material, positions[rows], photographs, rows, classes[rows])
        parts.update(zip(rows.tolist(), heat, strict=True))
        if progress is not None:
            progress(len(parts), len(folds))
    probabilities = study.journal.predictions(number).calibrated[positions, classes]
    if model.without_metadata:
        probabilities = np.full(len(folds), np.nan)
    heat = np.stack([parts[row] for row in range(len(folds))])
    return Heats(heat, looking.recipe, probabilities)


def _shown_to(model: ExplainedModel) -> Material:
    material = Material.read(model.study.material)
    if not model.without_metadata:
        return material
    unknown = blank(material.inputs.metadata)
    return replace(material, inputs=replace(material.inputs, metadata=unknown))


class _Networks:
    """The networks of a study, each loaded once.

    Parameters
    ----------
    study : Study
    method : {"grad-cam", "cam"}
    """

    def __init__(self, study: Study, method: str) -> None:
        self.study = study
        self.method = method
        self.backbones: dict[str, Backbone] = {}
        self.loaded: dict[str, Looking] = {}

    def __call__(self, name: str) -> Looking:
        if name not in self.loaded:
            (each,) = find_networks(self.study, [name])
            if isinstance(each, GivenNetwork):
                message = f"heat: expected a network that photographs go through, got given vectors ({name})"
                raise ConfigError(f"{message}; name a trial without them")
            network = load_network(each.backbone)
            self.backbones[name] = each.backbone
            self.loaded[name] = Looking(network, each.recipe, self.study.config.views, self.method)
        return self.loaded[name]

    def entering(self, name: str, metadata: pd.DataFrame) -> Float32Array | None:
        """Return the metadata that enter a loaded network, one row per case; None where none enter it."""
        return entering_rows(self.backbones[name], metadata, metadata.index)

    @property
    def recipe(self) -> Recipe:
        """Of the networks' largest input."""
        return max((each.recipe for each in self.loaded.values()), key=lambda recipe: recipe.height)


def _heat_of_fold(
    chain: FittedChain,
    looking: _Networks,
    material: Material,
    positions: IntArray,
    photographs: DecodedCases,
    rows: IntArray,
    classes: IntArray,
) -> Float32Array:
    """Return the heat of the cases of one fold, shape (n_rows, map height, map width)."""
    fold = int(material.folds[positions[0]])
    score = ChainScore(chain, material.inputs.only(chain.image_names).take(positions), classes)
    places = np.array(photographs.places, np.int64)[rows]
    heats = []
    for name in chain.image_names:
        network = looking(name)
        pixels = np.stack([apply(network.recipe, photographs.pixels[row]) for row in rows])
        metadata = looking.entering(name, score.inputs.metadata)
        embeddings = network.embeddings(pixels, metadata)
        training = _training_rows(material, name, fold, embeddings.shape[1])
        is_side_by_side = material.inputs.embeddings[name].shape[1] > embeddings.shape[1]
        firsts = places * embeddings.shape[1] * is_side_by_side
        directions = score.gradient(name, firsts, embeddings, training.std(axis=0))
        average = None if chain.config.uses_logits else training.mean(axis=0)
        heats.append(network.heat(pixels, directions, average, metadata))
    return together(heats, looking.recipe)


def _training_rows(material: Material, name: str, fold: int, n_dimensions: int) -> Float32Array:
    """Return the embeddings that the chain of a fold was standardised by; kinds of photograph one below the other."""
    rows = (material.folds != fold) & material.inputs.has_image
    each = material.inputs.embeddings[name][rows].reshape(-1, n_dimensions)
    known: Float32Array = each[np.isfinite(each).all(axis=1)]
    return known


def together(heats: Sequence[Float32Array], recipe: Recipe) -> Float32Array:
    """Return the heat of several networks that stand side by side: log-odds per place add up.

    Parameters
    ----------
    heats : sequence of ndarray of shape (n_cases, map height, map width)
        One per network; maps of several sizes.
    recipe : Recipe
        Of whose size the sum is, where there are several.
    """
    if len(heats) == 1:
        return heats[0]
    size = (recipe.height, recipe.width)
    n_pixels = recipe.height * recipe.width
    per_pixel = [
        np.stack([enlarge(each, *size) for each in heat]) * (heat[0].size / n_pixels) for heat in heats
    ]
    total: Float32Array = np.sum(per_pixel, axis=0)
    return total
