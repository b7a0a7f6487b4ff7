"""Serve a registered model with MLflow, send it images, and compare its answers with those of `automl-skin score`.

``python serve_and_compare.py --model models:/NAME/1 --tracking-uri URI --bundle FOLDER --data TABLE --images FOLDER
--scores FILE``: the scores are those of the command line for the same table. Everything stays on this machine.
"""

import argparse
import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

import numpy as np
import pandas as pd

from automl_skin.data.locate import index_images
from automl_skin.export.bundle import read_facts
from automl_skin.export.facts import BundleFacts

TOLERANCE = 1e-3
"""In probability: the promise that one case scores like a batch."""

PATIENCE_SECONDS = 180.0
POLITENESS_SECONDS = 20.0

LOCAL = build_opener(ProxyHandler({}))  # a proxy of the environment has no business on the loopback


def spread(n_rows: int, n_wanted: int) -> list[int]:
    """Return positions from the first row to the last."""
    return sorted(set(np.linspace(0, n_rows - 1, min(n_wanted, n_rows)).round().astype(int).tolist()))


def as_record(row: "pd.Series[str]", image: Path, facts: BundleFacts) -> dict[str, object]:
    """Return a row of the table as a client sends it; what is no value of its field is null."""
    record: dict[str, object] = {"image": base64.b64encode(image.read_bytes()).decode()}
    for name, kind in facts.kinds.items():
        value = row.get(name, "")
        if kind == "number":
            number = pd.to_numeric(value, errors="coerce")
            record[name] = None if pd.isna(number) else float(number)
        else:
            record[name] = value or None
    return record


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def served(model: str, tracking_uri: str, log: Path) -> Iterator[str]:
    """Serve a model as the README says, and give its address once it answers."""
    port = free_port()
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "MLFLOW_TRACKING_URI": tracking_uri,
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    command = ["mlflow", "models", "serve", "-m", model, "--env-manager", "local"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        wait_until_ready(process, f"http://127.0.0.1:{port}/ping")
        yield f"http://127.0.0.1:{port}/invocations"
    except BaseException:
        sys.stderr.write(log.read_text(errors="replace")[-5000:])
        raise
    finally:
        stop(process)


def wait_until_ready(process: "subprocess.Popen[bytes]", address: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the server ended with code {process.returncode} before it answered")
        try:
            LOCAL.open(address, timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.5)
        else:
            return
    raise SystemExit(f"the server did not answer within {PATIENCE_SECONDS:.0f} s")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End the server and its workers: they are a process group of their own."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            return
        try:
            process.wait(POLITENESS_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def ask(address: str, records: list[dict[str, object]]) -> pd.DataFrame:
    body = json.dumps({"dataframe_records": records}).encode()
    request = Request(address, body, {"Content-Type": "application/json"})  # noqa: S310 - our own server
    with LOCAL.open(request, timeout=PATIENCE_SECONDS) as response:
        return pd.DataFrame(json.load(response)["predictions"])


def differences(expected: pd.DataFrame, answers: pd.DataFrame) -> tuple[float, list[str]]:
    """Return the largest difference in probability, and what does not agree; columns as `score` writes them."""
    columns = [name for name in expected if name.startswith("probability")]
    if not columns or len(answers) != len(expected):
        return float("nan"), [f"{len(answers)} answers to {len(expected)} rows, probabilities {columns}"]
    wanted = expected[columns].apply(pd.to_numeric).to_numpy()
    given = answers.reindex(columns=columns).astype("float64").to_numpy()
    largest = float(np.abs(wanted - given).max())  # an answer without a probability makes it NaN
    wrong = (
        [] if largest <= TOLERANCE else [f"probabilities differ by {largest:.2g}, more than {TOLERANCE:g}"]
    )
    for name in ("decision", "flags"):
        unlike = (expected[name].to_numpy() != answers[name].astype(str).to_numpy()).sum()
        wrong += [f"{name} differs in {unlike} rows"] if unlike else []
    return largest, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--model", "--tracking-uri"):
        parser.add_argument(name, required=True)
    for name in ("--bundle", "--data", "--images", "--scores"):
        parser.add_argument(name, required=True, type=Path)
    parser.add_argument("--rows", type=int, default=20)
    given = parser.parse_args()
    facts = read_facts(given.bundle)
    table = pd.read_csv(given.data, dtype="str", keep_default_na=False)
    scores = pd.read_csv(given.scores, dtype="str", keep_default_na=False)
    column = facts.roles["image"]
    if not table[column].equals(scores[column]):
        raise SystemExit(f"the scores must have the rows of the table: {column} differs")
    rows = spread(len(table), given.rows)
    paths = index_images(given.images).locate(table[column].iloc[rows])
    images = [given.images / str(path) for path in paths]
    records = [as_record(table.iloc[row], image, facts) for row, image in zip(rows, images, strict=True)]
    with served(given.model, given.tracking_uri, given.scores.with_suffix(".server.log")) as address:
        together = ask(address, records)
        alone = ask(address, records[-1:])
    for answers, positions in ((together, rows), (alone, rows[-1:])):
        largest, wrong = differences(scores.iloc[positions], answers)
        print(
            f"served {len(positions)} rows: probabilities within {largest:.1e} of those of the command line"
        )
        if wrong:
            raise SystemExit("; ".join(wrong))


if __name__ == "__main__":
    main()
