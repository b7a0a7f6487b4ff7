"""A grid over the size of a network, as figure S1 of Yap et al. 2018: mean and 95 % interval at every size."""

from collections.abc import Mapping
from typing import Any

from automl_skin.evaluation.plots.size_grid import mean_and_half_width, size_grid_plot
from automl_skin.metrics.catalogue import metric_by_name
from automl_skin.papers.analyses.models import check_options, chosen_models, save_picture
from automl_skin.papers.context import ReproduceContext, Section

OPTIONS = ("sizes", "metrics", "locked", "title", "file")
TITLES = {"log_loss": "Log loss", "average_precision": "Mean average precision", "auc": "AUC"}


def size_grid(context: ReproduceContext, options: Mapping[str, Any]) -> Section:
    """Draw figures of merit over the size of a network.

    Parameters
    ----------
    context : ReproduceContext
    options : mapping
        ``sizes``: by ``"LAYERSxWIDTH"`` (``"0"`` for none) the names of the cells whose folds are averaged there;
        ``metrics``: names in `METRICS` (``["log_loss", "average_precision"]``); ``locked``: see `chosen_models`;
        ``title``, ``file``.
    """
    check_options("size_grid", options, OPTIONS)
    title = str(options.get("title", "Size of the embedding network"))
    found = {
        _size(size): chosen_models(context, {"cells": cells, "locked": options.get("locked", False)})
        for size, cells in options["sizes"].items()
    }
    # a size is comparable with the others only where every cell of it has figures
    whole = {size: chosen for size, chosen in found.items() if chosen.parts and not chosen.missing}
    notes = [f"Not shown: {_named(size)}." for size in found if size not in whole]
    if not whole:
        return Section(title, "\n\n".join(notes))
    metrics = [metric_by_name(name) for name in options.get("metrics", ("log_loss", "average_precision"))]
    panels = {
        TITLES.get(metric.name, metric.name): {
            size: [metric.function(*part) for parts in chosen.parts.values() for part in parts]
            for size, chosen in whole.items()
        }
        for metric in metrics
    }
    picture = save_picture(context, str(options.get("file", "sizes")), size_grid_plot(panels))
    table = _table(panels)
    note = "Points are means over folds and inputs, whiskers 95 % confidence intervals of these means."
    return Section(title, "\n\n".join([note, *notes, table]), (picture,))


def _size(text: str) -> tuple[int, int]:
    layers, _, width = text.partition("x")
    return int(layers), int(width or 0)


def _named(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}" if size[0] else "none"


def _table(panels: Mapping[str, Mapping[tuple[int, int], list[float]]]) -> str:
    sizes = list(next(iter(panels.values())))
    lines = [f"| layers x units | {' | '.join(panels)} |", "|---" * (len(panels) + 1) + "|"]
    for size in sizes:
        figures = (mean_and_half_width(values[size]) for values in panels.values())
        lines.append(
            f"| {_named(size)} | {' | '.join(f'{mean:.3f} ± {half:.3f}' for mean, half in figures)} |"
        )
    return "\n".join(lines)
