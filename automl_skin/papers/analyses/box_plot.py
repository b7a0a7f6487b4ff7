"""Box plots over folds of one figure of a variant's cells."""

from collections.abc import Mapping
from typing import Any

from automl_skin.evaluation.plots.boxes import box_plot
from automl_skin.evaluation.plots.fold_curves import against_the_rest
from automl_skin.metrics.catalogue import metric_by_name
from automl_skin.papers.analyses.models import check_options, chosen_models, columns_of, save_picture
from automl_skin.papers.context import ReproduceContext, Section

OPTIONS = ("cells", "locked", "metric", "label", "positive", "published", "title", "file")


def boxes(context: ReproduceContext, options: Mapping[str, Any]) -> Section:
    """Draw a box a cell.

    Parameters
    ----------
    context : ReproduceContext
    options : mapping
        ``cells``, ``locked``: see `chosen_models`; ``metric``: name in `METRICS` ("average_precision"); ``label``: what
        the axis calls it; ``positive``: as for `roc`; ``published``: the paper's mean and standard deviation by what a
        reader calls the model; ``title``, ``file``.
    """
    check_options("box_plot", options, OPTIONS)
    metric = metric_by_name(str(options.get("metric", "average_precision")))
    title = str(options.get("title", "Over the folds"))
    chosen = chosen_models(context, options)
    if not chosen.parts:
        return Section(title, chosen.note)
    positive = columns_of(context, options.get("positive", ()))
    values = {
        name: [metric.function(*against_the_rest(part, positive)) for part in parts]
        for name, parts in chosen.parts.items()
    }
    published = {name: (float(mean), float(sd)) for name, (mean, sd) in options.get("published", {}).items()}
    label = str(options.get("label", metric.name.replace("_", " ")))
    picture = save_picture(
        context,
        str(options.get("file", "boxes")),
        box_plot(values, ylabel=label, published=published, title=title),
    )
    return Section(title, chosen.note, (picture,))
