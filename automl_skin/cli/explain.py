"""``automl-skin explain``: what the models of a study look at, and what their inputs are worth."""

from automl_skin.cli import options
from automl_skin.settings import Workspace
from automl_skin.steps.explain_options import ExplainOptions, HeatOptions, MapOptions


@options.takes_fields(ExplainOptions, HeatOptions, MapOptions)
def explain(
    flags: options.Flags,
    study: options.Study = "",
    workspace: options.WorkspaceFolder = None,
    cache_dir: options.CacheFolder = None,
) -> None:
    """Draw heat over photographs, importances of inputs and maps of embeddings, by the chains that were measured."""
    from automl_skin.cli.terminal import Terminal
    from automl_skin.steps.explain import explain as explain_study
    from automl_skin.study.study import existing_study

    heat, maps = options.build(HeatOptions, flags), options.build(MapOptions, flags)
    wanted = options.build(ExplainOptions, flags, heat=heat, maps=maps)
    terminal = Terminal()
    opened = existing_study(Workspace.at(workspace, cache_dir), study)
    with terminal.listening() as tell:
        explanation = explain_study(opened, wanted, tell, terminal.say)
    terminal.say(*explanation.lines, *(f"Written: {path}" for path in explanation.files))
