"""Python functions whose keywords are the settings of a study and a few of their own, all of them typed.

A type checker takes the keywords from a dataclass that inherits the settings. ``Unpack`` of a ``TypedDict`` would need
each setting declared a second time.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from automl_skin.settings import AnyPath, Workspace
from automl_skin.study.config import check_names
from automl_skin.study.settings import SETTINGS, StudySettings

Keywords = ParamSpec("Keywords")
Own = TypeVar("Own", bound=StudySettings)
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class PlacedSettings(StudySettings):
    """Settings, and where to work.

    Parameters
    ----------
    workspace, cache : str or path, optional
        The current directory and the user's cache folder by default.
    """

    workspace: AnyPath | None = None
    cache: AnyPath | None = None

    @property
    def place(self) -> Workspace:
        """The workspace with its cache."""
        return Workspace.at(self.workspace, self.cache)


def with_keywords_of(
    kind: Callable[Keywords, Own],
) -> Callable[[Callable[[Own, dict[str, Any]], Result]], Callable[Keywords, Result]]:
    """Give a function the keywords of a dataclass of settings.

    The function is called with an instance of the class, to read what is not a setting, and with the settings that were
    given by name.
    """
    signature = inspect.signature(kind)

    def decorate(function: Callable[[Own, dict[str, Any]], Result]) -> Callable[Keywords, Result]:
        @wraps(function)
        def call(*args: Keywords.args, **keywords: Keywords.kwargs) -> Result:
            check_names({name: None for name in keywords if name not in signature.parameters}, "the call")
            given = {name: value for name, value in keywords.items() if name in SETTINGS}
            return function(kind(*args, **keywords), given)

        call.__signature__ = signature  # type: ignore[attr-defined]  # what help() and inspect show
        return call

    return decorate
