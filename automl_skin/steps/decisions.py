"""The decisions by class of a study; fixed with its stack, before the locked test set is opened."""

from pathlib import Path

from automl_skin.data.costs import read_costs
from automl_skin.data.target import Target
from automl_skin.errors import IntegrityError
from automl_skin.evaluation.class_decisions import ClassDecisions, ClassRule, choose_decisions, fit_rule
from automl_skin.metrics.f1 import require_binary
from automl_skin.search.material import Material
from automl_skin.steps.events import Listener, Said
from automl_skin.study.config import StudyConfig
from automl_skin.study.facts import Costs
from automl_skin.study.stack_files import BuiltStack, StackDecisions
from automl_skin.study.study import Study
from automl_skin.study.understood import read_understood, target_of

IN_BINARY = {
    "macro_f1": "the mean F1 of the positive and the negative class",
    "macro_f1_largest": "the mean F1 of the positive and the negative class, as macro_f1 is",
    "weighted_f1": "the F1 of the positive and the negative class, weighted by their cases",
}
"""What metrics of several classes mean in a binary study."""


def check_metric(config: StudyConfig, target: Target, tell: Listener) -> Costs | None:
    """Check that the metric suits the target, say what it means in a binary study, and return the costs.

    Raises
    ------
    InputError
        If the metric is of binary targets alone, or the table of costs does not fit the classes.
    """
    if config.metric == "f1":
        require_binary(len(target.classes))
    if target.is_binary and config.metric in IN_BINARY:
        tell(
            Said(
                f"Note: --metric {config.metric} of a binary target is {IN_BINARY[config.metric]}, by one threshold "
                "that is fitted inside; the operating point stays that of --sensitivity. f1 is that of the positive "
                "class alone"
            )
        )
    if not config.costs:
        return None
    matrix = read_costs(Path(config.costs), target.classes)
    return Costs(target.classes, tuple(map(tuple, matrix.tolist())))


def fix_decisions(study: Study, built: BuiltStack, material: Material) -> ClassDecisions | None:
    """Return the study's decisions by class, which are written down the first time.

    None of a binary study whose metric and costs ask for none: its operating point decides.
    """
    costs = study.costs.find()
    if material.n_classes == 2 and study.scored_by().rule_for(2) is None and costs is None:  # binary
        return None
    stored = study.decisions.find()
    if stored is not None and stored.stack == built.stack.digest:
        return stored.decisions
    chosen = choose_decisions(
        material.labels,
        built.deployed,
        material.folds,
        material.groups,
        target_of(read_understood(study)).classes,
        study.config.metric,
        () if costs is None else costs.matrix,
    )
    study.decisions.write(StackDecisions(built.stack.digest, chosen))
    return chosen


def class_rule(
    study: Study, built: BuiltStack, material: Material, *, one_chain: bool = False
) -> ClassRule | None:
    """Return the rule that a bundle gets.

    Parameters
    ----------
    one_chain : bool
        Of a stack of one chain per member, whose answer is no mean over folds: it is fitted on that of single chains.

    Raises
    ------
    IntegrityError
        If the stored rule is not the one that the study's out-of-fold probabilities give.
    """
    decisions = fix_decisions(study, built, material)
    if decisions is None:
        return None
    stored = decisions.rule
    probabilities = built.probabilities if one_chain else built.deployed
    rule = fit_rule(material.labels, probabilities, study.config.metric, stored.costs)
    if not one_chain and rule != stored:
        message = (
            f"{study.decisions.path}: expected the thresholds that the study's out-of-fold probabilities give, got "
            "others. It was changed after it was written; restore it"
        )
        raise IntegrityError(message)
    return rule
