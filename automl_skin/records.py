"""Frozen dataclasses as JSON: written field by field, read with every field checked against its declared type.

A dataclass takes whatever it is given. JSON that somebody else wrote may hold a text where a number belongs; that would
be met later, or by a library that trusts it. Reading is strict: an integer passes for a float, a list for a tuple, and
nothing else is converted; a field that is missing or unknown is an error; a float is finite unless it is a
`NullableFloat`. pydantic does the work and is imported when it is needed.
"""

import json
import math
from collections.abc import Hashable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from automl_skin.digests import Json
from automl_skin.errors import IntegrityError
from automl_skin.files import read_json, write_json

Record = TypeVar("Record")


class _NanAsNull:
    """Writes NaN as null, and reads null as NaN."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic import AllowInfNan, BeforeValidator, PlainSerializer

        def read(value: Any) -> Any:
            return math.nan if value is None else value

        def write(value: float) -> float | None:
            return None if math.isnan(value) else value

        parts = (AllowInfNan(True), BeforeValidator(read), PlainSerializer(write))
        return handler.generate_schema(Annotated[(float, *parts)])


NullableFloat = Annotated[float, _NanAsNull()]
"""A float that may be NaN, which JSON has no number for: null in a file."""


def to_plain(record: Any) -> Json:
    """Return a dataclass as JSON values: an object per dataclass, a list per tuple.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Point:
    ...     sides: tuple[int, ...]
    ...     share: NullableFloat
    >>> to_plain(Point((3, 4), math.nan))
    {'sides': [3, 4], 'share': None}
    >>> from_plain(Point, {"sides": [3, 4], "share": None}, "a file")
    Point(sides=(3, 4), share=nan)
    """
    kind = cast("Hashable", type(record))
    (plain,) = _adapter(kind).dump_python((record,), mode="json")
    return cast("Json", plain)


def from_plain(kind: type[Record], value: Json, where: str) -> Record:
    """Return the dataclass `kind` that JSON values stand for.

    Parameters
    ----------
    kind : type
    value : JSON value
        As `to_plain` returns it.
    where : str
        File or place that it was read from, for the message.

    Raises
    ------
    IntegrityError
        The message names the first field that is wrong.
    """
    from pydantic import ValidationError

    text = json.dumps([value])  # as JSON, since a strict reader takes lists for tuples there
    try:
        (record,) = _adapter(cast("Hashable", kind)).validate_json(text)
    except ValidationError as error:
        why = "It was changed after it was written, or written by another version"
        raise IntegrityError(f"{where}: {_first_problem(kind, error)}. {why}") from error
    return cast("Record", record)


def write_record(path: Path, record: Any) -> None:
    """Write a dataclass as a JSON file, whole or not at all."""
    write_json(path, to_plain(record))


def read_record(kind: type[Record], path: Path) -> Record:
    """Read a dataclass from a JSON file.

    Raises
    ------
    IntegrityError
        If the file is not JSON, or a field is not of its type; the message names file and field.
    """
    return from_plain(kind, read_json(path), str(path))


def check_record(record: Any) -> None:
    """Check the fields of a dataclass, and of those inside it, against their declared types.

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
        raise IntegrityError(_first_problem(type(record), error)) from error


def _first_problem(kind: type, error: Any) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in (kind.__name__.strip("_"), *first["loc"][1:]))
    found = "" if first["type"] == "missing" else f", got {repr(first['input'])[:80]}"
    return f"{where}: {first['msg'].lower()}{found}"


@cache
def _adapter(kind: Hashable) -> Any:
    from pydantic import ConfigDict, TypeAdapter

    # a tuple around it, since pydantic takes no configuration for a dataclass itself
    config = ConfigDict(
        strict=True,
        extra="forbid",
        revalidate_instances="always",
        allow_inf_nan=False,
        arbitrary_types_allowed=True,
    )
    return TypeAdapter(tuple[kind], config=config)  # type: ignore[valid-type]
