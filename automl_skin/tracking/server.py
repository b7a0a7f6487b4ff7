"""MLflow's own web pages on a workspace's store."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from automl_skin.errors import ConfigError, StorageError
from automl_skin.tracking.store import FAILURES, experiments_of, is_local
from automl_skin.tracking.view import view_address

PATIENCE_SECONDS = 120.0


def serve_ui(uri: str, artifacts: Path, host: str, port: int, say: Callable[[str], None]) -> int:
    """Serve the pages until interrupted; make an empty store where there is none.

    Parameters
    ----------
    uri : str
        A SQLite store; a server has pages of its own.
    artifacts : Path
        Folder of the artefacts of new experiments.
    host : str
    port : int
    say : callable
        Takes one line for the user.

    Returns
    -------
    int
        MLflow's exit code; 0 after an interruption.

    Raises
    ------
    ConfigError
        If the store is an MLflow server.
    StorageError
        If the store cannot be opened.
    """
    if not is_local(uri):
        raise ConfigError(
            f"the tracking store must be a SQLite file to be served; {uri} has its own pages: open it"
        )
    try:
        studies = experiments_of(uri)
    except FAILURES as error:
        raise StorageError(
            f"{uri} must be a tracking store of MLflow and cannot be opened: {error}"
        ) from error
    address = f"http://{host}:{port}"
    process = subprocess.Popen(ui_command(uri, artifacts, host, port), env=ui_environment())  # noqa: S603 - our own
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends us ends the server too
    try:
        if _answers(process, f"{address}/health"):
            say(f"MLflow's pages: {address}   (Ctrl-C stops them; the runs stay)")
            for name, experiment_id in studies.items():
                if name != "Default":
                    say(f"Study {name}: {view_address(address, experiment_id)}")
        return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        process.terminate()
        process.wait()


def ui_command(uri: str, artifacts: Path, host: str, port: int) -> list[str]:
    """Return the command that serves the pages, with the Python of this process."""
    options = {
        "--backend-store-uri": uri,
        "--default-artifact-root": str(artifacts),
        "--host": host,
        "--port": str(port),
        "--workers": "1",
        "--uvicorn-opts": "--log-level warning",
    }
    return [sys.executable, "-m", "mlflow", "ui", *(part for pair in options.items() for part in pair)]


def ui_environment() -> dict[str, str]:
    """Return the environment of the server: nothing but pages, no workers for jobs."""
    return {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_LOGGING_LEVEL": "WARNING"}


def _answers(process: subprocess.Popen[bytes], address: str) -> bool:
    """Wait until the server answers; return False where it ends before or takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(address, timeout=5):  # noqa: S310 - http, as written above
                return True
        except (URLError, OSError):
            time.sleep(0.3)
    return False
