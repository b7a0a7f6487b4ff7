"""The locked part of a study: the one place that reads its labels, and writes the opening down before it gives them.

Files in ``locked/`` of a study::

    labels.parquet       labels of the locked cases; no other module reads it
    cases.json           per locked case, digests of its photographs with its diagnosis, by which openings are counted
    openings.json        every opening: when, for what, how often the cases had been opened, and the figures

Openings are counted per photograph and diagnosis over the studies of the workspace and over the cache
(`OpeningLedger`). ``prepared.json`` has the digests of labels and cases; every opening has its own, over the one before
it, and that of the probabilities that were on disk before the labels were read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd

from automl_skin.data.record import read_labels, write_labels
from automl_skin.digests import digest_file, digest_json
from automl_skin.errors import IntegrityError
from automl_skin.files import read_json, write_json
from automl_skin.records import from_plain
from automl_skin.study.opening_ledger import CaseKeys, OpeningLedger, count_openings
from automl_skin.study.study import Study

LOCKED_LABELS = "labels.parquet"


@dataclass(frozen=True)
class OpeningRecord:
    """One opening as it stands in ``openings.json``.

    Parameters
    ----------
    id : str
        Made up when it was opened.
    when : str
        UTC, ISO 8601.
    stack : str
        Digest of what it was opened for: a stack, or the cells of a published system.
    trials : int
        Trials that the study had.
    times_opened : int
        How often the locked case that was opened most often had been opened, this time included.
    reopened_share : float
        Share of the locked cases that had been opened before.
    predictions : str
        Digest of the file of probabilities that was written before.
    figures : mapping or None
        What was measured; None where the process ended before that.
    """

    id: str
    when: str
    stack: str
    trials: int
    times_opened: int
    reopened_share: float
    predictions: str
    figures: Mapping[str, Any] | None = None

    def digest(self, before: str) -> str:
        """Return the digest of the record and of the one before it."""
        return digest_json({**asdict(self), "before": before})


@dataclass(frozen=True)
class LockedPart:
    """The locked cases of a study.

    Parameters
    ----------
    study : Study
    """

    study: Study

    def put_away(
        self, labels: pd.DataFrame, images: pd.DataFrame, contents: "pd.Series[str]"
    ) -> dict[str, str]:
        """Write the labels where only `open` reads them, and what openings are counted by.

        Parameters
        ----------
        labels : DataFrame of n_locked rows
            A `Manifest.label_table`.
        images : DataFrame
            ``case`` and ``path`` of the photographs.
        contents : Series of str
            Path -> digest of what the file holds.

        Returns
        -------
        dict of str to str
            Digests for ``prepared.json``.
        """
        write_labels(self._labels, labels)
        images = images[images["case"].isin(labels.index) & images["path"].isin(contents.index)]
        keys: dict[str, list[str]] = {}
        for case, path in zip(images["case"], images["path"], strict=True):
            photograph = [str(contents[path]), str(labels.loc[case, "diagnosis"])]
            keys.setdefault(str(case), []).append(digest_json(photograph)[:32])
        write_json(self._cases, keys)
        return {"locked_labels": digest_file(self._labels), "locked_cases": digest_file(self._cases)}

    def records(self) -> list[OpeningRecord]:
        """Return all openings, the first one first.

        Raises
        ------
        IntegrityError
            If the file was changed.
        """
        value: Any = read_json(self._openings) if self._openings.is_file() else []
        records, before = [], ""
        for entry in value:
            digest = entry.pop("digest", "")
            record = from_plain(OpeningRecord, entry, str(self._openings))
            if record.digest(before) != digest:
                raise IntegrityError(self._changed(self._openings))
            records.append(record)
            before = digest
        return records

    def find(self, stack: str) -> OpeningRecord | None:
        """Return the opening for a stack, or None."""
        return next((each for each in self.records() if each.stack == stack), None)

    def stays_closed(self, stack: str, *, again: bool) -> bool:
        """Return whether it was opened for another stack, and `again` was not said."""
        records = self.records()
        return bool(records) and not again and all(each.stack != stack for each in records)

    def open(self, *, for_: str, trials: int, predictions: Path) -> tuple[OpeningRecord, pd.DataFrame]:
        """Write the opening down, then return its record and the labels.

        Opening it once more for what it was opened for is no new opening.

        Parameters
        ----------
        for_ : str
            Digest of the stack, or of the cells, whose probabilities are to be measured.
        trials : int
            Trials that the study has.
        predictions : Path
            The file of these probabilities.

        Returns
        -------
        record : OpeningRecord
        labels : DataFrame of n_locked rows
            ``label``, ``diagnosis`` and the other columns that may give the label away.

        Raises
        ------
        IntegrityError
            If the labels, the records or, since an earlier opening for the same, the probabilities were changed.
        """
        cases = self._read_cases()
        ledger = OpeningLedger(self.study.workspace.cache / "openings")
        with ledger.held():
            record = self.find(for_)
            if record is None:
                opened = count_openings(cases, self._earlier(ledger))
                record = OpeningRecord(
                    id=uuid4().hex,
                    when=datetime.now(tz=UTC).isoformat(timespec="seconds"),
                    stack=for_,
                    trials=trials,
                    times_opened=opened.times,
                    reopened_share=opened.share_before,
                    predictions=digest_file(predictions),
                )
                self._write([*self.records(), record])
            for each in self.records():
                facts = {"when": each.when, "study": str(self.study.folder), "stack": each.stack}
                ledger.add(each.id, cases, facts)
        self.verify_predictions(record, predictions)
        return record, self._read_labels()

    def open_as_recorded(self, record: OpeningRecord) -> pd.DataFrame:
        """Return the labels that an opening on record has shown already."""
        if record.id not in {each.id for each in self.records()}:
            message = f"the opening {record.id} is not on record in {self._openings}; restore that file"
            raise IntegrityError(message)
        return self._read_labels()

    def verify_predictions(self, record: OpeningRecord, predictions: Path) -> None:
        """Raise an `IntegrityError` if a file of probabilities is not what it was before the labels were read."""
        if not predictions.is_file() or digest_file(predictions) != record.predictions:
            message = (
                f"{predictions}: expected what was written before the locked test set was opened on {record.when} "
                f"(digest {record.predictions[:16]}), got another file or none; restore it"
            )
            raise IntegrityError(message)

    def conclude(self, record: OpeningRecord, figures: Mapping[str, Any]) -> OpeningRecord:
        """Write down what an opening came to, and return its record."""
        measured = replace(record, figures=figures)
        self._write([measured if each.id == record.id else each for each in self.records()])
        return measured

    @property
    def _labels(self) -> Path:
        return self.study.locked / LOCKED_LABELS

    @property
    def _cases(self) -> Path:
        return self.study.locked / "cases.json"

    @property
    def _openings(self) -> Path:
        return self.study.locked / "openings.json"

    def _write(self, records: Sequence[OpeningRecord]) -> None:
        entries, before = [], ""
        for record in records:
            before = record.digest(before)
            entries.append({**asdict(record), "digest": before})
        write_json(self._openings, entries)

    def _earlier(self, ledger: OpeningLedger) -> dict[str, CaseKeys]:
        """Return the cases of every opening on record: in the cache, in the workspace's studies and in this one."""
        found = dict(ledger.read())
        studies = self.study.workspace.studies
        folders = [*studies.glob("*/locked"), *studies.glob("*/*/locked"), self.study.locked]
        for folder in folders:
            if (folder / "openings.json").is_file() and (folder / "cases.json").is_file():
                other = LockedPart(replace(self.study, folder=folder.parent))
                found |= {each.id: other._read_cases() for each in other.records()}
        return found

    def _read_cases(self) -> CaseKeys:
        self._verify(self._cases, self.study.prepared.read().locked_cases)
        cases: Any = read_json(self._cases)
        return dict(cases)

    def _read_labels(self) -> pd.DataFrame:
        self._verify(self._labels, self.study.prepared.read().locked_labels)
        return read_labels(self._labels)

    def _verify(self, path: Path, expected: str) -> None:
        if not path.is_file() or digest_file(path) != expected:
            raise IntegrityError(self._changed(path))

    def _changed(self, path: Path) -> str:
        return (
            f"{path}: expected what the study wrote (its digest is on record), got another file or none. "
            "It was changed after it was written; restore it, or begin another study"
        )
