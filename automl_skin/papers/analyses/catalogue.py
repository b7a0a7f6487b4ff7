"""The analyses by name: what a report shows besides its tables.

An analysis is a function of the variant's results and of its options as keywords. It writes its pictures into
``context.folder`` and returns a section of the report. To add one is to add a function and a line here.
"""

from collections.abc import Callable
from inspect import Parameter, signature

from automl_skin.errors import ConfigError
from automl_skin.papers.analyses.box_plot import box_plot
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
from automl_skin.papers.study_file import AnalysisCall

ANALYSES: dict[str, Callable[..., Section]] = {
    "roc": roc,
    "precision_recall": precision_recall,
    "confusion": confusion,
    "box_plot": box_plot,
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


def check_call(call: AnalysisCall) -> None:
    """Refuse a call that cannot be run, before anything is computed.

    Raises
    ------
    ConfigError
        If the analysis or one of its options is unknown, or an option that it needs is missing.
    """
    if call.name not in ANALYSES:
        raise ConfigError(f"analysis: expected one of {', '.join(ANALYSES)}, got {call.name!r}")
    _, *options = signature(ANALYSES[call.name]).parameters.values()
    known = [option.name for option in options]
    unknown = [name for name in call.options if name not in known]
    if unknown:
        raise ConfigError(
            f"analysis {call.name}: expected the options {', '.join(known)}, got {unknown[0]!r}"
        )
    needed = [option.name for option in options if option.default is Parameter.empty]
    missing = [name for name in needed if name not in call.options]
    if missing:
        raise ConfigError(f"analysis {call.name}: give the option {missing[0]!r}, which it needs")


def run_analysis(call: AnalysisCall, context: ReproduceContext) -> Section:
    """Return what an analysis shows of a variant."""
    return ANALYSES[call.name](context, **call.options)
