"""Pixels of many images in one file that grows and is verified block by block.

::

    FOLDER/
      pixels.u8      uint8 of shape (n_images, height, width, 3), row after row
      blocks.jsonl   one line per block: {"checksum": CRC-32, "failures": {"17": "why image 17 has no pixels"}}

A block's line is written when its pixels are on the disk, so that after a kill exactly the whole blocks count. The row
of an image without pixels is black.
"""

import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from automl_skin.arrays import Pixels

_BLOCK_BYTES = 2**25


@dataclass(frozen=True)
class Block:
    """What a line of ``blocks.jsonl`` says: the pixels' CRC-32, and why images (counted in the file) have none."""

    checksum: int
    failures: dict[int, str]


@dataclass(frozen=True)
class PixelFile:
    """The file of some images, whole or not yet; its shape is (n_images, height, width, 3)."""

    folder: Path
    shape: tuple[int, int, int, int]

    @property
    def path(self) -> Path:
        """The file of pixels."""
        return self.folder / "pixels.u8"

    @property
    def row_bytes(self) -> int:
        """Of one image."""
        return self.shape[1] * self.shape[2] * self.shape[3]

    @property
    def total_bytes(self) -> int:
        """Of all pixels."""
        return self.shape[0] * self.row_bytes

    @property
    def block_rows(self) -> int:
        """Images per block; the last one may have fewer."""
        return max(1, _BLOCK_BYTES // self.row_bytes)

    @property
    def n_blocks(self) -> int:
        """Blocks of the whole file."""
        return -(-self.shape[0] // self.block_rows)

    @property
    def is_full_size(self) -> bool:
        """Whether all pixels were written; they may be damaged since."""
        return self.path.is_file() and self.path.stat().st_size >= self.total_bytes

    def whole_blocks(self) -> list[Block]:
        """Return the blocks up to the first one that is missing or does not match its checksum."""
        blocks = []
        if self.path.is_file():
            with self.path.open("rb") as file:
                for block, n_bytes in zip(self._lines(), self._sizes(), strict=False):
                    if _checksum(file.read(n_bytes), n_bytes) != block.checksum:
                        break
                    blocks.append(block)
        return blocks

    def keep(self, blocks: list[Block]) -> None:
        """Truncate the file after some blocks that `whole_blocks` returned; nobody may have it mapped."""
        self.path.touch()
        os.truncate(self.path, min(self.total_bytes, len(blocks) * self.block_rows * self.row_bytes))
        self._blocks.write_text("".join(_line(block) for block in blocks), encoding="utf-8")

    def append(self, pixels: Pixels, failures: dict[int, str]) -> None:
        """Add a block (its images, height, width, 3): first the pixels, then their line."""
        data = pixels.tobytes()
        for path, written in (
            (self.path, data),
            (self._blocks, _line(Block(zlib.crc32(data), failures)).encode()),
        ):
            with path.open("ab") as file:
                file.write(written)
                file.flush()
                os.fsync(file.fileno())

    def map(self) -> Pixels:
        """Return the pixels as a read-only memory map."""
        if self.total_bytes == 0:
            return np.empty(self.shape, np.uint8)  # an empty file cannot be mapped
        return np.memmap(self.path, np.uint8, "r", shape=self.shape)

    @property
    def _blocks(self) -> Path:
        return self.folder / "blocks.jsonl"

    def _sizes(self) -> Iterator[int]:
        for start in range(0, self.shape[0], self.block_rows):
            yield min(self.block_rows, self.shape[0] - start) * self.row_bytes

    def _lines(self) -> Iterator[Block]:
        text = self._blocks.read_text(encoding="utf-8", errors="replace") if self._blocks.is_file() else ""
        for line in text.splitlines():
            try:
                value = json.loads(line)
                yield Block(int(value["checksum"]), {int(k): str(v) for k, v in value["failures"].items()})
            except (ValueError, KeyError, TypeError, AttributeError):  # cut off by a kill
                return


def _checksum(data: bytes, n_bytes: int) -> int:
    return zlib.crc32(data) if len(data) == n_bytes else -1


def _line(block: Block) -> str:
    return json.dumps({"checksum": block.checksum, "failures": block.failures}) + "\n"
