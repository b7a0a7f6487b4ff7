"""A bundle as MLflow serves it: the loader that a registered model names.

MLflow calls `_load_pyfunc` with the bundle's folder and `Service.predict` with rows as a client sent them. MLflow
itself is not imported, and nothing in the bundle is executed.

A row has the bundle's metadata fields, each of which may be absent or null, and a column ``image``: the bytes of
an image file in base64 (a ``data:`` URL is taken as well), or, where the environment variable
``AUTOML_SKIN_IMAGE_ROOT`` was set when the server started, the path of an image below that folder. A bundle with
several kinds of photograph has the columns ``image_<role>`` instead.
"""

import base64
import binascii
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_skin.data.metadata import Kind, clean_metadata
from automl_skin.data.table import id_text
from automl_skin.errors import ConfigError, ImageError
from automl_skin.export.facts import BundleFacts
from automl_skin.export.predictor import Photograph, Predictor
from automl_skin.images.folder import ImageFolder
from automl_skin.scoring.decide import Wishes, decide

IMAGE_ROOT = "AUTOML_SKIN_IMAGE_ROOT"
"""Environment variable, read once when the model is loaded."""

IMAGE = "image"
NO_IMAGE = "no image was given"


class Service:
    """Answers rows with probabilities, decisions and flags.

    Parameters
    ----------
    predictor : Predictor
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
        model_input : DataFrame of n_rows rows
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
        kinds: dict[str, Kind] = dict(facts.kinds)  # type: ignore[arg-type]  # "number" or "category", from a checked file
        metadata, _ = clean_metadata(model_input.reset_index(drop=True), kinds)
        prediction = self.predictor.predict(metadata.set_axis(cases), self.photographs(rows))
        columns: dict[str, list[Any]] = {
            name: [float(value) if np.isfinite(value) else None for value in values]
            for name, values in probability_columns(facts, prediction.probabilities).items()
        }
        columns["decision"] = decide(facts, prediction.probabilities, Wishes())
        columns["flags"] = [";".join(flags) for flags in prediction.flags]
        scored = ~np.isnan(prediction.probabilities[:, 0])
        columns["problem"] = [
            _problem(case, prediction.problems) or ("" if is_scored else NO_IMAGE)
            for case, is_scored in zip(cases, scored, strict=True)
        ]
        return pd.DataFrame(columns, index=model_input.index, dtype=object)

    def photographs(self, rows: pd.DataFrame) -> list[Photograph]:
        """Return the images of rows; one that cannot be read says why."""
        found = []
        for column, role in image_columns(self.predictor.facts).items():
            values = id_text(rows[column]) if column in rows else pd.Series(pd.NA, index=rows.index)
            for case, value in values.items():
                name = str(case) if column == IMAGE else f"{case}, {column}"
                found.append(self._photograph(str(case), role, name, value))
        return [each for each in found if each is not None]

    def _photograph(self, case: str, role: str, name: str, value: Any) -> Photograph | None:
        if pd.isna(value):
            return None
        try:
            return Photograph(case, role, name, self._content(str(value)))
        except ImageError as error:
            return Photograph(case, role, name, None, str(error))

    def _content(self, value: str) -> bytes:
        """Return the bytes that a client sent or named.

        Raises
        ------
        ImageError
            If it is neither base64 nor a file below the root; the message says nothing of the server's folders.
        """
        if value.startswith("data:"):
            value = value.partition(",")[2]
        if "." in value or "\\" in value:  # base64 has neither, and file names of images have a suffix
            return self._read(value)
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error as error:
            message = "image must be the bytes of an image file in base64, or a path with its suffix, and is neither"
            raise ImageError(message) from error

    def _read(self, path: str) -> bytes:
        if self.images is None:
            message = (
                f"this server takes no paths: send the image in base64, or start it with {IMAGE_ROOT}=FOLDER"
            )
            raise ImageError(message)
        try:
            return self.images.read(path)
        except ImageError:
            message = (
                f"{path!r} must be the path of a readable file below the server's image folder and is not"
            )
            raise ImageError(message) from None  # the cause names the server's folders


def image_columns(facts: BundleFacts) -> dict[str, str]:
    """Return the columns that take images, with their roles."""
    roles = facts.image_roles
    return {IMAGE: roles[0]} if len(roles) == 1 else {f"{IMAGE}_{role}": role for role in roles}


def probability_columns(facts: BundleFacts, probabilities: Any) -> dict[str, Any]:
    """Return the columns of the answer that hold probabilities, from an array of shape (n_rows, n_classes)."""
    if facts.is_binary:
        return {"probability": probabilities[:, 1]}
    return {f"probability_{name}": probabilities[:, label] for label, name in enumerate(facts.classes)}


def _problem(case: str, problems: dict[str, str]) -> str:
    own = [why for name, why in problems.items() if name == case or name.startswith(f"{case}, ")]
    return "; ".join(own)


def _load_pyfunc(data_path: str) -> Service:
    """Load the bundle in `data_path`; the name that MLflow looks for."""
    root = os.environ.get(IMAGE_ROOT)
    if root is not None and not Path(root).is_dir():
        raise ConfigError(f"{IMAGE_ROOT} must be the folder of the images; {root!r} is none")
    return Service(Predictor.load(Path(data_path)), ImageFolder(Path(root)) if root else None)
