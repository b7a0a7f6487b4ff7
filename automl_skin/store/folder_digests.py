"""The digests of the files of a folder: written with them, compared when they are read."""

import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from automl_skin.digests import digest_file
from automl_skin.errors import IntegrityError
from automl_skin.files import read_json, write_json

DIGESTS = "digests.json"


def list_files(folder: Path, besides: Collection[str] = ()) -> list[str]:
    """Return the names of all files below a folder, relative to it; links to folders count as files."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted({path.relative_to(folder).as_posix() for path in found} - set(besides))


def digest_files(folder: Path, besides: Collection[str] = ()) -> dict[str, str]:
    """Return the digest of every file below a folder by name."""
    return {name: digest_file(folder / name) for name in list_files(folder, besides)}


def find_changes(
    folder: Path, digests: Mapping[str, str], besides: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    """Yield each file that is not what its digest says, with what became of it.

    Parameters
    ----------
    folder : Path
    digests : mapping of str to str
        Of every file, by name.
    besides : collection of str
        Names that are not looked at.

    Yields
    ------
    name : str
    change : {"is no file", "is missing", "was changed", "is not listed"}
        Whatever is no regular file (links, pipes, devices) comes first and is never opened.
    """
    present = list_files(folder, besides)
    irregular = [name for name in present if not stat.S_ISREG((folder / name).lstat().st_mode)]
    yield from ((name, "is no file") for name in irregular)
    regular = set(present) - set(irregular)
    for name, digest in digests.items():
        if name not in present:
            yield name, "is missing"
        elif name in regular and digest_file(folder / name) != digest:
            yield name, "was changed"
    yield from ((name, "is not listed") for name in present if name in regular and name not in digests)


def write_digests(folder: Path) -> None:
    """Write ``digests.json`` of all other files of a folder."""
    write_json(folder / DIGESTS, digest_files(folder, {DIGESTS}))


def verify_folder(folder: Path, advice: str) -> None:
    """Compare the files of a folder with ``digests.json``.

    Parameters
    ----------
    folder : Path
    advice : str
        What to do where they differ; ends the message.

    Raises
    ------
    IntegrityError
        If a file is missing, was changed, or is not listed.
    """
    path = folder / DIGESTS
    digests = read_json(path) if path.is_file() else None
    if not isinstance(digests, Mapping) or not digests:
        changes = [(DIGESTS, "is missing" if digests is None else "was changed")]
    else:
        changes = list(find_changes(folder, {name: str(each) for name, each in digests.items()}, {DIGESTS}))
    if changes:
        found = ", ".join(f"{name} {change}" for name, change in changes)
        raise IntegrityError(f"{folder}: expected the files that {DIGESTS} lists, but {found}; {advice}")
