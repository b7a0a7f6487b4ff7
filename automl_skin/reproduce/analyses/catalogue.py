"""The analyses by name: what a report shows besides its tables."""

from collections.abc import Callable, Mapping
from typing import Any

from automl_skin.errors import ConfigError
from automl_skin.reproduce.context import ReproduceContext, Section

Analysis = Callable[[ReproduceContext, Mapping[str, Any]], Section]
"""``(context, options) -> section``; pictures are written into ``context.folder``."""

ANALYSES: dict[str, Analysis] = {}


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
