"""A bundle as MLflow serves it: the loader that a registered model names.

MLflow calls `_load_pyfunc` with the bundle's folder and `Service.predict` with rows as a client sent them. MLflow
itself is not imported, and nothing in the bundle is executed.

A row has the bundle's metadata fields, each of which may be absent or null, and a column ``image``: the bytes of
an image file in base64 (with line breaks, without padding, in the URL's alphabet, or as a ``data:`` URL), or, where the
environment variable ``AUTOML_SKIN_IMAGE_ROOT`` was set when the server started, the path of an image below that folder.
A bundle with several kinds of photograph has the columns ``image_<role>`` instead. A row is a case, so that a field of
a photograph has one column per kind, named as in the bundle: ``hair@dermoscopic`` and ``hair@close-up``. A bundle that
sees no photographs has none of these columns; one that needs given vectors has a column by the name of each (or
``<name>_<role>``), a list of numbers.

Of a path that gives no image an answer says nothing more: not whether there is a file, nor what it holds.
"""

import base64
import binascii
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np
import pandas as pd

from automl_skin.arrays import Float32Array
from automl_skin.errors import ConfigError, ImageError
from automl_skin.export.facts import BundleFacts
from automl_skin.export.predictor import CaseImage, Predictor
from automl_skin.images.folder import MAX_IMAGE_BYTES, ImageFolder
from automl_skin.scoring.columns import IMAGE, image_columns, vector_columns
from automl_skin.scoring.decide import ScoringOptions, decide

IMAGE_ROOT = "AUTOML_SKIN_IMAGE_ROOT"
"""Environment variable, read once when the model is loaded."""

NO_IMAGE = "no image was given"
NO_VECTOR = "no vector was given"
NO_METADATA = "no metadata were given"
NO_IMAGE_THERE = "expected the path of a readable image below the server's image folder, got none"

_TO_STANDARD = str.maketrans("-_", "+/")
_BLANKS = re.compile(r"\s+")


class Service:
    """Answers rows with probabilities, decisions and flags.

    Parameters
    ----------
    images : ImageFolder or None
        Where paths are looked up; None refuses paths.
    """

    def __init__(self, predictor: Predictor, images: ImageFolder | None = None) -> None:
        self.predictor = predictor
        self.images = images

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """Score rows.

        Parameters
        ----------
        params : dict, optional
            Taken because MLflow may give it; there are none.

        Returns
        -------
        DataFrame of n_rows rows
            ``probability`` (or ``probability_<class>``), ``decision``, ``flags`` and ``problem``: why there is no
            probability, empty where there is one. The same numbers as `automl-skin score` gives.
        """
        facts = self.predictor.facts
        cases = pd.Index([f"row {number}" for number in range(1, len(model_input) + 1)])
        rows = model_input.set_axis(cases)
        fields = rows[[name for name in facts.kinds if name in rows]]
        prediction = self.predictor.predict(fields, self.photographs(rows))
        columns: dict[str, list[Any]] = {
            name: [float(value) if np.isfinite(value) else None for value in values]
            for name, values in probability_columns(facts, prediction.probabilities).items()
        }
        columns["decision"] = decide(facts, prediction.probabilities, ScoringOptions())
        columns["flags"] = [";".join(flags) for flags in prediction.flags]
        scored = ~np.isnan(prediction.probabilities[:, 0])
        columns["problem"] = [
            self._problem(case, row, prediction.problems) or ("" if is_scored else self._nothing)
            for (case, row), is_scored in zip(rows.iterrows(), scored, strict=True)
        ]
        return pd.DataFrame(columns, index=model_input.index, dtype=object)

    @property
    def _nothing(self) -> str:
        facts = self.predictor.facts
        return NO_IMAGE if facts.photographs else NO_VECTOR if facts.given else NO_METADATA

    def photographs(self, rows: pd.DataFrame) -> Iterator[CaseImage]:
        """Yield the images of rows, one by one; one that cannot be read says why."""
        for case, row in rows.iterrows():
            for role, column in self._columns.items():
                vectors = self._vectors(row, role)
                value = row.get(column) if self.predictor.facts.photographs else None
                if vectors or not is_absent(value):
                    name = photograph_name(str(case), column)
                    yield self._photograph(str(case), role, name, value, vectors)

    @property
    def _columns(self) -> dict[str, str]:
        """The column by which messages call the photograph of each role: that of the image, else of a vector."""
        facts = self.predictor.facts
        columns = {role: column for column, role in image_columns(facts).items()}
        for given in facts.given:
            for column, roles in vector_columns(facts, given).items():
                columns |= {role: column for role in roles if role not in columns}
        return columns

    def _vectors(self, row: "pd.Series[Any]", role: str) -> dict[str, Float32Array]:
        """Return the given vectors of a row's photograph; one that is no list of numbers is empty."""
        vectors = {}
        for given in self.predictor.facts.given:
            for column, roles in vector_columns(self.predictor.facts, given).items():
                value = row.get(column)
                if role in roles and not is_absent(value):
                    vectors[given.title] = as_vector(value)
        return vectors

    def _photograph(
        self, case: str, role: str, name: str, value: object, vectors: dict[str, Float32Array]
    ) -> CaseImage:
        if is_absent(value):
            problem = NO_IMAGE if self.predictor.facts.photographs else ""
            return CaseImage(case, role, name, None, problem, vectors)
        try:
            content = value if isinstance(value, bytes) else self._read(str(value).strip())
        except ImageError as error:
            return CaseImage(case, role, name, None, str(error))
        return CaseImage(case, role, name, content, vectors=vectors)

    def _read(self, value: str) -> bytes:
        """Return the bytes that a client sent in base64 or named; a message says nothing of the server's folders."""
        if not is_path(value):
            return decode_base64(value)
        if self.images is None:
            message = (
                f"this server takes no paths: send the image in base64, or start it with {IMAGE_ROOT}=FOLDER"
            )
            raise ImageError(message)
        try:
            return self.images.read(value)
        except (ImageError, UnicodeEncodeError):
            raise ImageError(NO_IMAGE_THERE) from None  # the cause names the server's folders

    def _problem(self, case: object, row: "pd.Series[Any]", problems: dict[str, str]) -> str:
        """Return why photographs of a row could not be used; of a file of the server not what it is."""
        own = []
        for column in self._columns.values():
            why = problems.get(photograph_name(str(case), column))
            if why is not None:
                given = str(row.get(column, "")) if column in image_columns(self.predictor.facts) else ""
                told = self.images is None or not is_path(given.strip())
                own.append(why if told else f"{photograph_name(str(case), column)}: {NO_IMAGE_THERE}")
        return "; ".join(own)


