"""Facts of acquisition: how a case came into the collection, which a model can learn in place of the lesion.

Size and quality of the file, camera, date, name, folder, place in the table, and which fields nobody filled in. None
of them is a property of the skin; what they say of the class is a shortcut (surgical ink was one: Winkler et al., JAMA
Dermatology 155:1135, 2019).
"""

import re

import pandas as pd

from automl_skin.data.dates import holds_dates, to_days
from automl_skin.data.manifest import Manifest

PLACE = "place in the table"
"""Of a row; HAM10000's table is sorted by diagnosis. No photograph shows it."""

_EXIF_DATE = "%Y:%m:%d %H:%M:%S"


def acquisition_facts(manifest: Manifest, inspection: pd.DataFrame) -> pd.DataFrame:
    """Return the facts of every case, those that differ between cases.

    Parameters
    ----------
    inspection : pandas.DataFrame
        ``path``, ``size_bytes``, ``width``, ``height`` and what the headers say, as from
        `automl_skin.images.inspect.inspect_images`.

    Returns
    -------
    pandas.DataFrame of n_cases rows
        Index case; numbers as float64, texts as str, missing where there is none. Of several photographs the first one
        speaks for a case.
    """
    seen = inspection.drop_duplicates("path").set_index("path")
    by_case = manifest.images.dropna(subset="path").groupby("case", sort=False)["path"]
    first = by_case.first().reindex(manifest.cases.index)
    photograph = seen.reindex(pd.Index(first)).set_axis(first.index)
    width, height = (photograph[side].where(photograph[side] > 0) for side in ("width", "height"))
    stem = first.astype("str").str.replace(r"\.[^./]*$", "", regex=True)
    facts = {
        "image width": width,
        "image height": height,
        "aspect ratio": width / height,
        "file size": photograph["size_bytes"],
        "file format": photograph["container"],
        "JPEG quality": photograph["quantisation"],
        "camera": photograph["camera"],
        "software": photograph["software"],
        "date taken": to_days(pd.to_datetime(photograph["taken"], format=_EXIF_DATE, errors="coerce")),
        "photographs per case": by_case.size().reindex(first.index),
        "folder": first.astype("str").str.extract(r"^(.*)/", expand=False),
        "order of file names": _natural_order(stem),
        "number in the file name": stem.str.extract(r"(\d+)\D*$", expand=False),
        PLACE: pd.Series(range(len(first)), index=first.index),
        "missing fields": _missing_fields(manifest.metadata),
    }
    if (
        facts["number in the file name"]
        .astype("float64")
        .rank(method="min")
        .equals(facts["order of file names"])
    ):
        del facts["number in the file name"]
    dates = [name for name in manifest.others if holds_dates(manifest.others[name])]
    facts |= {f"date in {name}": to_days(manifest.others[name]) for name in dates}
    texts = {"file format", "camera", "software", "folder", "missing fields"}
    typed = {
        name: values.astype("str") if name in texts else pd.to_numeric(values).astype("float64")
        for name, values in facts.items()
    }
    return pd.DataFrame({name: values for name, values in typed.items() if len(values.unique()) > 1})


def _natural_order(stems: "pd.Series[str]") -> "pd.Series[float]":
    """Return the rank of each name where numbers in names count as numbers."""
    padded = stems.dropna().map(
        lambda stem: re.sub(r"\d+", lambda number: number.group().zfill(20), str(stem))
    )
    return padded.rank(method="min").reindex(stems.index)


def _missing_fields(metadata: pd.DataFrame) -> "pd.Series[str]":
    """Return which fields are missing, together, as one text."""
    pattern = pd.Series("", index=metadata.index)
    for name in metadata.columns:
        pattern = pattern.where(metadata[name].notna(), pattern + f"{name}; ")
    return pattern
