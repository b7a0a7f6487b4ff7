"""Where two models look, as in figure 2 of Li et al. 2020: cases that both get right, and cases that one gets right."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from automl_skin.explain.chain_score import has_gradient
from automl_skin.papers.analyses.models import check_options, labelled
from automl_skin.papers.context import ReproduceContext, Section
from automl_skin.seeding import generator
from automl_skin.steps.explain_cam import LABEL, HeatOptions, explain_photographs
from automl_skin.steps.explain_heat import ExplainedModel
from automl_skin.steps.understand import silent

OPTIONS = ("cells", "cases", "method", "title")
CASES = 8


def cam(context: ReproduceContext, options: Mapping[str, Any]) -> Section:
    """Draw the activation maps of two models over the same photographs.

    Half of the cases are such that both models find the class, half such that only the second one does, each by the
    chain that was fitted without the case.

    Parameters
    ----------
    context : ReproduceContext
    options : mapping
        ``cells``: names, or what a reader calls them by name, of two cells; ``cases``: how many are shown (8);
        ``method``: "grad-cam" (which is CAM where a linear layer follows the average of the map) or "cam"; ``title``.
    """
    check_options("cam", options, OPTIONS)
    title = str(options.get("title", "Activation maps"))
    names = labelled(options["cells"])
    models = [
        ExplainedModel(label, context.study, record)
        for name, label in names.items()
        if name in context.finished
        and (record := context.finished[name].record) is not None
        and has_gradient(record.plan.config)
    ]
    if len(models) < len(names):
        return Section(title, f"Not drawn: {', '.join(names)} must all have finished, with an image.")
    first, second = list(names)[:2]
    cases, told = chosen_cases(context, first, second, int(options.get("cases", CASES)))
    if not cases:
        return Section(title, f"Not drawn: no case is found by {names[second]}.")
    method = str(options.get("method", "grad-cam"))
    shown = HeatOptions(cases=tuple(cases), n_shown=len(cases), of_class=LABEL, method=method)
    folder = context.folder / "cam"
    explain_photographs(models, shown, folder, silent)
    text = f"{told} Heat is of what speaks for the case's class ({method}); the table is in cam/heat.csv."
    return Section(title, text, (folder / "heat.png",))


def chosen_cases(context: ReproduceContext, first: str, second: str, count: int) -> tuple[list[str], str]:
    """Return cases with an image that both models find, then cases that only the second finds, and how many there are.

    Parameters
    ----------
    context : ReproduceContext
    first, second : str
        Names of finished cells.
    count : int
        At most so many cases, half of each kind where there are enough.
    """
    labels = context.labels
    found = [context.probabilities(name).argmax(axis=1) == labels for name in (first, second)]
    has_image = context.material.inputs.has_image
    both, gained = found[0] & found[1] & has_image, ~found[0] & found[1] & has_image
    lost = int((found[0] & ~found[1]).sum())
    rng = generator(context.study.config.seed, "cam", "cases")
    gained_rows = rng.permutation(np.flatnonzero(gained))[: count // 2]
    both_rows = rng.permutation(np.flatnonzero(both))[: count - len(gained_rows)]
    rows = [*both_rows.tolist(), *gained_rows.tolist()]
    alone = f"{int(gained.sum()):,} by the second alone and {lost:,} by the first alone"
    kinds = f"shown are {len(both_rows)} of the first kind and {len(gained_rows)} of the second"
    told = f"Of {len(labels):,} cases {int(both.sum()):,} are found by both, {alone}; {kinds}."
    return [str(context.material.cases.index[row]) for row in rows], told
