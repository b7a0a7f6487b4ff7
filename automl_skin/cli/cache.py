"""``automl-skin cache``: what is kept of stage one, and how to let go of it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from automl_skin.cli import options
from automl_skin.cli.settings import workspace_of

if TYPE_CHECKING:
    from automl_skin.embeddings.cache import EmbeddingCache

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
    from automl_skin.cli.terminal import Terminal
    from automl_skin.embeddings.cache import EmbeddingCache

    cache = EmbeddingCache(workspace_of(None, cache_dir).cache / "embeddings")
    gone = cache.prune(older_than_days=older_than, digest=key, everything=everything)
    Terminal().say(f"Deleted {len(gone)} entries, {sum(entry.size_bytes for entry in gone) / 1e6:.1f} MB")


def _entry_table(cache: "EmbeddingCache") -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    rows: list[tuple[str, ...]] = [
        (
            entry.digest[:12],
            str(entry.key.get("backbone", "?")),
            str(entry.key.get("views", "?")),
            str(entry.key.get("precision", "?")),
            f"{entry.images:,}",
            f"{entry.size_bytes / 1e6:.1f}",
            f"{datetime.fromtimestamp(entry.last_used, tz=UTC):%Y-%m-%d}",
        )
        for entry in cache.list()
    ]
    return ("key", "backbone", "views", "precision", "images", "MB", "last used"), rows
