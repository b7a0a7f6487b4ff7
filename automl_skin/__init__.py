"""AutoML for skin-lesion images with clinical metadata.

The steps of the command line as functions::

    import automl_skin

    outcome = automl_skin.run_study(data=("metadata.csv",), images="images", target="dx", positive=("mel",))
    automl_skin.export_study(outcome.study.name, "bundle")
    predictor = automl_skin.load("bundle")

No step is called like a subpackage (``search``, ``export``): importing that would put the module in its place.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from automl_skin.version import __version__

if TYPE_CHECKING:
    from automl_skin.api import (
        check,
        evaluate,
        explain_study,
        export_study,
        leaderboard,
        load,
        report_study,
        run_study,
        score,
    )
    from automl_skin.papers.reproduce import reproduce_study

__all__ = [
    "__version__",
    "check",
    "evaluate",
    "explain_study",
    "export_study",
    "leaderboard",
    "load",
    "report_study",
    "reproduce_study",
    "run_study",
    "score",
]
_STEPS = __all__[1:]
_OF_PAPERS = ("reproduce_study",)


def __getattr__(name: str) -> Any:
    """Import the Python API when it is first asked for: ``import automl_skin`` itself loads nothing heavy."""
    if name in _STEPS:
        module = "automl_skin.papers.reproduce" if name in _OF_PAPERS else "automl_skin.api"
        return getattr(import_module(module), name)
    raise AttributeError(f"module 'automl_skin' has no attribute {name!r}; it has {', '.join(_STEPS)}")
