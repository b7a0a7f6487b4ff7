"""What all commands have in common: an option is given once, and help texts are printed as they are written."""

from collections import Counter
from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperCommand

HINT = " (--help says which options are repeatable, and which take several values separated by commas)"


class Command(TyperCommand):
    """A command of this program.

    The last one of two equal options would win in silence, so an option that is not repeatable and is given twice is
    an error. Rich would take ``[tpe]`` in a help text for a style and print nothing, so brackets are escaped.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.rich_markup_mode == "rich":
            explained: list[Any] = [self, *self.params]
            for each in explained:
                if getattr(each, "help", None):
                    each.help = escape(each.help)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, and end with exit code 2 where an option is given twice that can be given once."""
        if not ctx.resilient_parsing:
            _, _, given = self.make_parser(ctx).parse_args(list(args))
            for param, times in Counter(given).items():
                once = param.param_type_name == "option" and not param.multiple and not param.is_eager
                if once and times > 1:
                    ctx.fail(f"{param.opts[0]}: expected once, got {times} times; keep one of them{HINT}")
        return super().parse_args(ctx, args)


def use_for_all(app: typer.Typer) -> None:
    """Make `Command` the class of all commands of an app and of its groups."""
    for command in app.registered_commands:
        command.cls = Command
    for group in app.registered_groups:
        if group.typer_instance is not None:
            use_for_all(group.typer_instance)
