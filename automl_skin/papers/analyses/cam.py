"""Where two models look, as in figure 2 of Li et al. 2020: cases that both get right, and cases that one gets right."""

from typing import Literal

import numpy as np

from automl_skin.papers.analyses.heatmap_index import find_explained
from automl_skin.papers.analyses.models import Cells, name_models
from automl_skin.papers.context import ReproduceContext, Section
from automl_skin.seeding import generator
from automl_skin.steps.events import silent
from automl_skin.steps.explain_cam import explain_photographs
from automl_skin.steps.explain_options import LABEL, HeatOptions


def cam(
    context: ReproduceContext,
    *,
    cells: Cells,
    cases: int = 8,
    method: Literal["grad-cam", "cam"] = "grad-cam",
    title: str = "Activation maps",
) -> Section:
    """Draw the activation maps of two models over the same photographs.

    Half of the cases are such that both models find the class, half such that only the second one does, each by the
    chain that was fitted without the case.

    Parameters
    ----------
    cells
        Two of them; see `name_models`.
    cases : int
        How many are shown.
    method : {"grad-cam", "cam"}
        Grad-CAM is CAM where a linear layer follows the average of the map.
    """
    names = name_models(context, cells)
    models = find_explained(context, names)
    if len(models) < len(names):
        return Section(title, f"Not drawn: {', '.join(names)} have not all finished, or one sees no image.")
    first, second = list(names)[:2]
    chosen, told = choose_cases(context, first, second, cases)
    if not chosen:
        return Section(title, f"Not drawn: {names[second]} finds no case.")
    shown = HeatOptions(cases=tuple(chosen), n_shown=len(chosen), of_class=LABEL, method=method)
    folder = context.folder / "cam"
    explain_photographs(models, shown, folder, silent)
    text = f"{told} Heat is of what speaks for the case's class ({method}); the table is in cam/heat.csv."
    return Section(title, text, (folder / "heat.png",))


def choose_cases(context: ReproduceContext, first: str, second: str, count: int) -> tuple[list[str], str]:
    """Return cases with an image that both models find, then cases that only the second finds, and how many there are.

    Parameters
    ----------
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
