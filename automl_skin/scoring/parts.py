"""The finished parts of a job, kept beside its output until all is done.

``OUTPUT.parts/`` holds ``parts.json``, which says of which job the parts are, and two files a part: its scores as CSV,
written first, and ``NNNNNN.json`` with the digest of these, the digest of the photographs that they were computed from,
and which images could not be used. A part counts only if all of it still holds.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from automl_skin.digests import digest_bytes, digest_file, digest_json
from automl_skin.errors import IntegrityError, StorageError
from automl_skin.export.predictor import CaseImage
from automl_skin.files import atomic_write, read_json, storage_errors, write_json
from automl_skin.scoring.scores_file import quoting_of

ROW = "row of the table"

MARK = "parts.json"
_KIND = "parts of scores"
_OURS = re.compile(r"parts\.json|\d{6,}\.(csv|json)|\.writing-.*")


class Digester:
    """Digests photographs as they pass: what they are called and show, and their bytes."""

    def __init__(self) -> None:
        self._sum = sha256()

    def watch(self, photographs: Iterable[CaseImage]) -> Iterator[CaseImage]:
        """Yield photographs."""
        for each in photographs:
            found = each.problem if each.content is None else digest_bytes(each.content)
            passed = digest_json([each.case, each.role, each.name, found])
            self._sum.update(passed.encode())
            yield each

    def digest(self) -> str:
        """Return the digest of what has passed."""
        return self._sum.hexdigest()


def digest_photographs(photographs: Iterable[CaseImage]) -> str:
    """Return the digest of photographs, which are read for it one by one."""
    digester = Digester()
    for _ in digester.watch(photographs):
        pass
    return digester.digest()


@dataclass(frozen=True)
class Parts:
    """The folder of the parts of a job."""

    folder: Path

    def require_own(self) -> None:
        """Refuse a folder that holds anything but parts of scores.

        Raises
        ------
        StorageError
        """
        if not self.folder.is_symlink() and not self.folder.exists():
            return
        strange = "something else"
        if self.folder.is_dir() and not self.folder.is_symlink():
            names = sorted(path.name for path in self.folder.iterdir())
            others = [name for name in names if not _OURS.fullmatch(name)]
            kept = [name for name in names if not name.startswith(".writing-")]
            if not others and (not kept or self._job() is not None):
                return
            strange = f"one that holds {(others or kept)[0]}"
        raise StorageError(
            f"{self.folder}: expected a folder of finished parts, got {strange}: move it away, or name another "
            "--output"
        )

    def begin(self, job: str) -> None:
        """Keep the parts of the same job, and clear away those of another."""
        self.require_own()
        if self.is_begun(job):
            return
        with storage_errors(self.folder):
            self.clear()
            write_json(self.folder / MARK, {"kind": _KIND, "job": job})

    def is_begun(self, job: str) -> bool:
        """Return whether the parts are those of a job."""
        return self._job() == job

    def is_done(self, number: int, photographs: Iterable[CaseImage], pictures: Path | None = None) -> bool:
        """Return whether a part is there with its pictures, and was computed from these photographs."""
        about, scores = self._files(number)
        if not about.is_file() or not scores.is_file():
            return False
        value = _read(about)
        names = value.get("pictures", {}).get("files", [])
        if pictures is not None and not all((pictures / name).is_file() for name in names):
            return False
        return value.get("scores") == digest_file(scores) and value.get("photographs") == digest_photographs(
            photographs
        )

    def write(
        self,
        number: int,
        scores: pd.DataFrame,
        photographs: str,
        problems: dict[str, str],
        pictures: dict[str, Any] | None = None,
    ) -> None:
        """Keep a part; index of `scores`: the rows of the table; `pictures`: which files were written, as JSON."""
        about, file = self._files(number)
        with atomic_write(file) as path:
            scores.to_csv(path, index_label=ROW, quoting=quoting_of(scores))
        facts = {"scores": digest_file(file), "photographs": photographs}
        write_json(about, {**facts, "problems": problems, "pictures": pictures or {}})

    def read(self) -> Iterator[tuple[pd.DataFrame, dict[str, str]]]:
        """Yield the scores of each part as text, by row of the table, and its problems."""
        for file in sorted(self.folder.glob("*.csv")):
            part = pd.read_csv(file, dtype="str", keep_default_na=False)
            rows = part.pop(ROW).astype("int64")
            yield part.set_axis(pd.Index(rows)), _read(file.with_suffix(".json"))["problems"]

    def pictures(self) -> Iterator[dict[str, Any]]:
        """Yield what `write` was told of the pictures of each part."""
        for file in sorted(self.folder.glob("*.csv")):
            yield _read(file.with_suffix(".json"))["pictures"]

    def clear(self) -> None:
        """Delete the parts, and the folder where nothing else is in it."""
        if not self.folder.is_dir():
            return
        left = False
        for path in list(self.folder.iterdir()):
            if _OURS.fullmatch(path.name):
                path.unlink()
            else:
                left = True
        if not left:
            self.folder.rmdir()

    def _job(self) -> str | None:
        value = _read(self.folder / MARK)
        return str(value.get("job")) if value.get("kind") == _KIND else None

    def _files(self, number: int) -> tuple[Path, Path]:
        return self.folder / f"{number:06d}.json", self.folder / f"{number:06d}.csv"


def _read(file: Path) -> dict[str, Any]:
    """Return a file of ours; nothing where it is absent, damaged, or another's."""
    try:
        value: Any = read_json(file) if file.is_file() else {}
    except IntegrityError:
        return {}
    return value if isinstance(value, dict) else {}
