"""MLflow's own web pages on a workspace's store."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from automl_skin.errors import ConfigError, StorageError
from automl_skin.tracking.pages import STORE_VARIABLE
from automl_skin.tracking.place import copy_database, database_of, follow_move, is_local
from automl_skin.tracking.store import FAILURES, experiments_of
from automl_skin.tracking.view import view_address

PATIENCE_SECONDS = 120.0
APP = "automl-skin"
"""Name of our entry point for MLflow's server; see `pages`."""


def serve_ui(
    uri: str, artifacts: Path, host: str, port: int, say: Callable[[str], None], *, browse: bool = False
) -> int:
    """Serve the pages until interrupted; make an empty store where there is none.

    Parameters
    ----------
    uri : str
        A SQLite store; a server has its own pages.
    artifacts : Path
        Folder of the artefacts of new experiments.
    say : callable
        Takes one line for the user.
    browse : bool
        Open the trials of the study that was written last in the user's browser, where there is one.

    Returns
    -------
    int
        MLflow's exit code; 0 after an interruption.

    Raises
    ------
    ConfigError
        If the store is an MLflow server, or the port is taken.
    StorageError
        If the store cannot be opened.
    """
    if not is_local(uri):
        raise ConfigError(f"only a SQLite file can be served; {uri} has its own pages, open that address")
    address = address_of(host, port)
    _expect_free(host, port)
    with _readable(uri, artifacts, say) as served:
        try:
            studies = experiments_of(served, artifacts)
        except FAILURES as error:
            raise StorageError(f"{uri} cannot be opened as a tracking store of MLflow: {error}") from error
        views = {name: view_address(address, number) for name, number in studies.items() if name != "Default"}
        process = subprocess.Popen(ui_command(served, artifacts, host, port), env=ui_environment(served))  # noqa: S603 - our own
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends us ends the server too
        try:
            if _answers(process, f"{address}/health"):
                say(f"MLflow's pages: {address}   (Ctrl-C stops them; the runs stay)")
                for name, view in views.items():
                    say(f"Study {name}: {view}")
                if browse:
                    open_page(next(iter(views.values()), address))
            return process.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            process.terminate()
            process.wait()


def address_of(host: str, port: int) -> str:
    """Return where this machine's browser finds the pages.

    Examples
    --------
    >>> address_of("0.0.0.0", 5000), address_of("::1", 5000)
    ('http://127.0.0.1:5000', 'http://[::1]:5000')
    """
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - names what the user asked for
    name = everywhere.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


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
    if entry_points(group="mlflow.app", name=APP):  # missing where the package runs from its sources
        options["--app-name"] = APP
    return [sys.executable, "-m", "mlflow", "ui", *(part for pair in options.items() for part in pair)]


def ui_environment(uri: str) -> dict[str, str]:
    """Return the environment of the server: nothing but pages, no workers for jobs."""
    ours = {
        STORE_VARIABLE: uri,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_LOGGING_LEVEL": "WARNING",
        "PYTHONWARNINGS": "ignore",  # of its own libraries, which are no matter of the user's
    }
    return {**os.environ, **ours}


@contextmanager
def _readable(uri: str, artifacts: Path, say: Callable[[str], None]) -> Iterator[str]:
    """Give the store, or a copy of its database where that cannot be written: MLflow reads by writing."""
    database = database_of(uri)
    if not database.is_file() or (os.access(database, os.W_OK) and os.access(database.parent, os.W_OK)):
        yield uri
        return
    say(f"{database.parent} cannot be written: these pages show it, and forget what is changed on them")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, database.name)
        try:
            copy_database(database, copy)
            if artifacts.parent == database.parent:
                follow_move(copy, database.parent)
        except FAILURES as error:
            raise StorageError(f"{uri} cannot be opened as a tracking store of MLflow: {error}") from error
        yield f"sqlite:///{copy}"


def _expect_free(host: str, port: int) -> None:
    """Raise if another program has the port: its pages would be taken for ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {host} port {port} ({error.strerror or error}): "
                "close the program that has it, or give another --port or --host"
            ) from error


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


def open_page(address: str) -> bool:
    """Open a page, and return whether a browser took it; never an error, and never a browser in the terminal."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    # a plain GenericBrowser is lynx or the like, which would take the terminal; or what the user named
    if type(browser) is webbrowser.GenericBrowser and "BROWSER" not in os.environ:
        return False
    try:
        return browser.open(address)
    except (webbrowser.Error, OSError):
        return False
