"""The search space: which chains there are, as choices by name.

A `Chooser` answers each question (`choose(name, range, default)`); the space asks only the questions
that the earlier answers leave open. The optimiser is one chooser, a table of given answers another.

While a study runs, networks are tuned and the space grows: a question ``tuning`` then comes first, whose default
"frozen" leads to the earlier questions. So earlier trials have their place in the grown space as well.

Sources of the ranges that stand here (those of the heads stand in their own files): 16 to 256
components hold 80 to 97 % of the variance of ImageNet embeddings of HAM10000; training on the full
diagnosis is what the winners of SIIM-ISIC 2020 did (Ha et al. 2020).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import Any, Protocol, cast

from automl_skin.chains.config import FUSIONS, IMAGE, LOGITS, METADATA, OWN, WITHIN, BranchConfig, ChainConfig
from automl_skin.errors import ConfigError
from automl_skin.heads.catalogue import FAMILIES, HEADS, SEARCHED_FAMILIES
from automl_skin.heads.neural.fusions.catalogue import NEURAL_FUSIONS
from automl_skin.heads.protocol import Family
from automl_skin.heads.space import Categorical, Integer, Range, Real, Space, Value
from automl_skin.heads.weighting import ClassWeighting
from automl_skin.networks import FROZEN, GIVEN, NetworkId

COMPONENTS = Integer(16, 256, log=True)
KEEP_COLUMNS = Categorical(False, True)
WEIGHTING = Categorical("none", "sqrt", "balanced")
LABELS = Categorical("target", "diagnosis")
IMAGE_WEIGHT = Real(0.3, 0.9)
METADATA_FAMILY = "lightgbm"
"""Head of the metadata branch of `late` and `rank`, with its default hyperparameters."""

OWN_FUSIONS = ("image", "late", "rank")
"""How a tuned network's own answer meets metadata: not at all, or the answer of a head that sees metadata alone."""

MAX_SUBSETS = 16
"""With more subsets of backbones (or of kinds of photograph) than this, only single ones, pairs with the first, and all
are tried."""


SEARCHED_FUSIONS = ("image", "metadata", "concat", "metanet", "late")
"""What a study searches by default; the others by name."""

# ModDrop of Neverova et al. 2016 loses few inputs; a case loses its image or its metadata, never both.
MODALITY_DROPOUT = Categorical(0.0, 0.1, 0.3)


class Chooser(Protocol):
    """Answers the questions that the space asks."""

    def choose(self, name: str, values: Range, default: Value) -> Value:
        """Return one of `values`."""
        ...


class Asked(Protocol):
    """Something with a space of its own: a family of heads, or a neural fusion."""

    @property
    def space(self) -> Space:
        """What is searched."""
        ...

    def asks(self, name: str, chosen: Mapping[str, Value], /) -> bool:
        """Return whether a setting matters after those that are chosen."""
        ...


class Given:
    """Answers from a table; what is not in it, or is not on offer, gets its default. Remembers all answers."""

    def __init__(self, answers: Mapping[str, Value]) -> None:
        self.answers = dict(answers)
        self.asked: dict[str, Range] = {}
        self.params: dict[str, Value] = {}

    def choose(self, name: str, values: Range, default: Value) -> Value:
        """Return the given answer, or the default where none was given that lies in `values`."""
        self.asked[name] = values
        answer = self.answers.get(name, default)
        self.params[name] = answer if values.contains(answer) else default
        return self.params[name]


