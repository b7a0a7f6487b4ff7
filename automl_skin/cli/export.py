"""``automl-skin export``: the stack of a study as one folder."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from automl_skin.cli import options
from automl_skin.settings import Workspace


def serve_command(store: str, address: str) -> str:
    """Return the shell command that serves a registered model; MLflow's telemetry is off in it."""
    environment = f"MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true MLFLOW_TRACKING_URI={quote(store)}"
    return f"{environment} mlflow models serve -m {quote(address)} --env-manager local"


@options.takes_settings("tracking_uri")
def export(
    flags: options.Flags,
    study: options.Study = "",
    output: Annotated[
        Path | None, typer.Option("--output", help="Folder of the bundle [STUDY-bundle].")
    ] = None,
    register: Annotated[
        bool, typer.Option("--register/--no-register", help="Register the bundle as a model in MLflow.")
    ] = True,
    refit: Annotated[
        bool, typer.Option("--refit", help="Fit on all rows instead; marked as not measured.")
    ] = False,
    sign: Annotated[
        Path | None,
        typer.Option("--sign", metavar="KEY", help="PEM file of the private key to sign the bundle with."),
    ] = None,
    workspace: options.WorkspaceFolder = None,
    cache_dir: options.CacheFolder = None,
) -> None:
    """Write the best stack as a bundle: the very chains that were measured, and all they need."""
    from automl_skin.cli.terminal import Terminal
    from automl_skin.export.signing import SIGNATURE
    from automl_skin.steps.events import start_progress
    from automl_skin.steps.export import export as export_bundle
    from automl_skin.steps.track import register_export
    from automl_skin.study.study import existing_study

    terminal = Terminal()
    opened = existing_study(Workspace.at(workspace, cache_dir), study)
    folder = output or Path(f"{opened.name}-bundle")
    with terminal.listening() as tell:
        facts = export_bundle(
            opened,
            folder,
            refit=refit,
            private_key=sign,
            progress=start_progress(tell, "Fitting the members"),
        )
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    n_embeddings = len(facts.embeddings) + len(facts.given)
    terminal.say(f"Written: {folder} ({size:.1f} MB), {n_embeddings} embeddings, plan {facts.plan[:12]}")
    if sign is not None:
        terminal.say(f"Signed:  {folder / SIGNATURE}; with the public key, --verify checks it")
    if not facts.measured:
        terminal.say(
            "Refitted on all rows: no case is left to measure this bundle on, and its model card says so. "
            "Leave out --refit for the chains that were measured."
        )
    if register:
        address = register_export(opened, folder, flags.get("tracking_uri"))
        store = flags.get("tracking_uri") or opened.config.tracking_uri or opened.workspace.tracking_uri
        terminal.say(
            f"Registered: {address}",
            f"Serve:      {serve_command(store, address)}",
        )
    needs = ["--images new-images"] if facts.photographs else []
    needs += [f"--embeddings {each.title}=new.npz" for each in facts.given]
    terminal.say(
        " ".join([f"Next: automl-skin score {folder} --data new.csv", *needs, "--output scores.csv"])
    )
