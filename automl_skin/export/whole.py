"""Whatever is wrong inside a bundle is one kind of error: it is not the bundle that was exported."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from torch import nn

from automl_skin.backbones import hub
from automl_skin.backbones.catalogue import Backbone, backbone_from_folder
from automl_skin.backbones.network import check_shapes, load_network, network_digest
from automl_skin.errors import AutomlSkinError, IntegrityError, StorageError
from automl_skin.evaluation.class_decisions import ClassRule
from automl_skin.export.facts import BundleFacts
from automl_skin.files import read_json
from automl_skin.stacking.stack import Stack

MAX_SIDE = 2048
"""Of the images that networks take, pixels."""

MAX_ARGUMENT = 4096
"""Of a number among a network's arguments: sizes, depths, widths."""

MAX_ARGUMENTS = 1000

MAX_DIMENSIONS = 1_000_000
"""Of a vector that is given."""

# what `save_network` writes of weights; timm reads further fields, some of which name other files
_KNOWN_OF_WEIGHTS = frozenset(
    {"tag", "input_size", "fixed_input_size", "interpolation", "mean", "std", "num_classes", "license"}
)

_OF_BAD_CONTENT = (
    AutomlSkinError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    FileNotFoundError,
    IsADirectoryError,
    LookupError,
    MemoryError,
    NotADirectoryError,
    RuntimeError,
    SafetensorError,
    TypeError,
    ValueError,
)
"""What Python and the libraries raise over values that are not what they expect."""


@contextmanager
def bundle_errors(folder: Path) -> Iterator[None]:
    """Turn what goes wrong over a bundle's content into an `IntegrityError`.

    Files are checked one by one where they are read, and say what was expected. This is the last line: a value that
    no check knows of.
    """
    try:
        yield
    except (IntegrityError, StorageError):
        raise
    except _OF_BAD_CONTENT as error:
        lines = str(error).strip().splitlines()
        what = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
        message = f"{folder}: expected a bundle that `automl-skin export` wrote, got another ({what:.300})"
        raise IntegrityError(f"{message}; export the bundle again") from error


def check_facts(facts: BundleFacts) -> None:
    """Check that what a bundle says about itself fits together.

    Raises
    ------
    IntegrityError
        The message names what does not.
    """
    problem = _problem_of_facts(facts)
    if problem:
        raise IntegrityError(f"bundle.json: expected {problem}; export the bundle again")


def _problem_of_facts(facts: BundleFacts) -> str:
    names = [*(each.name for each in facts.embeddings), *(each.name for each in facts.given)]
    recipes = [each.recipe for each in facts.embeddings]
    sides = [side for each in recipes for side in (each.height, each.width, *(each.resize or ()))]
    points = facts.operating_points
    rules = {
        "two classes or more, all different": 2 <= len(set(facts.classes)) == len(facts.classes),
        "two classes where some values are positive": not facts.positive or len(facts.classes) == 2,
        "a share of 0 or more per class": len(facts.priors) == len(facts.classes) and min(facts.priors) >= 0,
        "numbers and categories as kinds of metadata": set(facts.kinds.values()) <= {"number", "category"},
        "what was seen of each field of metadata": set(facts.seen) == set(facts.kinds),
        "different kinds of photograph, one at least": 0
        < len(set(facts.image_roles))
        == len(facts.image_roles),
        "different names of embeddings": len(set(names)) == len(names),
        "embeddings of its kinds of photograph": {each.network.role for each in facts.embeddings}
        <= {"", *facts.image_roles},
        f"images of 1 to {MAX_SIDE} pixels": all(1 <= side <= MAX_SIDE for side in sides),
        "vectors of a sane length, by the id of the image or of the case": all(
            1 <= each.n_dimensions <= MAX_DIMENSIONS
            and each.network.is_given
            and each.by in {"image", "case"}
            for each in facts.given
        ),
        "photographs for its networks": facts.photographs or not facts.embeddings,
        "1, 4 or 8 views": {each.views for each in facts.embeddings} <= {1, 4, 8},
        "operating points of a binary target, in order": [each.wanted for each in points]
        == sorted(each.wanted for each in points)
        and (facts.is_binary or not points),
        "an operating point of its own sensitivity": not points
        or facts.sensitivity in {each.wanted for each in points},
        "thresholds from 0 to 1": all(0 <= each.threshold <= 1 for each in points),
        "thresholds and weights of its classes": facts.rule is None
        or _is_rule(facts.rule, len(facts.classes)),
        "decisions by class of several classes": facts.is_binary or facts.rule is not None,
        "names of folders of networks": all(_is_plain(each.backbone) for each in facts.embeddings),
    }
    return next((rule for rule, holds in rules.items() if not holds), "")


