"""Gathering what stands in a study's model card."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from automl_skin.data.audit import AUDIT
from automl_skin.data.manifest import Manifest
from automl_skin.evaluation.model_card import (
    CardBudget,
    CardData,
    CardFacts,
    CardGiven,
    CardMember,
    CardPlan,
    CardRole,
    CardSearch,
    CardStep,
    CardTuning,
    CardWeights,
)
from automl_skin.evaluation.operating_point import OperatingPoint
from automl_skin.evaluation.subgroups import Subgroup, subgroup_figures
from automl_skin.features.lesion import missing_roles, roles_of
from automl_skin.files import read_json
from automl_skin.search.material import Material
from automl_skin.steps.budget_plan import rows_of
from automl_skin.steps.decisions import fix_decisions
from automl_skin.steps.leaderboard import make_leaderboard
from automl_skin.steps.locked import Opening
from automl_skin.steps.networks import GivenNetwork, Network, with_pixels_alone
from automl_skin.steps.subgroups import development_levels
from automl_skin.study.stack_files import BuiltStack
from automl_skin.study.stage_one_file import read_embedded
from automl_skin.study.study import Study
from automl_skin.study.understood import read_understood, target_of
from automl_skin.version import __version__


def card_facts(
    study: Study,
    built: BuiltStack,
    material: Material,
    networks: Sequence[Network],
    opening: Opening | None,
    points: list[OperatingPoint],
) -> CardFacts:
    """Return what the model card of a study is written from."""
    manifest = read_understood(study)
    target, plan = target_of(manifest), study.read_plan()
    embedded = read_embedded(study)
    weights = {
        (each.name if each.tuned_on else each.backbone.name): (
            each.backbone.licence,
            embedded[each.name].weights,
        )
        for each in with_pixels_alone(networks)
    }
    given = [each for each in networks if isinstance(each, GivenNetwork)]
    own = next((point for point in points if point.wanted == study.config.sensitivity), None)
    return CardFacts(
        study=study.name,
        version=__version__,
        created=datetime.now(tz=UTC).isoformat(timespec="seconds"),
        target=target.column,
        classes=target.classes,
        positive=target.positive,
        data=card_data(study, manifest),
        plan=CardPlan(plan.digest, len(plan.folds), plan.waiver, plan.crossing_share),
        search=card_search(study, built, material),
        members=card_members(study, built),
        weights=tuple(CardWeights(name, licence, digest) for name, (licence, digest) in weights.items()),
        figures=opening.figures if opening else None,
        operating_point=own,
        subgroups=tuple(card_subgroups(study, built, material, own)),
        shifts=study.shifts.read(built.stack),
        sources=study.sources.find(),
        tunings=card_tunings(study, built, networks),
        roles=card_roles(study, built, manifest),
        shortcuts=study.shortcuts.read().lines(),
        decisions=fix_decisions(study, built, material),
        given=tuple(
            CardGiven(each.id.backbone, each.n_dimensions, each.digest, each.licence, each.by)
            for each in given
        ),
        unshifted=why_unshifted(study),
        budget=card_budget(study),
    )


def why_unshifted(study: Study) -> str:
    """Return why models cannot be measured under shift; nothing where they can."""
    if not study.config.has_photographs:
        return "no photographs were given"
    if study.config.embeddings:
        return "vectors were given, and cannot be made anew from photographs under shift"
    budget = study.current_budget
    if budget is not None and study.config.measures_shifts and not budget.shift_cases:
        return "the budget had no time for it"
    return ""


def card_budget(study: Study) -> CardBudget | None:
    """Return what was planned and used of a study's time until now; None where it is given no budget."""
    budget = study.current_budget
    return (
        None
        if budget is None
        else CardBudget(budget.seconds, tuple(CardStep(*row) for row in rows_of(budget)))
    )


