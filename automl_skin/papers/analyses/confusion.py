"""Confusion matrices of a variant's cells side by side, normalised by the true class."""

from collections.abc import Mapping
from typing import Any

from automl_skin.evaluation.plots.confusions import confusions_plot
from automl_skin.papers.analyses.models import check_options, chosen_models, save_picture
from automl_skin.papers.context import ReproduceContext, Section

OPTIONS = ("cells", "locked", "title", "file", "note")


def confusion(context: ReproduceContext, options: Mapping[str, Any]) -> Section:
    """Draw confusion matrices; decisions are for the most probable class.

    Parameters
    ----------
    context : ReproduceContext
    options : mapping
        ``cells``, ``locked``: see `chosen_models`; ``title``, ``file``; ``note``: what the paper's matrices showed.
    """
    check_options("confusion", options, OPTIONS)
    title = str(options.get("title", "Confusion matrices"))
    chosen = chosen_models(context, options)
    note = "\n\n".join(filter(None, [str(options.get("note", "")), chosen.note]))
    if not chosen.parts:
        return Section(title, note)
    counted = (
        "in brackets the mean number of cases over the chains"
        if chosen.locked
        else "in brackets the number of cases of all folds"
    )
    picture = save_picture(
        context,
        str(options.get("file", "confusion")),
        confusions_plot(chosen.parts, context.classes, pooled=not chosen.locked),
    )
    return Section(title, f"{note}\n\nShares of the true class, {counted}.", (picture,))
