"""A loaded bundle: photographs and metadata in, probabilities out.

One case scores as it does in a batch: pixels go through the networks in the bundle's precision, and everything
behind the embedding is exact row by row.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from torch import nn

from automl_skin.arrays import BoolArray, Float32Array, FloatArray, Pixels
from automl_skin.backbones.catalogue import Backbone
from automl_skin.backbones.device import resolve_device
from automl_skin.backbones.network import begin_passes
from automl_skin.chains.inputs import CaseInputs
from automl_skin.embeddings.forward import ForwardPass
from automl_skin.errors import ImageError, IntegrityError
from automl_skin.explain.case_parts import explain_cases
from automl_skin.explain.heat import Looking
from automl_skin.export.bundle import read_facts, read_photographs, read_stack, verify
from automl_skin.export.facts import BundleEmbedding, BundleFacts
from automl_skin.export.signing import verify_signature
from automl_skin.export.whole import bundle_errors, read_networks
from automl_skin.features.entering import entering_rows
from automl_skin.features.lesion import kinds_of, missing_roles, pool_images
from automl_skin.features.seen import MISSING, read_fields
from automl_skin.images.loading import Batch, prepare
from automl_skin.images.recipe import Recipe
from automl_skin.stacking.fitted import FittedStack
from automl_skin.workers.map_in_order import map_in_order
from automl_skin.workers.processes import available_processors

MAX_AHEAD = 32
"""Photographs that are decoded before they are asked for."""

IN_MEMORY = 128
"""Decoded images that are held at once."""

IMAGE_UNREADABLE = "image_unreadable"
NO_METADATA = "no_metadata"


@dataclass(frozen=True)
class CaseImage:
    """One image of a case.

    Parameters
    ----------
    name : str
        By which messages call it.
    content : bytes or None
        The file's bytes; None where it could not be read.
    problem : str
        Why it cannot be used.
    vectors : mapping of str to ndarray of shape (n_dimensions,)
        Those that were made elsewhere, by `GivenEmbedding.title`.
    """

    case: str
    role: str
    name: str
    content: bytes | None
    problem: str = ""
    vectors: Mapping[str, Float32Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Prediction:
    """What a bundle says of some cases.

    Parameters
    ----------
    probabilities : ndarray of shape (n_cases, n_classes)
        NaN for a case without a readable image; but a bundle of several kinds of photograph also answers a case of
        which it is given metadata alone.
    flags : list of list of str
        What to know about each case's answer: an unreadable image, a missing kind of photograph, and what the model
        was not told by the metadata, ``missing_<field>``, ``unseen_<field>`` and ``out_of_range_<field>`` (see
        `automl_skin.features.seen`).
    problems : dict of str to str
        Name of each image that could not be used, and why.
    parts : DataFrame or None
        Of what each probability is made, where asked for (`automl_skin.explain.case_parts`); NaN where there is no
        probability.
    inputs : CaseInputs or None
        What the chains were given of the cases that have a probability; None where none has.
    """

    probabilities: FloatArray
    flags: list[list[str]]
    problems: dict[str, str]
    parts: pd.DataFrame | None = None
    inputs: CaseInputs | None = None


class Predictor:
    """Scores cases with a bundle.

    Parameters
    ----------
    networks : mapping of str to Module
        By the backbone's folder name.
    backbones : mapping of str to Backbone
        The same names.
    """

    def __init__(
        self,
        facts: BundleFacts,
        stack: FittedStack,
        networks: Mapping[str, nn.Module],
        backbones: Mapping[str, Backbone],
        device: str = "auto",
    ) -> None:
        self.facts = facts
        self.backbones = backbones
        self.stack = stack
        self.device = resolve_device(device)
        self._passes = begin_passes(self.device)
        self.networks = {name: network.to(self.device) for name, network in networks.items()}

    @classmethod
    def load(cls, folder: Path, device: str = "auto", public_key: Path | None = None) -> "Predictor":
        """Load a bundle after checking all its files; runs no code from it.

        Parameters
        ----------
        public_key : Path, optional
            Of whoever must have signed the bundle.

        Raises
        ------
        IntegrityError
            If the bundle is not what was exported, or not what the owner of the key signed.
        ConfigError
            If the key cannot be used.
        """
        if public_key is not None:
            verify_signature(folder, public_key)
        with bundle_errors(folder):
            verify(folder)
            facts = read_facts(folder)
            stack = read_stack(folder, len(facts.classes))
            read_photographs(folder)
            networks, backbones = read_networks(folder / "backbones", facts)
        predictor = cls(facts, stack, networks, backbones, device)
        with bundle_errors(folder):
            predictor._try_out()
        return predictor

    def _try_out(self) -> None:
        """Score two made-up cases, of which one has nothing, so that parts that do not fit are met here.

        Raises
        ------
        IntegrityError
            If the answers are no probabilities.
        """
        cases = pd.Index(["case", "nothing"])
        fields = read_fields(pd.DataFrame(index=range(2), dtype=object), self.facts.seen).metadata.set_axis(
            cases
        )
        kinds = self.facts.image_roles
        images = pd.DataFrame({"case": ["case"] * len(kinds), "role": list(kinds)})
        embeddings = {}
        for each in self.facts.embeddings:
            grey: Pixels = np.full((each.recipe.height, each.recipe.width, 3), 127, np.uint8)
            entering = entering_rows(self.backbones[each.backbone], fields, ["case"])
            row = self._forward(each, [grey], entering)[0]
            n_images = 1 if each.network.role else len(kinds)
            embeddings[each.name] = np.repeat(row, n_images, axis=0)
        for given in self.facts.given:
            embeddings[given.name] = np.zeros((len(kinds), given.n_dimensions), np.float32)
        looked_at = _LookedAt(embeddings, images, {}, frozenset())
        with np.errstate(all="ignore"):
            answer = self.stack.predict(self._inputs(fields, looked_at))
        if not (np.isfinite(answer).all() and np.allclose(answer.sum(axis=1), 1.0)):
            raise IntegrityError(
                "expected probabilities of two made-up cases from the bundle, got others; export the bundle again"
            )

    def predict(
        self, metadata: pd.DataFrame, photographs: Iterable[CaseImage], *, explain: bool = False
    ) -> Prediction:
        """Score cases.

        Parameters
        ----------
        metadata : DataFrame of shape (n_cases, n_fields)
            Index: the cases, each once; values as a table has them. A field that is not a column is missing for
            all.
        photographs : iterable of CaseImage
            Of these cases, in any order; few are held in memory at a time.
        explain : bool
            Whether to say of what each probability is made; for bundles of a binary target whose networks see the
            image alone.
        """
        cases = pd.Index(metadata.index)
        fields = read_fields(metadata.reset_index(drop=True), self.facts.seen)
        metadata = fields.metadata.set_axis(cases)
        looked_at = self._embed(photographs, metadata)
        has_image: BoolArray = cases.isin(looked_at.images["case"])
        scored = has_image | self._answers_without_image(metadata, looked_at)
        probabilities = np.full((len(cases), len(self.facts.classes)), np.nan)
        inputs = None
        if scored.any():
            inputs = self._inputs(metadata.loc[scored], looked_at)
            probabilities[scored] = self.stack.predict(inputs)
        parts = None
        if explain:  # of no case at all, the columns come from one that is not kept
            shown = metadata.loc[scored] if scored.any() else metadata.head(1)
            found = explain_cases(self.stack.predict, self._inputs(shown, looked_at))
            parts = found[: int(scored.sum())].reindex(cases)
        flags = self._flags(fields.marks.set_axis(cases), has_image, looked_at)
        return Prediction(probabilities, flags, looked_at.problems, parts, inputs)

    def _answers_without_image(self, metadata: pd.DataFrame, looked_at: "_LookedAt") -> BoolArray:
        """Return which cases may be answered by their metadata: none whose image was given and is not readable."""
        if len(self.facts.image_roles) == 1 and self.facts.sees_images:
            return np.zeros(len(metadata), np.bool_)
        given = metadata.notna().to_numpy().any(axis=1)
        return np.asarray(given & ~metadata.index.isin(list(looked_at.unreadable)))

    def _inputs(self, metadata: pd.DataFrame, looked_at: "_LookedAt") -> CaseInputs:
        """Return what the chains are given of the cases of `metadata`."""
        cases, images = pd.Index(metadata.index), looked_at.images
        roles, has_role = kinds_of(images, cases, self.facts.image_roles)
        pooled = {}
        for embedding in self.facts.embeddings:
            shown, kinds = images, self.facts.image_roles
            if embedding.network.role:
                shown, kinds = images[images["role"] == embedding.network.role], (embedding.network.role,)
            pooled[embedding.name] = pool_images(looked_at.embeddings[embedding.name], shown, cases, kinds)
        for given in self.facts.given:
            vectors = looked_at.embeddings[given.name]
            pooled[given.name] = pool_images(vectors, images, cases, self.facts.image_roles)
        has_image = np.asarray(cases.isin(images["case"]))
        return CaseInputs(pooled, has_image, metadata, roles=roles, has_role=has_role)

    def _embed(self, photographs: Iterable[CaseImage], metadata: pd.DataFrame) -> "_LookedAt":
        """Return the embeddings of the readable photographs, and why the others are not readable."""
        readable: list[tuple[str, str]] = []
        problems: dict[str, str] = {}
        unreadable: set[str] = set()
        parts: dict[str, list[Float32Array]] = {embedding.name: [] for embedding in self.facts.embeddings}
        vectors: dict[str, list[Float32Array]] = {given.name: [] for given in self.facts.given}
        with closing(self._looks(photographs)) as looks:
            while some := list(islice(looks, IN_MEMORY)):
                whole = []
                for photograph, look in some:
                    if isinstance(look, str):
                        problems[photograph.name] = look
                        unreadable.add(photograph.case)
                    else:
                        whole.append((photograph.case, self.role(photograph), look))
                        for given in self.facts.given:
                            vectors[given.name].append(photograph.vectors[given.title])
                readable += [(case, role) for case, role, _ in whole]
                for embedding in self.facts.embeddings:
                    mine = [each for each in whole if embedding.network.role in {"", each[1]}]
                    if mine:
                        pixels = [look[embedding.recipe] for _, _, look in mine]
                        entering = self.entering(embedding, metadata, [case for case, _, _ in mine])
                        parts[embedding.name] += self._forward(embedding, pixels, entering)
        embeddings = {
            embedding.name: np.concatenate(parts[embedding.name])
            if parts[embedding.name]
            else self._no_embedding(embedding)
            for embedding in self.facts.embeddings
        }
        for given in self.facts.given:
            rows = np.array(vectors[given.name], np.float32)
            embeddings[given.name] = rows.reshape(-1, given.n_dimensions)
        images = pd.DataFrame(readable, columns=["case", "role"], dtype="str")
        return _LookedAt(embeddings, images, problems, frozenset(unreadable))

    def entering(
        self, embedding: BundleEmbedding, metadata: pd.DataFrame, cases: Sequence[str]
    ) -> Float32Array | None:
        """Return the metadata that enter a network, one row per case; None for one that sees images alone."""
        return entering_rows(self.backbones[embedding.backbone], metadata, cases)

    def lookings(self) -> dict[str, Looking]:
        """Return the networks by the names of their embeddings, for heat."""
        return {
            each.name: Looking(self.networks[each.backbone], each.recipe, each.views)
            for each in self.facts.embeddings
        }

    def _no_embedding(self, embedding: BundleEmbedding) -> Float32Array:
        """Return embeddings of no photograph, which are as wide as those of a black one."""
        black = np.zeros((embedding.recipe.height, embedding.recipe.width, 3), np.uint8)
        entering = self.entering(embedding, pd.DataFrame(index=["nobody"]), ["nobody"])
        (row,) = self._forward(embedding, [black], entering)
        return row[:0]

    def _looks(self, photographs: Iterable[CaseImage]) -> "Generator[_Look]":
        """Yield photographs in order with their pixels by recipe, or with why there are none."""
        recipes = list(dict.fromkeys(embedding.recipe for embedding in self.facts.embeddings))
        roles = self.facts.image_roles

        def look(photograph: CaseImage) -> _Look:
            without = replace(photograph, content=None)
            if photograph.problem or (photograph.content is None and self.facts.photographs):
                return without, photograph.problem
            if problem := self._problem_of_vectors(photograph):
                return without, problem
            if self.role(photograph) not in roles:
                message = f"{photograph.name}: expected one of the kinds {', '.join(roles)}, got {photograph.role!r}"
                return without, message
            content, name = photograph.content, photograph.name
            if content is None or not recipes:
                return without, {}
            try:
                return without, {recipe: prepare(content, recipe, name=name) for recipe in recipes}
            except ImageError as error:
                return without, str(error)

        yield from map_in_order(
            look, photographs, available_processors(), MAX_AHEAD, weigh=lambda each: len(each.content or b"")
        )

    def _problem_of_vectors(self, photograph: CaseImage) -> str:
        """Return what is wrong with the vectors of a photograph; nothing where they can be used."""
        for given in self.facts.given:
            vector = photograph.vectors.get(given.title)
            if vector is None or vector.shape != (given.n_dimensions,) or not np.isfinite(vector).all():
                found = "none" if vector is None else f"one of shape {vector.shape}, or not finite"
                wanted = f"a vector of {given.n_dimensions} finite numbers for {given.title}"
                return f"{photograph.name}: expected {wanted}, got {found}"
        return ""

    def role(self, photograph: CaseImage) -> str:
        """Return what a photograph shows; a bundle of one kind takes every photograph for it."""
        roles = self.facts.image_roles
        return roles[0] if len(roles) == 1 else photograph.role

    def _flags(self, marks: pd.DataFrame, has_image: BoolArray, looked_at: "_LookedAt") -> list[list[str]]:
        """Return what to know about each case's answer; `marks` are those of the metadata's cells."""
        roles, fields = self.facts.image_roles, list(marks.columns)
        lacks_role = missing_roles(looked_at.images, marks.index, roles)
        if len(roles) == 1 or not self.facts.sees_images:  # no image at all has a flag of its own
            lacks_role = np.zeros_like(lacks_role)
        flags: list[list[str]] = []
        rows = zip(marks.index, has_image, lacks_role, marks.to_numpy(object), strict=True)
        for case, readable, lacks, found in rows:
            without = not readable and len(roles) == 1 and self.facts.sees_images
            own = [IMAGE_UNREADABLE] if case in looked_at.unreadable or without else []
            own += [f"missing_{role}" for role, absent in zip(roles, lacks, strict=True) if absent]
            if fields and (found == MISSING).all():
                own.append(NO_METADATA)
            else:
                own += [f"{mark}_{name}" for name, mark in zip(fields, found, strict=True) if mark]
            flags.append(own)
        return flags

    def _forward(
        self, embedding: BundleEmbedding, pixels: Sequence[Pixels], entering: Float32Array | None
    ) -> list[Float32Array]:
        """Return the embeddings of some images, batch by batch; `entering` are their rows of metadata."""
        forward = ForwardPass(
            self.networks[embedding.backbone],
            embedding.recipe,
            embedding.views,
            self.device,
            embedding.precision,
            self._passes,
            entering,
        )
        step = self._passes.size
        batches = [
            Batch(
                np.arange(start, min(start + step, len(pixels))), np.stack(pixels[start : start + step]), {}
            )
            for start in range(0, len(pixels), step)
        ]
        return [embeddings for _, embeddings in forward.embed_batches(batches, available_processors())]


_Look = tuple[CaseImage, dict[Recipe, Pixels] | str]


@dataclass(frozen=True)
class _LookedAt:
    """Embeddings by name of the readable images, their cases and roles, and what could not be read of which cases."""

    embeddings: dict[str, Float32Array]
    images: pd.DataFrame
    problems: dict[str, str]
    unreadable: frozenset[str]
