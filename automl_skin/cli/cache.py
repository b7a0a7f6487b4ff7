"""``automl-skin cache``: what is kept of stage one, and how to let go of it."""

from typing import Annotated

import typer

from automl_skin.cli import options
from automl_skin.cli.settings import workspace_of

app = typer.Typer(help="List or prune the cache of embeddings.", no_args_is_help=True)


@app.command("list")
def list_entries(cache_dir: options.CacheFolder = None) -> None:
    """List what is in the cache."""
    from automl_skin.cli.terminal import Terminal
    from automl_skin.embeddings.cache import EmbeddingCache

    folder = workspace_of(None, cache_dir).cache / "embeddings"
    Terminal().table(f"Cache in {folder}", *_entry_table(EmbeddingCache(folder)))


@app.command("prune")
def prune(
    older_than: Annotated[
        float | None, typer.Option("--older-than", help="Days since an entry was last written.")
    ] = None,
    key: Annotated[str | None, typer.Option("--key", help="Beginning of an entry's key.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="The whole cache.")] = False,
    cache_dir: options.CacheFolder = None,
) -> None:
    """Delete entries; what is needed again is computed again."""
