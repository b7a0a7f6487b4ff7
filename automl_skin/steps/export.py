"""From a finished study to a bundle."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from automl_skin.errors import ConfigError, IntegrityError
from automl_skin.evaluation.model_card import render_model_card
from automl_skin.evaluation.operating_point import OperatingPoint
from automl_skin.export.bundle import BundleContent, write_bundle
from automl_skin.export.facts import BundleEmbedding, BundleFacts, GivenEmbedding
from automl_skin.export.signing import check_key
from automl_skin.features.seen import see_fields
from automl_skin.images.known_photographs import LOOK_LENGTH, KnownPhotographs
from automl_skin.images.loading import Progress
from automl_skin.scoring.columns import image_columns, vector_columns
from automl_skin.search.material import Material
from automl_skin.stacking.fitted import FittedStack, needed_chains
from automl_skin.steps.card import card_facts
from automl_skin.steps.decisions import class_rule
from automl_skin.steps.embed import find_needed
from automl_skin.steps.locked import Opening, read_openings
from automl_skin.steps.networks import GivenNetwork, Network, ResolvedNetwork, with_pixels_alone
from automl_skin.steps.operating import operating_points
from automl_skin.steps.refit import refit_stack, refitted_cases
from automl_skin.steps.stack import (
    MAX_DIFFERENCE,
    MAX_RANK_DIFFERENCE,
    STACK,
    fit_chains,
    load_stack,
)
from automl_skin.study.stack_files import BuiltStack
from automl_skin.study.stage_one_file import EmbeddedNetwork, read_embedded
from automl_skin.study.study import Study
from automl_skin.study.understood import photographs_of, read_understood, target_of
from automl_skin.version import __version__


def export(
    study: Study,
    output: Path,
    *,
    refit: bool = False,
    private_key: Path | None = None,
    progress: Progress | None = None,
) -> BundleFacts:
    """Write the stack of a study as a bundle.

    Parameters
    ----------
    refit : bool
        Fit the members on all rows instead of taking the chains that were measured; the bundle and its card say so.
    private_key : Path, optional
        With which the bundle is signed.
    progress : callable, optional
        Called with the members done and the members in all.

    Raises
    ------
    ConfigError
        If the key cannot be used, the study has no stack yet, a tuned network is no longer in the cache, or `refit` is
        asked for and members have tuned networks.
    StorageError
        If the output is in the way or cannot be written.
    """
    if private_key is not None:
        check_key(private_key)
    if not study.stack.exists:
        message = (
            f"the study {study.name} has no stack yet; finish `automl-skin search --study {study.name}` first"
        )
        raise ConfigError(message)
    material = Material.read(study.material)
    built = study.stack.read()
    if refit:
        stack = refit_stack(study, built.stack.method, material, progress)
    else:
        fit_chains(study, study.journal.read(), needed_chains(built.stack), progress)
        stack = load_stack(study, built.stack, material)
        require_as_measured(stack, built, material)
    networks = find_needed(study, stack.stack)
    opening = next((each for each in read_openings(study) if each.stack == built.stack.digest), None)
    points = operating_points(study, built, material, one_chain=refit)
    facts = bundle_facts(study, built, material, networks, points, opening)
    facts = replace(facts, rule=class_rule(study, built, material, one_chain=refit))
    card = card_facts(study, built, material, networks, opening, points)
    if refit:
        facts = replace(facts, stack=stack.stack.digest, measured=False, auc=None)
        card = replace(card, measured=False)
    content = BundleContent(
        facts,
        stack,
        {backbone_folder(each): each.backbone for each in with_pixels_alone(networks)},
        render_model_card(card),
        input_example(facts, material),
        _photographs(study, refitted_cases(study) if refit else material.cases.index),
    )
    write_bundle(content, output, private_key)
    return facts


def _photographs(study: Study, cases: "pd.Index[str]") -> KnownPhotographs:
    """Return the photographs of some cases by digest and look; none where none were given."""
    if study.config.has_photographs:
        return photographs_of(study, cases)
    return KnownPhotographs.of([], np.empty((0, LOOK_LENGTH), np.int8))


def require_as_measured(stack: FittedStack, built: BuiltStack, material: Material) -> None:
    """Apply a fitted stack to every development case by the chains of its fold: it must say what was measured.

    Raises
    ------
    IntegrityError
        If it does not; it would be exported as measured.
    """
    ranked = any(blend.rule == "rank" for blend in built.stack.blends)
    ranked |= any(chain.config.fusion == "rank" for chain in stack.chains.values())
    for fold in range(len(built.stack.blends)):
        rows = np.flatnonzero(material.folds == fold)
        difference = np.abs(stack.predict_fold(material.inputs.take(rows), fold) - built.probabilities[rows])
        worst = float(difference.max())
        if not worst <= (MAX_RANK_DIFFERENCE if ranked else MAX_DIFFERENCE):
            message = (
                f"expected the stack of {material.n_folds} folds to repeat its measured out-of-fold probabilities, "
                f"got differences of up to {worst:.2g} on fold {fold}. A file of the study was changed; run the "
                "search again, which builds the stack and its chains anew"
            )
            raise IntegrityError(message)


def bundle_facts(
    study: Study,
    built: BuiltStack,
    material: Material,
    networks: Sequence[Network],
    points: list[OperatingPoint],
    opening: Opening | None,
) -> BundleFacts:
    """Return what the bundle says about itself."""
    manifest = read_understood(study)
    target, plan = target_of(manifest), study.read_plan()
    embedded = read_embedded(study)
    given = [each for each in networks if isinstance(each, GivenNetwork)]
    computed = with_pixels_alone(networks)
    return BundleFacts(
        study=study.name,
        version=__version__,
        created=datetime.now(tz=UTC).isoformat(timespec="seconds"),
        target=target.column,
        classes=target.classes,
        positive=target.positive,
        levels=target.levels,
        merged=target.merged,
        kinds=dict(material.kinds),
        seen=see_fields(material.inputs.metadata, material.kinds, manifest.codes),
        roles=manifest.roles.served,
        image_roles=tuple(sorted(manifest.images["role"].unique())),
        embeddings=tuple(_embedding(each, embedded[each.name]) for each in computed),
        priors=tuple(np.bincount(material.labels, minlength=material.n_classes) / len(material.labels)),
        operating_points=tuple(points),
        plan=plan.digest,
        stack=built.stack.digest,
        waiver=plan.waiver,
        crossing_share=plan.crossing_share,
        measured=True,
        auc=opening.figures.models[STACK].auc if opening else None,
        sensitivity=study.config.sensitivity,
        given=tuple(
            GivenEmbedding(each.id, each.n_dimensions, each.digest, each.licence, each.by) for each in given
        ),
        # a stack of given vectors alone needs no photograph; one that sees no image at all flags absent ones
        photographs=study.config.has_photographs and bool(computed or not given),
    )


def backbone_folder(each: ResolvedNetwork) -> str:
    """Return the folder of a network inside a bundle; every tuned one has a folder of its own."""
    name = each.backbone.name if each.tuned_on is None else each.name
    return name.translate(str.maketrans("/:@", "___"))


def input_example(facts: BundleFacts, material: Material) -> list[dict[str, Any]]:
    """Return one made-up row: the median or most frequent value of each field, and a grey image."""
    row: dict[str, Any] = {}
    for name, kind in facts.kinds.items():
        values = material.inputs.metadata[name].dropna()
        if kind == "number":
            row[name] = float(values.median()) if len(values) else None
        else:
            row[name] = str(values.mode().iloc[0]) if len(values) else None
    row |= dict.fromkeys(image_columns(facts), GREY_IMAGE)
    for each in facts.given:
        row |= {column: [0.0] * each.n_dimensions for column in vector_columns(facts, each)}
    return [row]


def _embedding(each: ResolvedNetwork, embedded: EmbeddedNetwork) -> BundleEmbedding:
    return BundleEmbedding(
        each.id,
        backbone_folder(each),
        embedded.weights,
        each.recipe,
        embedded.views,
        embedded.precision,
    )


def _grey_image() -> str:
    """Return a small grey PNG in base64: an example that shows nobody's lesion."""
    buffer = BytesIO()
    Image.new("RGB", (32, 24), (190, 150, 130)).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()


GREY_IMAGE = _grey_image()
