"""Trials that every study begins with: the fixed baselines and a dozen known-good configurations."""

from collections.abc import Mapping, Sequence

from automl_skin.chains.config import BranchConfig, ChainConfig
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.heads.space import Value
from automl_skin.networks import GIVEN, NetworkId
from automl_skin.search.propose import Proposal, given
from automl_skin.search.space import METADATA_FAMILY, SpaceOptions
from automl_skin.search.trial import IMAGE_ALONE, METADATA_ALONE, RANK_AVERAGE, TrialPlan


def baselines(options: SpaceOptions) -> dict[str, ChainConfig]:
    """Return the fixed, untuned baselines by name (promise 6).

    Metadata alone by LightGBM, image alone by logistic regression on all backbones' embeddings, both with
    default hyperparameters, and the average of their ranks. Without photographs there is metadata alone.
    """
    metadata = BranchConfig("lightgbm", FAMILIES["lightgbm"].config())
    image = BranchConfig("logistic", FAMILIES["logistic"].config())
    recipe = (options.recipes or (GIVEN,))[0]
    networks = tuple(options.network(backbone, recipe) for backbone in options.backbones)
    if not networks:
        return {METADATA_ALONE: ChainConfig("metadata", (metadata,))}
    alone = {IMAGE_ALONE: ChainConfig("image", (image,), networks)}
    if not options.has_metadata:
        return alone
    return {
        METADATA_ALONE: ChainConfig("metadata", (metadata,)),
        **alone,
        RANK_AVERAGE: ChainConfig("rank", (image, metadata), networks),
    }


KNOWN_GOOD: tuple[dict[str, Value], ...] = (
    # what wins on small medical collections, one line per configuration; the rest is the family's default
    {"fusion": "concat", "head": "logistic", "keep_columns": True},
    {"fusion": "concat", "head": "logistic", "keep_columns": True, "labels": "diagnosis"},
    {"fusion": "concat", "head": "mlp", "keep_columns": True},
    {"fusion": "concat", "head": "mlp", "keep_columns": True, "labels": "diagnosis"},
    {"fusion": "concat", "head": "lightgbm", "components": 64},
    {"fusion": "concat", "head": "lightgbm", "components": 128, "labels": "diagnosis"},
    {"fusion": "concat", "head": "xgboost", "components": 64},
    {"fusion": "concat", "head": "random_forest", "components": 32},
    {"fusion": "concat", "head": "extra_trees", "components": 64},
    {"fusion": "metanet", "neural_head": "mlp", "keep_columns": True},
    {"fusion": "late", "head": "mlp", "keep_columns": True, "late_image_weight": 0.6},
    {"fusion": "image", "head": "mlp", "keep_columns": True},
    {"fusion": "concat", "head": "tabm", "keep_columns": False, "components": 128},
    {"fusion": "concat", "head": "catboost", "components": 64},
)


KNOWN_WITHOUT_IMAGE: tuple[dict[str, Value], ...] = tuple(
    {"fusion": "metadata", "head": family, **labels}
    for labels in ({}, {"labels": "diagnosis"})
    for family in (
        "logistic",
        "mlp",
        "lightgbm",
        "xgboost",
        "random_forest",
        "extra_trees",
        "tabm",
        "catboost",
    )
    if labels or family != METADATA_FAMILY  # which is the baseline
)
"""Of a study without photographs: every family as it is by default."""


def list_known_good(options: SpaceOptions) -> list[tuple[dict[str, Value], ChainConfig]]:
    """Return the known-good configurations that the space of a study has, without doubles."""
    chosen: list[tuple[dict[str, Value], ChainConfig]] = []
    for answers in KNOWN_GOOD if options.backbones else KNOWN_WITHOUT_IMAGE:
        params, config = given(answers, options)
        possible = config.fusion == answers["fusion"] and answers.get("head", config.family) == config.family
        if possible and config not in [other for _, other in chosen]:
            chosen.append((params, config))
    return chosen


def fixed_trials(options: SpaceOptions) -> list[Proposal]:
    """Return the trials that are not up to the optimiser, in order; none of them is ever stopped."""
    plans = [
        TrialPlan(number, "baseline", name, {}, config)
        for number, (name, config) in enumerate(baselines(options).items())
    ]
    for params, config in list_known_good(options):
        plans.append(TrialPlan(len(plans), "known", config.title, params, config))
    return [Proposal(plan, None) for plan in plans]


def ranking_config(network: NetworkId) -> ChainConfig:
    """Return the chain that ranks a frozen network: its image alone, logistic regression as it is by default."""
    head = BranchConfig("logistic", FAMILIES["logistic"].config())
    return ChainConfig("image", (head,), (network,))


def list_ranking_trials(options: SpaceOptions) -> list[Proposal]:
    """Return one trial per frozen network, in their order; none of them is ever stopped."""
    configs = [ranking_config(network) for network in options.tunable]
    return [
        Proposal(TrialPlan(number, "known", config.title, {}, config), None)
        for number, config in enumerate(configs)
    ]


KNOWN_TUNED: tuple[dict[str, Value], ...] = (
    # for every tuned set: what it says itself, and in each way the heads that win on frozen embeddings
    {"way": "own", "own_fusion": "image"},
    {"way": "own", "own_fusion": "late"},
    {"way": "within", "tuned_fusion": "concat", "head": "logistic"},
    {"way": "within", "tuned_fusion": "concat", "head": "logistic", "labels": "diagnosis"},
    {"way": "within", "tuned_fusion": "concat", "head": "lightgbm", "components": 64},
    {"way": "within", "tuned_fusion": "concat", "head": "mlp", "labels": "diagnosis"},
    {"way": "logits", "tuned_fusion": "concat", "head": "logistic"},
    {"way": "logits", "tuned_fusion": "concat", "head": "lightgbm"},
    {"way": "rotation", "tuned_fusion": "concat", "head": "logistic"},
    {"way": "rotation", "tuned_fusion": "concat", "head": "lightgbm"},
)


def list_tuned_trials(options: SpaceOptions, networks: Sequence[NetworkId] | None = None) -> list[Proposal]:
    """Return the fixed trials of tuned networks, in order, without doubles; none of them is ever stopped.

    Parameters
    ----------
    options : SpaceOptions
        Of the space that has them.
    networks : sequence of NetworkId, optional
        Those that are new; all of `options` by default.

    Returns
    -------
    list of Proposal
        Numbered from 0.
    """
    chosen: dict[ChainConfig, dict[str, Value]] = {}
    for tuned in options.tuned if networks is None else networks:
        for answers in KNOWN_TUNED:
            params, config = given({"keep_columns": True, **answers, "tuning": str(tuned)}, options)
            if _is_meant(config, tuned, answers):
                chosen.setdefault(config, params)
    plans = [
        TrialPlan(number, "known", config.title, params, config)
        for number, (config, params) in enumerate(chosen.items())
    ]
    return [Proposal(plan, None) for plan in plans]


def _is_meant(config: ChainConfig, tuned: NetworkId, answers: Mapping[str, Value]) -> bool:
    """Return whether the space of a study has the way and the head of some answers; any fusion will do."""
    wanted = (tuned.tuning, answers["way"], answers.get("head", "own"))
    return (config.tuning, config.way, config.family) == wanted
