"""What may be written where: nothing that the user owns is overwritten or deleted."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automl_skin.errors import StorageError
from automl_skin.files import name_kind
from automl_skin.scoring.scores_file import are_scores


@dataclass(frozen=True)
class Beside:
    """What is written beside the scores, where it is asked for.

    Parameters
    ----------
    submission : str
        A format of `scoring.submission`: the output is then the file that a challenge takes, and the scores lie beside
        it. Empty for the scores alone.
    explained : Path or None
        CSV file that says of what each probability is made.
    heat : Path or None
        Folder of pictures of where the networks look.
    """

    submission: str = ""
    explained: Path | None = None
    heat: Path | None = None


def require_own_scores(output: Path, inputs: Sequence[tuple[str, Path]], bundle: Path) -> None:
    """Refuse an output that is not a new file or earlier scores.

    Parameters
    ----------
    output : Path
        Of the scores.
    inputs : sequence of (str, Path)
        Files that are read, each after the option that names it.
    bundle : Path
        Folder of the bundle, in which nothing else may lie.

    Raises
    ------
    StorageError
    """
    _require_plain(output, "--output", inputs)
    if output.exists() and not are_scores(output):
        raise StorageError(
            f"--output: expected a new file or scores of an earlier run, got {output}, which holds something "
            "else: name another file, or move it away"
        )
    _require_outside(output, "--output", bundle)


def require_new_file(path: Path, option: str, inputs: Sequence[tuple[str, Path]], bundle: Path) -> None:
    """Refuse a file that is there already: nothing in it would say whose it is.

    Raises
    ------
    StorageError
    """
    _require_plain(path, option, inputs)
    if path.exists():
        raise StorageError(
            f"{option}: expected a new file, got {path}, which exists: name another, or move it away"
        )
    _require_outside(path, option, bundle)


def require_new_folder(
    path: Path, option: str, inputs: Sequence[tuple[str, Path]], others: Sequence[Path]
) -> None:
    """Refuse a folder that holds something, and what is no folder.

    Parameters
    ----------
    inputs : sequence of (str, Path)
        Files that are read or written, each after the option that names it.
    others : sequence of Path
        Folders in which no other may lie: the bundle, the photographs.

    Raises
    ------
    StorageError
    """
    twins = [name for name, other in inputs if _same_place(path, other)]
    if twins:
        raise StorageError(
            f"{option}: expected another place than {twins[0]}, got {path} for both: name another"
        )
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise StorageError(
            f"{option}: expected a new or empty folder, got {path} (not a folder): name another"
        )
    if path.exists() and any(path.iterdir()):
        raise StorageError(
            f"{option}: expected a new or empty folder, got {path}, which holds files: name another"
        )
    for other in others:
        if _real(path.absolute()).is_relative_to(_real(other)):
            raise StorageError(f"{option}: expected a folder outside {other}, got {path}: name another place")


def _require_plain(path: Path, option: str, inputs: Sequence[tuple[str, Path]]) -> None:
    """Refuse links, what is no regular file, and the files that are read."""
    try:
        state = path.lstat()
    except OSError:  # nothing there; or not to be reached, which whoever writes it will say
        twins = [name for name, other in inputs if _same_place(path, other)]
    else:
        twins = [name for name, other in inputs if _same_place(path, other) or _same_file(path, other)]
        if not twins and stat.S_ISLNK(state.st_mode):
            target = path.readlink()
            raise StorageError(
                f"{option}: expected a file, got {path}, a link to {target}: name that file itself"
            )
        if not twins and not stat.S_ISREG(state.st_mode):
            raise StorageError(
                f"{option}: expected a file to write, got {path} ({name_kind(state)}): name a file"
            )
    if twins:
        raise StorageError(
            f"{option}: expected another file than {twins[0]}, got {path} for both: name another"
        )


def _require_outside(path: Path, option: str, bundle: Path) -> None:
    if _real(path.absolute().parent).is_relative_to(_real(bundle)):
        raise StorageError(
            f"{option}: expected a file outside the bundle {bundle}, got {path}: name another place"
        )


def _same_file(path: Path, other: Path) -> bool:
    """Return whether two names are of one file, also by links."""
    try:
        return path.samefile(other)
    except OSError:
        return False


def _same_place(path: Path, other: Path) -> bool:
    return _real(path.parent) / path.name == _real(other.parent) / other.name


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # `Path.resolve` would raise on a loop of links
