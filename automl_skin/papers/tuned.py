"""Tuning the networks that a variant's cells need, as one round of the study, written down and told to MLflow."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from automl_skin.networks import NetworkId
from automl_skin.papers.cells import PlannedCell
from automl_skin.papers.variant import OpenedVariant
from automl_skin.search.material import Material
from automl_skin.search.tuning_steps import Decision, StepOutcome, TuningStep
from automl_skin.steps.carry_out import carry_out, request_tuning, restore_material
from automl_skin.steps.events import Listener, RoundBegan, RoundEnded
from automl_skin.steps.networks import RECIPE_NAMES
from automl_skin.steps.prepare import Prepared
from automl_skin.study.round_files import Round, outcomes_of


def recipe_of(opened: OpenedVariant) -> str:
    """Return the name of the recipe of the study's pixels: the first colour constancy of its settings."""
    return RECIPE_NAMES[opened.study.config.colour[0]]


def step_of(planned: PlannedCell, recipe: str) -> TuningStep | None:
    """Return the tuning that a cell needs; None for frozen networks, metadata alone, and what cannot be run."""
    if planned.tuning is None or planned.backbone is None or planned.not_run:
        return None
    return TuningStep(NetworkId(planned.backbone.name, recipe), planned.tuning)


def tune_cells(
    opened: OpenedVariant, prepared: Prepared, material: Material, tell: Listener
) -> tuple[dict[NetworkId, StepOutcome], Material]:
    """Tune what there is not yet.

    Returns
    -------
    outcomes : dict of NetworkId to StepOutcome
        The last one of every tuning, by `TuningStep.tuned`. Those that failed are among them; the next call tries them
        again.
    material : Material
        With the embeddings of the tuned networks.
    """
    study, files = opened.study, opened.study.rounds
    with files.held():
        rounds = [each for each in files.read() if each.is_over]
        material = restore_material(study, prepared, material, rounds, tell)
        for each in rounds:
            tell(RoundEnded(study, each))
        finished = {key for key, outcome in _outcomes(rounds).items() if outcome.state == "finished"}
        steps = [step for key, step in _needed(opened).items() if key not in finished]
        if not steps:
            return _outcomes(rounds), material
        this = Round(len(rounds), Decision("tuning", tuple(steps), "the paper's models need them"))
        files.write(this)
        tell(RoundBegan(study, this))
        request = request_tuning(study, prepared.manifest, prepared.plan)
        outcomes = carry_out(study, prepared, this, request, tell)
        this = replace(this, outcomes=tuple(outcomes), begins_at=len(study.journal.read()))
        files.write(this)
        tell(RoundEnded(study, this))
    return _outcomes([*rounds, this]), Material.read(study.material)


def _outcomes(rounds: Sequence[Round]) -> dict[NetworkId, StepOutcome]:
    return {each.step.tuned: each for each in outcomes_of(rounds)}


def _needed(opened: OpenedVariant) -> Mapping[NetworkId, TuningStep]:
    steps = [step_of(each, recipe_of(opened)) for each in opened.cells]
    return {step.tuned: step for step in steps if step is not None}