def card_data(study: Study, manifest: Manifest) -> CardData:
    """Return counts of the whole study."""
    audit: Any = read_json(study.folder / AUDIT)
    plan = study.read_plan()
    has_images = manifest.has_photographs or bool(study.config.embeddings)
    missing = manifest.metadata.isna().mean()
    return CardData(
        n_cases=len(manifest.cases),
        n_images=len(manifest.images) if has_images else 0,
        n_groups=int(plan.table["group"].nunique()),
        n_locked=len(plan.locked),
        class_counts=audit["class_counts"],
        sources=tuple(sorted(manifest.cases["source"].dropna().astype(str).unique())),
        missing={str(name): float(share) for name, share in missing.items()},
        quarantined=audit["quarantined"],
        photographs=manifest.has_photographs,
    )


def card_search(study: Study, built: BuiltStack, material: Material) -> CardSearch:
    """Return what the search came to."""
    records = study.journal.read()
    board = make_leaderboard(study, records, material)
    finished = sum(record.state == "finished" for record in records)
    method, metric = built.stack.method, study.config.metric
    return CardSearch(finished, method, board.best, board.tied, metric, board.expected)


def card_members(study: Study, built: BuiltStack) -> tuple[CardMember, ...]:
    """Return the stack's members, the heaviest first."""
    titles = {record.plan.number: record.plan.config.title for record in study.journal.read()}
    weights = built.stack.member_weights
    order = sorted(weights, key=lambda number: -weights[number])
    return tuple(CardMember(number, titles[number], weights[number]) for number in order)


def card_roles(study: Study, built: BuiltStack, manifest: Manifest) -> tuple[CardRole, ...]:
    """Return the kinds of photograph and who of the stack sees them; nothing where there is one kind."""
    roles = roles_of(manifest.images)
    if len(roles) < 2 or not (manifest.has_photographs or study.config.embeddings):
        return ()
    records = [each for each in study.journal.read() if each.plan.number in built.stack.members]
    configs = {each.plan.number: each.plan.config for each in records if each.plan.config.uses_image}
    lacks = missing_roles(manifest.images, manifest.cases.index, roles).mean(axis=0)
    facts = []
    for role, share in zip(roles, lacks.tolist(), strict=True):
        seen_by = [number for number, config in configs.items() if role in (config.roles or roles)]
        towers = [number for number in seen_by if configs[number].towers]
        count = int((manifest.images["role"] == role).sum())
        facts.append(CardRole(role, count, share, tuple(seen_by), tuple(towers)))
    return tuple(facts)


SHOWN_RECIPE = ("mode", "epochs", "learning_rate", "optimizer", "loss", "augmentation", "colour", "wise")


def card_tunings(study: Study, built: BuiltStack, networks: Sequence[Network]) -> tuple[CardTuning, ...]:
    """Return which networks of the stack were tuned, and how."""
    members = set(built.stack.members)
    configs = [record.plan.config for record in study.journal.read() if record.plan.number in members]
    tunings = []
    for outcome in (each for this in study.rounds.read() for each in this.tuned):
        together = [each for each in networks if each.id.together == outcome.tuned]
        ways = dict.fromkeys(
            config.way for config in configs if outcome.tuned in [each.together for each in config.networks]
        )
        recipe = outcome.step.tuning.recipe.facts
        shown = {key: str(recipe[key]) for key in SHOWN_RECIPE if recipe[key] != ""}
        if together:
            tunings.append(CardTuning(outcome.tuned.title, len(together), shown, tuple(ways)))
    return tuple(tunings)


def card_subgroups(
    study: Study, built: BuiltStack, material: Material, point: OperatingPoint | None
) -> list[Subgroup]:
    """Return the stack's out-of-fold figures by the levels of metadata, source and what was quarantined."""
    return subgroup_figures(
        material.labels,
        built.deployed,
        material.groups,
        development_levels(study, material),
        threshold=None if point is None else point.threshold,
    )