@dataclass(frozen=True)
class SpaceOptions:
    """What a study lets the search choose from.

    Parameters
    ----------
    backbones, recipes : tuple of str
        Names of which embeddings are at hand, in each combination; neither where no photographs are given.
    families, fusions : tuple of str
        Names in `FAMILIES` and `FUSIONS`.
    has_metadata : bool
        Whether there is a metadata field at all.
    diagnosis : bool
        Whether heads may be trained on the full diagnosis (a binary target of several diagnoses).
    tuned : tuple of NetworkId
        Tunings whose networks are at hand for all folds, each named without folds and roles.
    ways : tuple of str
        Ways of tuned networks into a chain; names in `automl_skin.chains.config.WAYS`.
    roles : tuple of str
        Kinds of photograph; empty where there is one only.
    towers : bool
        Whether networks that are tuned are one for each kind of photograph.
    given : tuple of str
        Those of `backbones` whose embeddings were made elsewhere; they have no recipe.
    """

    backbones: tuple[str, ...]
    recipes: tuple[str, ...]
    families: tuple[str, ...] = SEARCHED_FAMILIES
    fusions: tuple[str, ...] = SEARCHED_FUSIONS
    has_metadata: bool = True
    diagnosis: bool = False
    tuned: tuple[NetworkId, ...] = ()
    ways: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    towers: bool = False
    given: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.at_hand:
            message = (
                "expected photographs, vectors of them (--embeddings) or metadata to learn from, got none"
            )
            raise ConfigError(f"{message}; give --images, or name metadata columns by --metadata")
        if not self.usable_fusions:
            without = "" if self.backbones else ", without photographs"
            message = (
                f"expected a fusion that is possible with the heads {', '.join(self.families)} "
                f"{'and' if self.has_metadata else 'and without'} metadata{without}, got {', '.join(self.fusions)}; "
                "add a fusion, or a head that can carry it"
            )
            raise ConfigError(message)

    @property
    def at_hand(self) -> frozenset[str]:
        """What a model may see."""
        return frozenset(
            name for name, there in ((IMAGE, bool(self.backbones)), (METADATA, self.has_metadata)) if there
        )

    def network(self, backbone: str, recipe: str) -> NetworkId:
        """Return the frozen network of a backbone; given vectors have no recipe."""
        return NetworkId(backbone, GIVEN if backbone in self.given else recipe)

    @property
    def frozen(self) -> tuple[NetworkId, ...]:
        """The frozen networks whose embeddings are at hand."""
        recipes = self.recipes or (GIVEN,)
        return tuple(
            dict.fromkeys(self.network(each, recipe) for each in self.backbones for recipe in recipes)
        )

    @property
    def tunable(self) -> tuple[NetworkId, ...]:
        """The frozen networks that have weights here."""
        return tuple(each for each in self.frozen if not each.is_given)

    @cached_property
    def usable_fusions(self) -> tuple[str, ...]:
        """The fusions whose inputs and heads are at hand."""
        neural = any(FAMILIES[name].neural for name in self.families)
        return tuple(
            name
            for name in self.fusions
            if FUSIONS[name].inputs <= self.at_hand and (neural or not FUSIONS[name].neural)
        )

    @cached_property
    def tuned_fusions(self) -> tuple[str, ...]:
        """The fusions of tuned networks with heads that are fitted."""
        return tuple(name for name in self.usable_fusions if IMAGE in FUSIONS[name].inputs)

    @cached_property
    def own_fusions(self) -> tuple[str, ...]:
        """The fusions of a tuned network's own head: with metadata where some two heads may be combined."""
        combined = any(len(FUSIONS[name].branches) > 1 for name in self.usable_fusions)
        return OWN_FUSIONS if combined else (IMAGE,)

    @cached_property
    def usable_ways(self) -> tuple[str, ...]:
        """The ways that some fusion can carry."""
        return tuple(way for way in self.ways if way == OWN or self.tuned_fusions)

    @cached_property
    def tunings(self) -> tuple[str, ...]:
        """What the first question offers: frozen networks, or those of one tuning."""
        return (FROZEN, *(str(each) for each in self.tuned if self.usable_ways))

    @cached_property
    def backbone_sets(self) -> tuple[str, ...]:
        """Sets of backbones that may be concatenated, joined by ``+``; all of them come last."""
        return _subsets(self.backbones)

    @cached_property
    def role_sets(self) -> tuple[str, ...]:
        """Sets of kinds of photograph that a chain may see, joined by ``+``; all of them come last."""
        return _subsets(self.roles)

    def families_for(self, fusion: str) -> tuple[str, ...]:
        """Return the families that can carry a fusion."""
        return tuple(name for name in self.families if FAMILIES[name].neural or not FUSIONS[fusion].neural)


