"""A command whose options stand under headings in its help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Grouped(click.Command):
    """A command made of its arguments and of {heading: options}."""

    def __init__(
        self,
        name: str,
        callback: Callable[..., None],
        about: str,
        arguments: Sequence[click.Argument] = (),
        groups: Mapping[str, Sequence[click.Option]] | None = None,
    ) -> None:
        """Collect the parameters."""
        self.groups = groups or {}
        options = [option for group in self.groups.values() for option in group]
        params: list[click.Parameter] = [*arguments, *options]
        super().__init__(name, callback=callback, help=about, params=params)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each group of options under its heading."""
        helped = self.get_help_option(ctx)
        groups = {**self.groups, "Help": [helped] if helped else []}
        for title, options in groups.items():
            records = [record for o in options if (record := o.get_help_record(ctx))]
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)
