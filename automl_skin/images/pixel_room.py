"""Room for pixels: whole files that were used longest ago go, so that all together keep to a limit."""

import logging
import shutil
from pathlib import Path

from filelock import FileLock, Timeout

from automl_skin.errors import StorageError
from automl_skin.images.pixel_file import PixelFile

ABOUT = "about.json"
"""In the folder of each file; the time of its last change is that of its last use."""

_LOG = logging.getLogger(__name__)


def make_room(cache: Path, file: PixelFile, limit_bytes: int) -> None:
    """Delete what was used longest ago until a file fits; what another process writes is left.

    Parameters
    ----------
    cache : Path
        Has a folder a file.
    file : PixelFile
        To be written.
    limit_bytes : int
        Of all files together.

    Raises
    ------
    StorageError
        If the file alone exceeds the limit, or the disk's free space.
    """
    if file.total_bytes > limit_bytes:
        message = f"the pixels of a study must fit the pixel cache's limit of {_gigabytes(limit_bytes)}"
        message += f", and {file.shape[0]:,} images of {file.shape[1]} x {file.shape[2]} take"
        raise StorageError(
            f"{message} {_gigabytes(file.total_bytes)}; raise the limit or choose a smaller size"
        )
    others = [each for each in cache.iterdir() if each.is_dir() and each != file.folder]
    sizes = {each: _size(each) for each in sorted(others, key=_last_used)}
    for folder in list(sizes):
        if sum(sizes.values()) + file.total_bytes > limit_bytes and _delete_unheld(folder):
            del sizes[folder]
    free = shutil.disk_usage(cache).free + (_size(file.folder) if file.folder.is_dir() else 0)
    if free < file.total_bytes:
        message = f"{cache} must have {_gigabytes(file.total_bytes)} free for pixels, it has"
        raise StorageError(f"{message} {_gigabytes(free)}; free some space or choose another cache folder")


def _last_used(folder: Path) -> float:
    about = folder / ABOUT
    return (about if about.exists() else folder).stat().st_mtime


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def _delete_unheld(folder: Path) -> bool:
    """Delete an entry unless another process is writing it; who has it mapped keeps what is mapped."""
    try:
        with FileLock(folder.with_name(f"{folder.name}.lock"), timeout=0):
            shutil.rmtree(folder)
    except Timeout:
        return False
    _LOG.info("%s was deleted to make room for other pixels", folder)
    return True


def _gigabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.3g} GB"
