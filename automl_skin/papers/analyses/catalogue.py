"""The analyses by name: what a report shows besides its tables."""

from collections.abc import Callable, Mapping
from typing import Any

from automl_skin.errors import ConfigError
from automl_skin.papers.analyses.box_plot import boxes
from automl_skin.papers.analyses.cam import cam
from automl_skin.papers.analyses.clusters import clusters
from automl_skin.papers.analyses.confusion import confusion
from automl_skin.papers.analyses.curves import precision_recall, roc
from automl_skin.papers.analyses.forest_grid import forest_grid
from automl_skin.papers.analyses.fusion_gains import fusion_gains
from automl_skin.papers.analyses.heatmap_index import heatmap_index
from automl_skin.papers.analyses.locked_intervals import locked_intervals
from automl_skin.papers.analyses.misaligned_labels import misaligned_labels
from automl_skin.papers.analyses.size_grid import size_grid
from automl_skin.papers.analyses.wilcoxon import signed_rank
from automl_skin.papers.context import ReproduceContext, Section

Analysis = Callable[[ReproduceContext, Mapping[str, Any]], Section]
"""``(context, options) -> section``; pictures are written into ``context.folder``."""

ANALYSES: dict[str, Analysis] = {
    "roc": roc,
    "precision_recall": precision_recall,
    "confusion": confusion,
    "box_plot": boxes,
    "size_grid": size_grid,
    "forest_grid": forest_grid,
    "fusion_gains": fusion_gains,
    "misaligned_labels": misaligned_labels,
    "locked_intervals": locked_intervals,
    "clusters": clusters,
    "heatmap_index": heatmap_index,
    "wilcoxon": signed_rank,
    "cam": cam,
}


def analysis_by_name(name: str) -> Analysis:
    """Return an analysis.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if name not in ANALYSES:
        raise ConfigError(f"an analysis must be one of {', '.join(ANALYSES)}; found {name!r}")
    return ANALYSES[name]
