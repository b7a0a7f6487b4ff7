"""Mutants of a bundle with digests made anew; run as a program, it loads and scores many and says what each gave.

    python tests/export/hostile.py BUNDLE SCRATCH SEED COUNT

One process takes many mutants: one that ends the process ends the run, and the last line says which it was.
"""

import io
import json
import random
import resource
import shutil
import signal
import struct
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from safetensors.numpy import load, save

from automl_skin.digests import digest_file
from automl_skin.errors import IntegrityError
from automl_skin.export.predictor import CaseImage, Predictor

MAX_SECONDS = 20
MAX_BYTES = 3 * 2**30
"""Of address space beyond what the libraries take."""
NUMBERS = (0, 1, -1, 2, 7, -7, 31, 2**31 - 1, -(2**31), 2**63, 10**30, 0.5, -0.5, 1e-320, 1e30, 1e308, -1e308)
VALUES = (*NUMBERS, None, True, "", "x", "../..", "/etc/passwd", [], {}, [[]], [0], {"a": 0}, [None] * 3)
ARRAY_NUMBERS = (0, 1, -1, 2, 5, 100, 2**31 - 1, -(2**31), 1e30, -1e30, 1e308, np.inf, -np.inf, np.nan)


def mutate(folder: Path, rng: random.Random) -> str:
    """Change one file of a bundle, make its digests anew, and return what was done."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    kinds = {
        suffix: [path for path in files if path.suffix == suffix] for suffix in (".json", ".safetensors")
    }
    path = rng.choice(kinds[rng.choice([".json", ".safetensors", ".safetensors"])])
    ways = [_cut, _flip, _remove, _empty, _link]
    ways += [_change_json] * 15 if path.suffix == ".json" else [_change_array] * 15 + [_change_header] * 3
    what = rng.choice(ways)(path, rng)
    renew_digests(folder)
    return f"{path.relative_to(folder)}: {what}"


def renew_digests(folder: Path) -> None:
    """Write the list of digests that fits the files."""
    paths = (
        path for path in folder.rglob("*") if path.is_file() and path.name not in {"SHA256SUMS", "model.sig"}
    )
    names = sorted(path.relative_to(folder).as_posix() for path in paths)
    lines = [f"{digest_file(folder / name)}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(lines))


def outcome(folder: Path) -> str:
    """Load a bundle and score a case with it; return what happened."""
    try:
        predictor = Predictor.load(folder, "cpu")
    except IntegrityError:
        return "refused"
    fields = pd.DataFrame({"age": [50.0, None], "sex": ["male", None]}, index=["a", "b"])
    answer = predictor.predict(fields, [CaseImage("a", "image", "a", photograph())]).probabilities
    assert np.isfinite(answer[0]).all(), answer
    assert abs(answer[0].sum() - 1) < 1e-6, answer
    return "answers"


def photograph() -> bytes:
    """Return the file of a photograph of a spot."""
    pixels = np.full((24, 32, 3), (200, 160, 140), np.uint8)
    pixels[8:16, 10:22] = (90, 50, 40)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()


def _cut(path, rng):
    content = path.read_bytes()
    end = rng.randrange(len(content)) if content else 0
    path.write_bytes(content[:end])
    return f"cut to {end} bytes"


def _flip(path, rng):
    content = bytearray(path.read_bytes())
    where = [rng.randrange(len(content)) for _ in range(rng.choice([1, 1, 8]))]
    for position in where:
        content[position] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    return f"flipped bits at {where}"


def _remove(path, rng):
    path.unlink()
    return "removed"


def _empty(path, rng):
    path.write_bytes(
        rng.choice(
            [b"", b"null", b"[]", b"{}", b"[" * 100_000, b'{"a":' * 100_000, b"1e999", b"NaN", b"\xff"]
        )
    )
    return f"replaced by {path.read_bytes()[:20]!r}"


def _link(path, rng):
    aside = path.parent.parent / "aside"
    shutil.move(path, aside)
    path.symlink_to(aside)
    return "a link"


def _places(value, here=()):
    yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from _places(each, (*here, key))


def _change_json(path, rng):
    value = json.loads(path.read_text())
    place = rng.choice([each for each in _places(value) if each] or [()])
    if not place:
        return _empty(path, rng)
    holder = value
    for key in place[:-1]:
        holder = holder[key]
    way = rng.choice(["value", "value", "value", "remove", "twice", "rename"])
    new = rng.choice(VALUES)
    if way == "remove":
        del holder[place[-1]]
    elif way == "twice" and isinstance(holder, list):
        holder.append(holder[place[-1]])
    elif way == "rename" and isinstance(holder, dict):
        holder["strange"] = holder.pop(place[-1])
    else:
        holder[place[-1]] = new
    path.write_text(json.dumps(value))
    return f"{way} {place} {new!r}"


def _change_array(path, rng):
    arrays = {name: array.copy() for name, array in load(path.read_bytes()).items()}
    name = rng.choice(sorted(arrays))
    array = arrays[name]
    number = rng.choice(ARRAY_NUMBERS)
    way = rng.choice(
        ["value"] * 8 + ["fill", "shape", "longer", "shorter", "type", "drop", "add", "empty", "swap"]
    )
    with np.errstate(all="ignore"):
        new = np.array(number).astype(array.dtype)
        other = array.astype(rng.choice(["f2", "f4", "f8", "i1", "i8", "u1", "?"]))
    if way == "value" and array.size:
        for _ in range(rng.choice([1, 1, 5])):
            array.reshape(-1)[rng.randrange(array.size)] = new
    elif way == "drop":
        del arrays[name]
    elif way == "add":
        arrays["strange"] = array
    elif array.ndim:
        shape = rng.choice([(-1,), (1, -1), (-1, 1), (1, 1, -1)])
        arrays[name] = {
            "fill": np.full_like(array, new),
            "swap": np.random.default_rng(rng.randrange(99))
            .permutation(array.reshape(-1))
            .reshape(array.shape),
            "shape": array.reshape(shape),
            "longer": np.concatenate([array, array]),
            "shorter": array[: len(array) // 2],
            "type": other,
            "empty": array[:0],
        }.get(way, array)
    path.write_bytes(save({each: np.ascontiguousarray(values) for each, values in arrays.items()}))
    return f"{way} {name} {number}"


def _change_header(path, rng):
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    name = rng.choice(sorted(set(header) - {"__metadata__"}))
    field = rng.choice(["dtype", "shape", "data_offsets", "size"])
    if field == "size":
        path.write_bytes(
            struct.pack("<Q", rng.choice([0, 1, size - 1, size + 1, 2**40, 2**63])) + content[8:]
        )
        return "size of the header"
    values = {
        "dtype": ["F8_E4M3", "BF16", "C64", "F64", "I64", "BOOL", "U8", 7, None],
        "shape": [[], [0], [-1], [2**62], [2**62, 0], [2**31, 2**31, 2**31], 7, None, ["x"]],
        "data_offsets": [[0, 0], [0, 2**40], [-1, 4], [4, 0], [2**63, 2**63 + 8], 7, None],
    }
    header[name][field] = rng.choice(values[field])
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + size :])
    return f"header {name} {field} {header[name][field]}"


def main(bundle: Path, scratch: Path, seed: int, count: int) -> None:
    """Make mutants and print what they give."""
    outcome(bundle)
    limit = resource.getrlimit(resource.RLIMIT_AS)[1]
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MAX_BYTES, limit))
    seen: Counter[str] = Counter()
    for number in range(seed, seed + count):
        folder = scratch / "mutant"
        shutil.rmtree(folder, ignore_errors=True)
        (scratch / "aside").unlink(missing_ok=True)
        shutil.copytree(bundle, folder)
        what = mutate(folder, random.Random(number))
        print(number, what, end=": ", flush=True)
        signal.setitimer(
            signal.ITIMER_PROF, MAX_SECONDS
        )  # of processor time, since machines are busy; ends the process
        result = outcome(folder)  # another exception than ours ends the run
        signal.setitimer(signal.ITIMER_PROF, 0)
        seen[result] += 1
        print(result, flush=True)
    print(dict(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