def _subsets(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sets of some names, or the simplest of them, joined by ``+``; the whole comes last."""
    sets = [subset for size in range(1, len(names) + 1) for subset in combinations(names, size)]
    if len(sets) > MAX_SUBSETS:
        sets = [*((name,) for name in names), *((names[0], name) for name in names[1:]), names]
    return tuple("+".join(subset) for subset in sets)


def choose_chain(chooser: Chooser, options: SpaceOptions) -> ChainConfig:
    """Choose a chain by asking `chooser` what is open."""
    tuning = _text(chooser, "tuning", options.tunings, FROZEN)
    tuned = next((each for each in options.tuned if str(each) == tuning), None)
    if tuned is None:
        return _choose_fitted(chooser, options, None, "")
    ways = options.usable_ways
    way = _text(chooser, "way", ways, WITHIN if WITHIN in ways else ways[0])
    if way == OWN:
        return _choose_own(chooser, options, tuned)
    return _choose_fitted(chooser, options, tuned, way)


def _choose_fitted(chooser: Chooser, options: SpaceOptions, tuned: NetworkId | None, way: str) -> ChainConfig:
    """Choose a chain whose heads are all fitted."""
    # every set of answers has a question of its own: an optimiser's question never changes its answers
    fusions, question = (
        (options.tuned_fusions, "tuned_fusion") if tuned else (options.usable_fusions, "fusion")
    )
    fusion = _text(chooser, question, fusions, "concat" if "concat" in fusions else fusions[0])
    families = options.families_for(fusion)
    question = "neural_head" if FUSIONS[fusion].neural else "head"
    family = FAMILIES[_text(chooser, question, families, families[0])]
    uses_image = IMAGE in FUSIONS[fusion].inputs
    networks, roles = _choose_networks(chooser, options, tuned) if uses_image else ((), ())
    components = _choose_components(chooser, family) if uses_image and way != LOGITS else None
    labels = str(chooser.choose("labels", LABELS, "target")) if options.diagnosis else "target"
    weighting = cast("ClassWeighting", chooser.choose("weighting", WEIGHTING, "none"))
    head = _choose_head(chooser, family, fusion)
    return ChainConfig(
        fusion,
        _with_metadata_branch(head, fusion),
        networks,
        components,
        labels,
        weighting,
        _choose_image_weight(chooser, fusion),
        way,
        roles=roles,
    )


def _choose_own(chooser: Chooser, options: SpaceOptions, tuned: NetworkId) -> ChainConfig:
    """Choose a chain of a tuned network's own head; it answers what it was tuned on."""
    fusion = _text(chooser, "own_fusion", options.own_fusions, IMAGE)
    image_weight = _choose_image_weight(chooser, fusion)
    networks, roles = _choose_networks(chooser, options, tuned)
    return ChainConfig(
        fusion,
        _with_metadata_branch(BranchConfig(OWN, HEADS[OWN].config()), fusion),
        networks,
        labels="diagnosis" if options.diagnosis else "target",
        image_weight=image_weight,
        way=OWN,
        roles=roles,
    )


def _choose_networks(
    chooser: Chooser, options: SpaceOptions, tuned: NetworkId | None
) -> tuple[tuple[NetworkId, ...], tuple[str, ...]]:
    """Return the networks of a chain and the kinds of photograph that it sees.

    A tuning has one backbone and recipe. No kind is named where a chain sees all of them by one network.
    """
    if tuned is None:
        sets, recipes = options.backbone_sets, options.recipes or (GIVEN,)
        backbones = _text(chooser, "backbone", sets, sets[-1]).split("+")
        all_given = set(backbones) <= {*options.given}
        recipe = recipes[0] if all_given else _text(chooser, "recipe", recipes, recipes[0])
        networks = tuple(options.network(each, recipe) for each in backbones)
    else:
        networks = (tuned,)
    if not options.roles:
        return networks, ()
    roles = tuple(_text(chooser, "roles", options.role_sets, options.role_sets[-1]).split("+"))
    if tuned is not None and options.towers:
        return tuple(replace(tuned, role=role) for role in roles), roles
    return networks, roles if roles != options.roles else ()


def _with_metadata_branch(head: BranchConfig, fusion: str) -> tuple[BranchConfig, ...]:
    if len(FUSIONS[fusion].branches) == 1:
        return (head,)
    return head, BranchConfig(METADATA_FAMILY, FAMILIES[METADATA_FAMILY].config())


def _choose_image_weight(chooser: Chooser, fusion: str) -> float:
    if fusion != "late":
        return 0.5
    return float(chooser.choose("late_image_weight", IMAGE_WEIGHT, 0.6) or 0.0)


def _text(chooser: Chooser, name: str, values: tuple[str, ...], default: str) -> str:
    """Ask for one of several words; where there is one only, nothing is asked."""
    return str(chooser.choose(name, Categorical(*values), default)) if len(values) > 1 else values[0]


def _choose_components(chooser: Chooser, family: Family) -> int | None:
    if not family.of_trees and chooser.choose("keep_columns", KEEP_COLUMNS, default=True):
        return None
    return int(chooser.choose("components", COMPONENTS, 64) or 0)


def _choose_head(chooser: Chooser, family: Family, fusion: str) -> BranchConfig:
    if not family.neural or fusion not in NEURAL_FUSIONS:
        return BranchConfig(family.name, family.config(**_ask(chooser, family.name, family, family.config())))
    chosen = NEURAL_FUSIONS[fusion]
    values: dict[str, Any] = _ask(chooser, family.name, family, family.config(**chosen.head))
    settings = _ask(chooser, fusion, chosen, chosen.settings())
    values["modality_dropout"] = chooser.choose("modality_dropout", MODALITY_DROPOUT, 0.0)
    return BranchConfig(family.name, family.config(**values, fusion=fusion, fusion_settings=settings))


def _ask(chooser: Chooser, prefix: str, asked: Asked, defaults: Any) -> dict[str, Value]:
    """Ask for the settings in a space, as ``PREFIX_NAME``, leaving out those that do not matter any more."""
    chosen: dict[str, Value] = {}
    for name, values in asked.space.items():
        if asked.asks(name, chosen):
            chosen[name] = chooser.choose(f"{prefix}_{name}", values, getattr(defaults, name))
    return chosen
