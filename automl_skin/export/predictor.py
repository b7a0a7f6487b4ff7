"""A loaded bundle: photographs and metadata in, probabilities out.

One case scores as it does in a batch: pixels go through the networks in the bundle's precision, and everything
behind the embedding is exact row by row.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from torch import nn

from automl_skin.arrays import BoolArray, Float32Array, FloatArray, Pixels
from automl_skin.backbones.catalogue import backbone_from_folder
from automl_skin.backbones.device import resolve_device
from automl_skin.backbones.network import embed, load_network, network_digest
from automl_skin.chains.inputs import CaseInputs
from automl_skin.errors import ImageError, IntegrityError
from automl_skin.export.bundle import read_facts, read_stack, verify
from automl_skin.export.facts import BundleEmbedding, BundleFacts
from automl_skin.features.lesion import pool_images
from automl_skin.images.loading import available_processors, in_order, prepare
from automl_skin.images.recipe import Recipe
from automl_skin.stacking.fitted import FittedStack

BATCH = 16
"""Images a forward pass."""

IMAGE_UNREADABLE = "image_unreadable"
NO_METADATA = "no_metadata"


@dataclass(frozen=True)
class Photograph:
    """One image of a case.

    Parameters
    ----------
    case : str
    role : str
    name : str
        By which messages call it.
    content : bytes or None
        The file's bytes; None where it could not be read.
    problem : str
        Why there is no content.
    """

    case: str
    role: str
    name: str
    content: bytes | None
    problem: str = ""


@dataclass(frozen=True)
class Prediction:
    """What a bundle says of some cases.

    Parameters
    ----------
    probabilities : ndarray of shape (n_cases, n_classes)
        NaN for a case without a readable image.
    flags : list of list of str
        What to know about each case's answer: an unreadable image, missing metadata.
    problems : dict of str to str
        Name of each unreadable image, and why.
    """

    probabilities: FloatArray
    flags: list[list[str]]
    problems: dict[str, str]


class Predictor:
    """Scores cases with a bundle.

    Parameters
    ----------
    facts : BundleFacts
    stack : FittedStack
    networks : mapping of str to Module
        By the backbone's folder name.
    device : str
    """

    def __init__(
        self, facts: BundleFacts, stack: FittedStack, networks: Mapping[str, nn.Module], device: str = "auto"
    ) -> None:
        self.facts = facts
        self.stack = stack
        self.device = resolve_device(device)
        self.networks = {name: network.to(self.device) for name, network in networks.items()}

    @classmethod
    def load(cls, folder: Path, device: str = "auto") -> "Predictor":
        """Load a bundle after checking all its files; runs no code from it.

        Raises
        ------
        IntegrityError
            If the bundle is not what was exported.
        """
        verify(folder)
        facts = read_facts(folder)
        networks = {}
        for embedding in facts.embeddings:
            if embedding.backbone in networks:
                continue
            backbone = backbone_from_folder(folder / "backbones" / embedding.backbone)
            network = load_network(backbone)
            if network_digest(backbone, network) != embedding.network:
                message = (
                    f"the weights of {embedding.backbone} are not those that were measured; export again"
                )
                raise IntegrityError(message)
            networks[embedding.backbone] = network
        return cls(facts, read_stack(folder), networks, device)

    def predict(self, metadata: pd.DataFrame, photographs: Sequence[Photograph]) -> Prediction:
        """Score cases.

        Parameters
        ----------
        metadata : DataFrame of shape (n_cases, n_fields)
            Index: the cases. A field that is not a column is missing for all.
        photographs : sequence of Photograph
            Of these cases, in any order.
        """
        cases = pd.Index(metadata.index)
        metadata = self._fields(metadata)
        embeddings, problems = self._embed(photographs)
        readable = [each for each in photographs if each.name not in problems]
        images = pd.DataFrame(
            {"case": [each.case for each in readable], "role": [each.role for each in readable]}, dtype="str"
        )
        has_image: BoolArray = cases.isin(images["case"])
        probabilities = np.full((len(cases), len(self.facts.classes)), np.nan)
        if has_image.any():
            scored = cases[has_image]
            pooled = {
                name: pool_images(values, images, scored, self.facts.image_roles)
                for name, values in embeddings.items()
            }
            inputs = CaseInputs(pooled, np.ones(len(scored), dtype=np.bool_), metadata.loc[has_image])
            probabilities[has_image] = self.stack.predict(inputs)
        return Prediction(probabilities, _flags(metadata, has_image), problems)

    def _fields(self, metadata: pd.DataFrame) -> pd.DataFrame:
        """Return the bundle's metadata fields in its order, each of its kind."""
        columns = {}
        for name, kind in self.facts.kinds.items():
            values = metadata.get(name, pd.Series(np.nan, index=metadata.index))
            if kind == "number":
                columns[name] = pd.to_numeric(values, errors="coerce").astype("float64")
            else:
                columns[name] = values.astype("str")
        return pd.DataFrame(columns, index=metadata.index)

    def _embed(self, photographs: Sequence[Photograph]) -> tuple[dict[str, Float32Array], dict[str, str]]:
        """Return embeddings of the readable photographs by name, and why the others are not readable."""
        problems = {each.name: each.problem for each in photographs if each.content is None}
        parts: dict[str, list[Float32Array]] = {embedding.name: [] for embedding in self.facts.embeddings}
        readable = [each for each in photographs if each.content is not None]
        for batch, why in self._batches(readable):
            problems |= why
            for embedding in self.facts.embeddings if batch else ():
                pixels = np.stack([looks[embedding.recipe] for looks in batch])
                parts[embedding.name].append(self._forward(embedding, pixels))
        return {name: np.concatenate(each) for name, each in parts.items() if each}, problems

    def _batches(
        self, photographs: Sequence[Photograph]
    ) -> Iterator[tuple[list[dict[Recipe, Pixels]], dict[str, str]]]:
        """Yield decoded photographs by recipe, `BATCH` at a time, and what could not be decoded."""
        recipes = list(dict.fromkeys(embedding.recipe for embedding in self.facts.embeddings))

        def decode(photograph: Photograph) -> dict[Recipe, Pixels] | str:
            assert photograph.content is not None
            try:
                return {
                    recipe: prepare(photograph.content, recipe, name=photograph.name) for recipe in recipes
                }
            except ImageError as error:
                return str(error)

        looks = in_order(decode, photographs, available_processors(), ahead=2 * BATCH)
        batch: list[dict[Recipe, Pixels]] = []
        problems: dict[str, str] = {}
        for photograph, look in zip(photographs, looks, strict=True):
            if isinstance(look, str):
                problems[photograph.name] = look
            else:
                batch.append(look)
            if len(batch) == BATCH:
                yield batch, problems
                batch, problems = [], {}
        yield batch, problems

    def _forward(self, embedding: BundleEmbedding, pixels: Pixels) -> Float32Array:
        return embed(
            self.networks[embedding.backbone],
            pixels,
            mean=embedding.recipe.mean,
            std=embedding.recipe.std,
            views=embedding.views,
            device=self.device,
            precision=embedding.precision,
        )


def _flags(metadata: pd.DataFrame, has_image: BoolArray) -> list[list[str]]:
    """Return what to know about each case's answer."""
    missing = metadata.isna().to_numpy()
    flags: list[list[str]] = []
    for row, readable in zip(missing, has_image, strict=True):
        own = [] if readable else [IMAGE_UNREADABLE]
        if len(row) and row.all():
            own.append(NO_METADATA)
        else:
            own += [f"missing_{name}" for name, absent in zip(metadata.columns, row, strict=True) if absent]
        flags.append(own)
    return flags
