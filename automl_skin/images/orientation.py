"""The orientation tag of EXIF data: how a camera was held.

Read here rather than by PIL, which reads all tags, ten times slower, and warns about damaged ones.
"""

import struct

_TAG, _SHORT, _UPRIGHT = 0x0112, 3, 1


def exif_orientation(exif: object) -> int:
    r"""Return the orientation, 1 (upright) to 8, of EXIF data in any container.

    Parameters
    ----------
    exif : bytes or None
        A TIFF header and its first directory, with or without ``Exif\0\0`` before them.

    Returns
    -------
    int
        1 where there is no valid tag: a photograph is not refused for its description.
    """
    if not isinstance(exif, bytes):
        return _UPRIGHT
    try:
        found = _find(exif.removeprefix(b"Exif\0\0"))
    except struct.error:  # cut short
        return _UPRIGHT
    return found if 1 <= found <= 8 else _UPRIGHT  # the eight of EXIF


def _find(tiff: bytes) -> int:
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return _UPRIGHT
    start = struct.unpack_from(order + "I", tiff, 4)[0]
    count = struct.unpack_from(order + "H", tiff, start)[0]
    for entry in range(count):
        tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, start + 2 + 12 * entry)
        if (tag, kind) == (_TAG, _SHORT):
            return int(value)
    return _UPRIGHT
