"""Running a variant: prepare, embed, tune what its cells need, and carry out the cells as trials."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from automl_skin.chains.config import ChainConfig
from automl_skin.errors import ConfigError
from automl_skin.networks import NetworkId
from automl_skin.papers.cells import proposal_of
from automl_skin.papers.context import CellResult, ReproduceContext
from automl_skin.papers.locked import open_cells
from automl_skin.papers.planned import PlannedCell, leave_out_cells, uses_image
from automl_skin.papers.variant import OpenedVariant
from automl_skin.search.material import Material
from automl_skin.search.propose import Proposal
from automl_skin.search.trial import TrialRecord
from automl_skin.search.tuning_steps import Decision, StepOutcome, TuningStep
from automl_skin.steps.carry_out import carry_out, request_tuning, restore_material
from automl_skin.steps.embed import embed
from automl_skin.steps.events import (
    Listener,
    RoundBegan,
    RoundEnded,
    StageOneEnded,
    Understood,
    start_progress,
)
from automl_skin.steps.networks import RECIPE_NAMES, ResolvedNetwork, frozen_networks
from automl_skin.steps.prepare import Prepared, is_prepared, prepare, read_prepared
from automl_skin.steps.search import announced
from automl_skin.steps.trials import Phase, n_valid, run_trials, space_options
from automl_skin.study.round_files import Round, outcomes_of
from automl_skin.study.stage_one_file import read_embedded
from automl_skin.study.study import Study

PICTURES = "pictures"


def run_variant(
    opened: OpenedVariant,
    tell: Listener,
    prepared_for: Callable[[Sequence[str]], None],
    *,
    open_again: bool = False,
) -> ReproduceContext:
    """Run or continue a variant to its end, the locked cases included.

    Parameters
    ----------
    prepared_for : callable
        Is told the classes, before anything is computed.
    open_again : bool
        Open the locked cases although they were opened for other cells.

    Raises
    ------
    AutomlSkinError
        With what is finished kept; the same call continues.
    """
    study = opened.study
    if not is_prepared(study):
        tell(Understood(study, prepare(study, tell)))
    prepared = read_prepared(study)
    if prepared.manifest.target is not None:
        prepared_for(prepared.manifest.target.classes)
    if opened.own_data:
        opened = replace(opened, cells=leave_out_cells(opened.cells, prepared.manifest))
    stage_one = embed(prepared, tell, _networks_of(opened))
    material = Material.read(study.material)
    tell(StageOneEnded(study, stage_one, material))
    _check_cells(opened, material)
    with announced(study, tell):
        outcomes, material = tune_cells(opened, prepared, material, tell)
        trials = [_trial_of(opened, each, outcomes, material) for each in opened.cells]
        phase = _phase(study, material, [each for each in trials if isinstance(each, Proposal)])
        total = n_valid(study.journal.read()) + len(phase.fixed)
        records = (
            run_trials(study, material, tell, phases=[phase], until=total)
            if phase.fixed
            else study.journal.read()
        )
    results = {
        planned.cell.name: _result(study, planned, trial, records)
        for planned, trial in zip(opened.cells, trials, strict=True)
    }
    pictures = study.folder / PICTURES
    context = ReproduceContext(
        opened.variant, study, material, prepared.manifest, results, pictures, None, opened.changes
    )
    locked = open_cells(
        context, start_progress(tell, "Fitting the cells for the locked cases"), again=open_again
    )
    return replace(context, locked=locked)


def _networks_of(opened: OpenedVariant) -> list[ResolvedNetwork]:
    """Return what is embedded: nothing where none of the variant's cells, run or not, sees an image.

    A study that was begun with embeddings keeps them: its trials are of a material that has them.
    """
    study = opened.study
    if any(uses_image(each.cell) for each in opened.cells) or read_embedded(study):
        return frozen_networks(study.config)
    return []


def _check_cells(opened: OpenedVariant, material: Material) -> None:
    """Find slips in cells before hours of tuning.

    Raises
    ------
    ConfigError
        If a cell cannot become a trial.
    """
    options = space_options(opened.study, material)
    for planned in opened.cells:
        if not planned.not_run:
            _check_fields(planned, material)
            proposal_of(planned, options, recipe_of(opened))


def _check_fields(planned: PlannedCell, material: Material) -> None:
    cell = planned.cell
    unknown = [name for name in cell.fields if name not in material.kinds]
    if unknown:
        raise ConfigError(
            f"the fields of the cell {cell.name!r}: expected metadata of the study ({', '.join(material.kinds)}), "
            f"got {', '.join(unknown)}"
        )


def _trial_of(
    opened: OpenedVariant,
    planned: PlannedCell,
    outcomes: Mapping[NetworkId, StepOutcome],
    material: Material,
) -> Proposal | str:
    """Return the trial of a cell, or why it has none."""
    if planned.not_run:
        return planned.not_run
    pixels, step = recipe_of(opened), step_of(planned, recipe_of(opened))
    if step is not None:
        outcome = outcomes[step.tuned]
        if outcome.state != "finished":
            return f"tuning {step.title} {outcome.state}: {outcome.reason}"
        pixels = outcome.tuned.recipe
    return proposal_of(planned, space_options(opened.study, material), pixels)


def _phase(study: Study, material: Material, trials: Sequence[Proposal]) -> Phase:
    """Return the trials that are still to be carried out; cells of one chain are one trial."""
    records = study.journal.read()
    done = {record.plan.config for record in records if record.state == "finished"}
    left: dict[ChainConfig, Proposal] = {}
    for trial in trials:
        if trial.plan.config not in done:
            left.setdefault(trial.plan.config, trial)
    return Phase(len(records), tuple(left.values()), space_options(study, material), open_ended=False)


def _result(
    study: Study, planned: PlannedCell, trial: Proposal | str, records: Sequence[TrialRecord]
) -> CellResult:
    """Return what came of a cell: the last trial of its chain."""
    cell, changed = planned.cell, planned.changed
    if isinstance(trial, str):
        return CellResult(cell, "not run", trial, changed=changed)
    mine = [record for record in records if record.plan.config == trial.plan.config]
    finished = [record for record in mine if record.state == "finished"]
    if not finished:
        reason = mine[-1].reason if mine else "the trials ended before it"
        return CellResult(cell, "failed", reason, mine[-1] if mine else None, changed=changed)
    record = finished[-1]
    predictions = study.journal.predictions(record.plan.number)
    return CellResult(cell, "finished", "", record, predictions, changed)


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
    """Tune the networks that are not tuned yet.

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
        material = restore_material(prepared, material, rounds, tell)
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
        outcomes = carry_out(prepared, this, request, tell)
        this = replace(this, outcomes=tuple(outcomes), begins_at=len(study.journal.read()))
        files.write(this)
        tell(RoundEnded(study, this))
    return _outcomes([*rounds, this]), Material.read(study.material)


def _outcomes(rounds: Sequence[Round]) -> dict[NetworkId, StepOutcome]:
    return {each.step.tuned: each for each in outcomes_of(rounds)}


def _needed(opened: OpenedVariant) -> Mapping[NetworkId, TuningStep]:
    steps = [step_of(each, recipe_of(opened)) for each in opened.cells]
    return {step.tuned: step for step in steps if step is not None}
