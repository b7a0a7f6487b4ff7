"""Every opening of locked cases that a cache has seen, whichever study opened them.

Folder (entries are added, one after another, and never changed)::

    openings/.lock
    openings/<digest of the locked cases>/cases.json    per case the digests of its photographs with its diagnosis
    openings/<digest of the locked cases>/<id>.json     one opening

It lies in the cache, so that a study that is deleted, or its record of openings, does not make the next opening the
first again. What is counted is a photograph with its diagnosis: another plan that locks some of the same cases counts
for these.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from automl_skin.digests import digest_json
from automl_skin.errors import IntegrityError
from automl_skin.files import read_json, storage_errors, write_json

CaseKeys = Mapping[str, Sequence[str]]
"""Per case what identifies its photographs and its diagnosis together."""


@dataclass(frozen=True)
class Opened:
    """How often locked cases were opened.

    Parameters
    ----------
    times : int
        Of the case that was opened most often, this time included.
    share_before : float
        Share of the cases that had been opened before.
    """

    times: int
    share_before: float


def count_openings(cases: CaseKeys, before: Mapping[str, CaseKeys]) -> Opened:
    """Return how often some cases were opened, given the cases of each opening before this one.

    Examples
    --------
    >>> count_openings({"a": ["1"], "b": ["2"]}, {"first": {"x": ["2"], "y": ["3"]}})
    Opened(times=2, share_before=0.5)
    """
    seen = [{key for keys in each.values() for key in keys} for each in before.values()]
    times = [1 + sum(not opened.isdisjoint(keys) for opened in seen) for keys in cases.values()]
    return Opened(max(times, default=1), sum(each > 1 for each in times) / max(len(times), 1))


@dataclass(frozen=True)
class OpeningLedger:
    """The openings that a cache has seen.

    Parameters
    ----------
    folder : Path
        ``openings`` of the cache; it may be absent.
    """

    folder: Path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from opening anything meanwhile, so that openings have an order."""
        with storage_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / ".lock")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def read(self) -> dict[str, CaseKeys]:
        """Return the cases of every opening, by the opening's id.

        Raises
        ------
        IntegrityError
            If the cases of an opening are gone or changed.
        """
        found: dict[str, CaseKeys] = {}
        for folder in sorted(self.folder.glob("*/")):
            entries = [path for path in folder.glob("*.json") if not path.name.startswith((".", "cases."))]
            if entries:
                cases = _read_cases(folder)
                found |= {path.stem: cases for path in entries}
        return found

    def add(self, identifier: str, cases: CaseKeys, facts: Mapping[str, Any]) -> None:
        """Write an opening down, unless it is written already."""
        folder = self.folder / digest_of_cases(cases)
        if not (folder / "cases.json").is_file():
            write_json(folder / "cases.json", {name: list(keys) for name, keys in cases.items()})
        if not (folder / f"{identifier}.json").is_file():
            write_json(folder / f"{identifier}.json", dict(facts))


def digest_of_cases(cases: CaseKeys) -> str:
    """Return the digest of locked cases, whatever they are called."""
    return digest_json(sorted(sorted(keys) for keys in cases.values()))


def _read_cases(folder: Path) -> CaseKeys:
    path = folder / "cases.json"
    cases: Any = read_json(path) if path.is_file() else None
    if not isinstance(cases, dict) or digest_of_cases(cases) != folder.name:
        message = (
            f"{path}: expected the locked cases with the digest {folder.name[:16]}, got none or others. "
            "It counts how often locked cases were opened; restore it from a copy of the cache"
        )
        raise IntegrityError(message)
    return cases