def photograph_name(case: str, column: str) -> str:
    """Return what messages call the photograph in a column of a row."""
    return case if column == IMAGE else f"{case}, {column}"


def is_absent(value: Any) -> bool:
    """Return whether a cell gives no image."""
    if isinstance(value, str):
        return not value.strip()
    return pd.api.types.is_scalar(value) and bool(pd.isna(value))


def as_vector(value: object) -> Float32Array:
    """Return a cell's list of numbers as an array; an empty one where it is something else."""
    try:
        return np.asarray(value, np.float32)
    except (TypeError, ValueError):
        return np.empty(0, np.float32)


def is_path(value: str) -> bool:
    """Return whether a text is meant as a path: base64 has no dot and no backslash, names of images have a suffix."""
    return not value.startswith("data:") and ("." in value or "\\" in value)


def decode_base64(value: str) -> bytes:
    """Return the bytes that a text holds: base64 with or without padding and blanks, in either alphabet, or a data URL.

    Raises
    ------
    ImageError
        If it is none, or longer than an image may be.
    """
    if len(value) > 2 * MAX_IMAGE_BYTES:
        raise ImageError(
            f"expected an image of at most {MAX_IMAGE_BYTES / 1e6:.0f} MB, got more; shrink the image"
        )
    if value.startswith("data:"):
        head, _, body = value.partition(",")
        if not head.lower().endswith(";base64"):
            return unquote_to_bytes(body)
        value = unquote_to_bytes(body).decode("ascii", "replace") if "%" in body else body
    plain = _BLANKS.sub("", value).translate(_TO_STANDARD).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as error:  # ValueError: letters that are no ASCII
        message = "expected the bytes of an image file in base64, or a path with its suffix, got neither"
        raise ImageError(message) from error


def probability_columns(facts: BundleFacts, probabilities: Any) -> dict[str, Any]:
    """Return the columns of the answer that hold probabilities, from an array of shape (n_rows, n_classes)."""
    if facts.is_binary:
        return {"probability": probabilities[:, 1]}
    return {f"probability_{name}": probabilities[:, label] for label, name in enumerate(facts.classes)}


def _load_pyfunc(data_path: str) -> Service:
    """Load the bundle in `data_path`; the name that MLflow looks for."""
    root = os.environ.get(IMAGE_ROOT)
    if root is not None and not Path(root).is_dir():
        raise ConfigError(f"{IMAGE_ROOT}: expected the folder of the images, got {root!r} (not a folder)")
    return Service(Predictor.load(Path(data_path)), ImageFolder(Path(root)) if root else None)
