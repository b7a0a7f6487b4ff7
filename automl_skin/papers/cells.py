"""From a planned cell to a trial: the answers that it gives the search space.

A cell says what a run's parameters say; here that becomes the space's questions. Every answer is asked
for and taken: a slip in a name or a value out of range is an error, never a silent default.
"""

from dataclasses import replace

from automl_skin.chains.config import FUSIONS, OWN, WAYS, ChainConfig
from automl_skin.errors import ConfigError
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.heads.space import Categorical, Integer, Range, Value
from automl_skin.networks import NetworkId
from automl_skin.papers.planned import PlannedCell
from automl_skin.papers.study_file import Cell
from automl_skin.search.propose import Proposal
from automl_skin.search.space import Given, SpaceOptions, choose_chain
from automl_skin.search.trial import TrialPlan

PLACES = ("backbone", "recipe", "tuning", "way", "fusion", "head")
"""Answers that say which networks and which kind of chain; all others are questions of the space by their names."""


class AsPublished(Given):
    """Answers of a cell. A paper's number may lie beyond what a search tries; a word must be one of those on offer."""

    def choose(self, name: str, values: Range, default: Value) -> Value:
        """Return the given answer, or the default where none was given that can be taken."""
        self.asked[name] = values
        answer = self.answers.get(name, default)
        self.params[name] = answer if can_be_taken(values, answer) else default
        return self.params[name]


def can_be_taken(values: Range, answer: Value) -> bool:
    """Return whether a cell may give an answer: one of the words, or any number of the kind, not below 0.

    Examples
    --------
    >>> can_be_taken(Integer(16, 192), 1024), can_be_taken(Integer(16, 192), 0.5)
    (True, False)
    """
    if isinstance(values, Categorical) or isinstance(answer, bool):
        return values.accepts(answer)
    kinds = int if isinstance(values, Integer) else int | float
    return isinstance(answer, kinds) and answer >= 0


def proposal_of(planned: PlannedCell, options: SpaceOptions, pixels: str) -> Proposal:
    """Return the trial of a cell.

    Parameters
    ----------
    options : SpaceOptions
        Of the study, of which labels and metadata are taken.
    pixels : str
        Name of the recipe that the cell's network sees.

    Raises
    ------
    ConfigError
        If an answer was not asked for, or is none of those on offer.
    """
    cell = planned.cell
    own = _options_of(planned, options, pixels)
    chooser = AsPublished(_answers(planned, own))
    chain = choose_chain(chooser, own)
    _check(cell, chooser, chain)
    params = {name: chooser.params[name] for name in chooser.params}
    return Proposal(TrialPlan(0, "cell", cell.name, params, replace(chain, fields=cell.fields)), None)


def _options_of(planned: PlannedCell, options: SpaceOptions, pixels: str) -> SpaceOptions:
    """Return a space of one network, with all fusions and heads."""
    name = planned.backbone.name if planned.backbone else ""  # no chain of metadata alone asks for it
    tuned = (NetworkId(name, pixels, planned.tuning.name),) if planned.tuning else ()
    way = planned.way
    if way and way not in WAYS:
        raise ConfigError(
            f"the way of the cell {planned.cell.name!r}: expected one of {', '.join(WAYS)}, got {way!r}"
        )
    return replace(
        options,
        backbones=(name,),
        recipes=(pixels,),
        families=tuple(FAMILIES),
        fusions=tuple(FUSIONS),
        tuned=tuned,
        ways=(way,) if tuned else (),
    )


def _answers(planned: PlannedCell, options: SpaceOptions) -> dict[str, Value]:
    """Return the answers by the names of the space's questions."""
    choose = dict(planned.cell.choose)
    answers: dict[str, Value] = {name: value for name, value in choose.items() if name not in PLACES}
    fusion = str(choose.get("fusion", "image" if planned.way == OWN else "concat"))
    question = {OWN: "own_fusion", "": "fusion"}.get(planned.way, "tuned_fusion")
    answers[question] = fusion
    if planned.tuning:
        answers["tuning"] = str(options.tuned[0])
    if "head" in choose:
        answers["neural_head" if FUSIONS[fusion].neural else "head"] = choose["head"]
    return answers


def _check(cell: Cell, chooser: AsPublished, chain: ChainConfig) -> None:
    """Refuse a cell whose chain is not what it says."""
    said = {"fusion": chain.fusion, "head": chain.family, "way": chain.way}
    wrong = {name: got for name, got in said.items() if cell.choose.get(name, got) != got}
    if wrong:
        name, got = next(iter(wrong.items()))
        raise ConfigError(
            f"the cell {cell.name!r}: expected {name} = {got!r}, as its other answers and the data allow, "
            f"got {cell.choose[name]!r}"
        )
    for name, value in cell.choose.items():
        if name in PLACES:
            continue
        if name not in chooser.asked:
            raise ConfigError(
                f"the cell {cell.name!r}: expected answers to {', '.join(sorted(chooser.asked))}, got one to {name!r}"
            )
        if not can_be_taken(chooser.asked[name], value):
            raise ConfigError(
                f"the cell {cell.name!r}: expected {name} to be one of {chooser.asked[name]}, got {value!r}"
            )
