"""The check that no tuned network says anything of cases that tuned it."""

from collections.abc import Sequence

from automl_skin.chains.config import LOGITS, ROTATION, ChainConfig, rotated
from automl_skin.chains.inputs import CaseInputs
from automl_skin.embeddings.key import check_tuned_on
from automl_skin.errors import LeakageError


def scored_folds(config: ChainConfig, fold: int, n_folds: int) -> list[tuple[str, tuple[int, ...]]]:
    """Return the networks that the chain of a fold needs, each with the folds that it must not have seen.

    The rows that the head of `rotation` is fitted on, and each row whose logits are a column of `logits`, count as
    scored: the network has not seen them either.
    """
    folds = range(n_folds) if config.way == LOGITS else [fold]
    unseen = (fold, rotated(fold, n_folds)) if config.way == ROTATION else None
    return [(name, unseen or (each,)) for each in folds for name in config.image_names(each, n_folds)]


def check_applied(names: Sequence[str], inputs: CaseInputs, plan_digest: str) -> None:
    """Refuse to score locked cases with networks that were tuned under another plan, which may not have locked them.

    Raises
    ------
    LeakageError
        If one was.
    """
    for name in names:
        if name in inputs.tuned_on:
            check_tuned_on(inputs.tuned_on[name], plan_digest, None)


def check_networks(
    config: ChainConfig, fold: int, n_folds: int, inputs: CaseInputs, plan_digest: str
) -> None:
    """Refuse to fit a chain for a fold on networks that have seen what they must not have seen.

    Parameters
    ----------
    config : ChainConfig
    fold : int
        In which the chain is going to be measured.
    n_folds : int
    inputs : CaseInputs
        Of the development cases.
    plan_digest : str
        Of the study's fold plan.

    Raises
    ------
    LeakageError
        If a tuned network does not say which rows tuned it, was tuned under another plan, or on these folds.
    """
    for name, unseen in scored_folds(config, fold, n_folds):
        tuned_on = inputs.tuned_on.get(name)
        if tuned_on is None and config.is_tuned:
            message = f"{name}: expected a record of the cases that tuned it, got none"
            raise LeakageError(f"{message}; tune it again under this plan")
        if tuned_on is not None:
            for each in unseen:
                check_tuned_on(tuned_on, plan_digest, each)
