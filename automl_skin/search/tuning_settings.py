"""The settings `tuning` and `tuning_set` of a study, checked before anything is computed."""

from collections.abc import Mapping, Sequence

from automl_skin.errors import ConfigError

NO_TUNING = "none"
AUTO_TUNING = "auto"


def tuning_changes(tuning_set: Sequence[str]) -> dict[str, str]:
    """Return the changes of a tuning by name.

    Raises
    ------
    ConfigError
        If one is not of the form ``name=value``, or a name is given twice.

    Examples
    --------
    >>> tuning_changes(["epochs=6", "loss=focal"])
    {'epochs': '6', 'loss': 'focal'}
    """
    from automl_skin.backbones.tuning.names import read_changes

    return read_changes(tuple(tuning_set), "tuning_set")


def check_tuning(tuning: tuple[str, ...], tuning_set: tuple[str, ...]) -> None:
    """Check names of tunings and what is changed of them.

    Raises
    ------
    ConfigError
        If a name or a change is unknown, or the names contradict each other.
    """
    changes = tuning_changes(tuning_set)
    alone = {NO_TUNING, AUTO_TUNING} & set(tuning)
    if not tuning or (alone and len(tuning) > 1) or len(set(tuning)) < len(tuning):
        raise ConfigError(
            "tuning: expected none, auto, or different names of tunings, such as full and joint; "
            f"got {', '.join(tuning) or 'nothing'}"
        )
    if tuning == (NO_TUNING,) and changes:
        raise ConfigError(
            f"tuning_set: expected no changes, since tuning is none; got {', '.join(tuning_set)}"
        )
    if alone and not changes:
        return
    _check_recipes(("full",) if alone else tuning, changes)


def _check_recipes(names: tuple[str, ...], changes: Mapping[str, str]) -> None:
    from automl_skin.backbones.tuning.names import Tuning

    seen: dict[str, str] = {}
    for name in names:
        digest = Tuning.parse(name, changes).recipe.digest
        if digest in seen:
            raise ConfigError(
                f"tuning: expected different recipes; {seen[digest]!r} and {name!r} are the same one"
            )
        seen[digest] = name
