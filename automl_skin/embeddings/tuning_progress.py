"""Progress of a tuning: the process that tunes writes two small files, the one that waits reads them.

``curve.csv`` has a row for every finished epoch, ``seen`` the images that the running epoch has used.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.embeddings.tuned_folder import read_curve, write_curve

SEEN = "seen"
WRITE_SECONDS = 1.0


class Teller:
    """Writes the progress of a training to its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen = 0
        self.written = time.monotonic()

    def used(self, n_images: int) -> None:
        """Count images that were used; the number is written now and then."""
        self.seen += n_images
        if time.monotonic() - self.written > WRITE_SECONDS:
            self._write()

    def finished(self, epoch: Epoch) -> None:
        """Add an epoch to the curve."""
        before = [each for each in read_curve(self.folder) if each.number < epoch.number]
        write_curve(self.folder, [*before, epoch])
        self.seen = 0
        self._write()

    def _write(self) -> None:
        self.written = time.monotonic()
        # no atomic write: one short number that counts as 0 if it is torn
        (self.folder / SEEN).write_text(str(self.seen), encoding="ascii")


def images_seen(folder: Path) -> int:
    """Return the images that the running epoch has used."""
    try:
        return int((folder / SEEN).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


class Followed:
    """One training, followed from outside.

    Parameters
    ----------
    name : str
        What a person calls it.
    n_rows : int
        Images per epoch.
    training, outcome : Path
        The folder that it works in, and the one that it is moved to at the end.
    """

    def __init__(self, name: str, n_rows: int, n_epochs: int, training: Path, outcome: Path) -> None:
        self.name = name
        self.n_rows = n_rows
        self.total = n_rows * n_epochs
        self.training = training
        self.outcome = outcome
        self.done = 0
        self.epochs = len(read_curve(training))

    def look(self) -> list[str]:
        """Update the progress; return a line for every epoch that ended since the last call."""
        curve = read_curve(self.training) or read_curve(self.outcome)
        fresh, self.epochs = curve[self.epochs :], max(self.epochs, len(curve))
        now = self.epochs * self.n_rows + min(images_seen(self.training), self.n_rows)
        # an epoch that has just ended may show fewer images: progress never goes back
        self.done = self.total if self.outcome.is_dir() else max(self.done, min(now, self.total))
        return [f"{self.name}: {describe(epoch)}" for epoch in fresh]


def follow(
    trainings: Iterable[Followed],
    progress: Callable[[int, int], None] | None,
    tell: Callable[[str], None] | None,
) -> Callable[[], None]:
    """Return a function that looks at all trainings and reports what is new."""
    followed = list(trainings)

    def look() -> None:
        lines = [line for each in followed for line in each.look()]
        if tell is not None:
            for line in lines:
                tell(line)
        if progress is not None:
            progress(sum(each.done for each in followed), sum(each.total for each in followed))

    return look


def describe(epoch: Epoch) -> str:
    """Return an epoch in one line.

    Examples
    --------
    >>> describe(Epoch(2, 3, 0.612, 0.9031, 118.4, 68.0, 68.0))
    'epoch 2 of 3, loss 0.612, inner AUC 0.903, 118 images/s, 68 s left'
    """
    watched = "" if epoch.inner_auc != epoch.inner_auc else f"inner AUC {epoch.inner_auc:.3f}, "
    return (
        f"epoch {epoch.number} of {epoch.epochs}, loss {epoch.loss:.3f}, {watched}"
        f"{epoch.images_per_second:.0f} images/s, {epoch.seconds_left:.0f} s left"
    )
