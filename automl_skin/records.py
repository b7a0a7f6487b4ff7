"""Whether a record that was read from a file holds what its class declares."""

from collections.abc import Hashable
from functools import cache
from typing import Any, cast

from automl_skin.errors import IntegrityError


def check_record(record: Any) -> None:
    """Check the fields of a dataclass, and of those inside it, against their declared types.

    A dataclass takes whatever it is given. JSON that somebody else wrote may hold a text where a number belongs;
    that would be met later, or by a library that trusts it. A whole number passes for a float, and nothing else
    is converted; a float is finite.

    Parameters
    ----------
    record : dataclass
        Fields of type `Any` are not looked into.

    Raises
    ------
    IntegrityError
        The message names the first field that does not hold it.
    """
    from pydantic import ValidationError

    try:
        _adapter(cast("Hashable", type(record))).validate_python((record,))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        found = repr(first["input"])[:80]
        message = f"{type(record).__name__}.{where}: {first['msg'].lower()}, got {found}"
        raise IntegrityError(message) from error


@cache
def _adapter(kind: Hashable) -> Any:
    from pydantic import ConfigDict, TypeAdapter

    # a tuple around it, since pydantic takes no configuration for a dataclass itself
    config = ConfigDict(
        strict=True, revalidate_instances="always", allow_inf_nan=False, arbitrary_types_allowed=True
    )
    return TypeAdapter(tuple[kind], config=config)  # type: ignore[valid-type]