def _is_rule(rule: ClassRule, n_classes: int) -> bool:
    """Return whether a rule is one of so many classes."""
    sizes = [len(rule.thresholds), len(rule.weights), *(len(row) for row in rule.costs)]
    return (
        set(sizes) == {n_classes}
        and len(rule.costs) in {0, n_classes}
        and all(0 < each < 1 for each in rule.thresholds)
        and all(each >= 0 for each in (*rule.weights, *(cost for row in rule.costs for cost in row)))
    )


def _is_plain(name: str) -> bool:
    """Return whether a name is one of a file in its folder, and leads nowhere else."""
    return bool(name) and name not in {".", ".."} and not set(name) & set("/\\\0")


def check_stack(stack: Stack, n_classes: int) -> None:
    """Check that the blends of a stack fit their classes.

    Raises
    ------
    IntegrityError
        The message names what does not.
    """
    if not 1 <= len(stack.blends) == len(stack.calibrators):
        message = f"stack.json: expected a calibrator per blend, got {len(stack.blends)} blends"
        raise IntegrityError(f"{message} and {len(stack.calibrators)} calibrators; export the bundle again")
    n_maps = 1 if n_classes == 2 else n_classes  # a binary target
    if stack.of_mean is not None and not n_maps == len(stack.of_mean.slopes) == len(stack.of_mean.intercepts):
        message = f"stack.json: expected {n_maps} maps of the mean over folds, got {stack.of_mean!r:.200}"
        raise IntegrityError(f"{message}; export the bundle again")
    for blend in stack.blends:
        members = set(blend.members)
        whole = 0 < len(members) == len(blend.members) == len(blend.weights) and min(members) >= 0
        whole = whole and (blend.rule == "logistic" or (min(blend.weights) >= 0 and sum(blend.weights) > 0))
        n_scores = 1 if n_classes == 2 else n_classes  # a binary target
        wanted = [len(members) * n_scores + 1] * n_scores if blend.rule == "logistic" else []
        if not whole or [len(row) for row in blend.coefficients] != wanted:
            message = (
                f"stack.json: expected members with a weight each, and their coefficients, got {blend!r:.200}"
            )
            raise IntegrityError(f"{message}; export the bundle again")


def read_backbone(folder: Path) -> Backbone:
    """Return the backbone of a bundle's folder of a network, checked as far as can be without building it.

    Raises
    ------
    IntegrityError
        If its description holds more than was exported, or numbers that would not fit into memory, or its arrays
        are not those of the network.
    BackboneError
        If it cannot be understood at all.
    """
    hub.read_config(folder)
    config: Any = read_json(folder / hub.CONFIG)
    strange = sorted(set(config.get("pretrained_cfg", {})) - _KNOWN_OF_WEIGHTS)
    if strange:
        message = f"{folder / hub.CONFIG}: expected nothing else of the weights, got {strange[0]!r}"
        raise IntegrityError(f"{message}; export the bundle again")
    spatial = config.get("spatial") or {}
    built = [config.get("model_args"), spatial.get("settings"), spatial.get("n_metadata")]
    _check_arguments(folder / hub.CONFIG, [*built, config.get("pretrained_cfg")])
    backbone = backbone_from_folder(folder)
    check_shapes(backbone)
    return backbone


def read_networks(folder: Path, facts: BundleFacts) -> tuple[dict[str, nn.Module], dict[str, Backbone]]:
    """Return the networks of a bundle and their backbones, by folder.

    Raises
    ------
    IntegrityError
        If one is not that which was measured.
    """
    networks: dict[str, nn.Module] = {}
    backbones: dict[str, Backbone] = {}
    digests: dict[str, str] = {}
    for embedding in facts.embeddings:
        name = embedding.backbone
        if name not in networks:
            backbones[name] = read_backbone(folder / name)
            networks[name] = load_network(backbones[name])
            digests[name] = network_digest(backbones[name], networks[name])
        if digests[name] != embedding.weights:
            message = f"{name}: expected the weights that were measured, got others; export the bundle again"
            raise IntegrityError(message)
    return networks, backbones


def _check_arguments(path: Path, values: list[Any]) -> None:
    """Check that no argument is a number or a list that a network cannot be built with in memory."""
    open_values, seen = list(values), 0
    while open_values:
        value, seen = open_values.pop(), seen + 1
        too_large = isinstance(value, int | float) and abs(value) > MAX_ARGUMENT
        if too_large or seen > MAX_ARGUMENTS:
            message = (
                f"{path}: expected at most {MAX_ARGUMENTS} arguments up to {MAX_ARGUMENT}, got {value!r:.80}"
            )
            raise IntegrityError(f"{message}; export the bundle again")
        if isinstance(value, dict):
            open_values += value.values()
        elif isinstance(value, list):
            open_values += value
