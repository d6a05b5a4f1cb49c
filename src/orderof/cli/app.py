"""The verbs of the command line, each imported when it is called.

To add a verb: one file here with a click command named `COMMAND`, and a line in `VERBS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import click

from orderof.errors import BadSpelling


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb: the file it is in, what it does, and the heading it stands under."""

    name: str
    about: str
    group: str


LOOK, REFERENCE = "Look at a model", "Reference"
VERBS = {
    v.name: v
    for v in (
        Verb("analyze", "what it costs: totals, formulas, by module (the default verb)", LOOK),
        Verb("explain", "where one number comes from, step by step", LOOK),
        Verb("compare", "what other tools say of it, and why they disagree, term by term", LOOK),
        Verb("growth", "how it grows: orders with their proof, crossovers, budgets", LOOK),
        Verb("train", "what a whole training run costs: examples, epochs, batches", LOOK),
        Verb("generate", "what it costs to generate text: a prompt, then token by token", LOOK),
        Verb("gradient", "what a gradient costs by reverse mode, and by other ways", LOOK),
        Verb("claims", "what people say about cost, held against counts and a clock", LOOK),
        Verb("measure", "run it at several sizes, and compare with what was derived", LOOK),
        Verb("doctor", "what is installed, what is missing, what to run", REFERENCE),
        Verb("cache", "which answers are kept on disk, and how to remove them", REFERENCE),
    )
}
DEFAULT = "analyze"
MODELS = (
    ("zoo:NAME", "a network of the zoo; `orderof zoo:` lists them"),
    ("mlp:784-300-10", "a feed-forward network by its widths"),
    ("torchvision:NAME", "also timm:NAME, transformers:TYPE, diffusers:CLASS, hf:CONFIG"),
    ("pkg.module:attr", "your own torch module, or a function that makes it"),
)
EXAMPLES = (
    ("orderof zoo:gpt2 -d S=8192", "the forward pass"),
    ("orderof zoo:gpt2 --train adamw", "a training step"),
    ("orderof zoo:gpt2 --json", "everything, for programs"),
)


def check_model(text: str) -> None:
    """Refuse what can be no model, such as a verb with a slip in it, before torch is asked for."""
    if ":" in text or "." in text or Path(text).exists():
        return
    from difflib import get_close_matches

    near = get_close_matches(text, VERBS)
    hint = f"did you mean {near[0]}" if near else "write zoo:gpt2 or package.module:function"
    raise BadSpelling(text, "is no verb and no model", f"{hint}; `orderof --help` lists both")


class App(click.Group):
    """A group that puts the default verb before what is no verb, and imports a verb on use."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; what starts with a model or one of its options is `analyze`."""
        if not args:
            args = ["--help"]
        elif args[0] not in VERBS and args[0] not in {"--help", "-h", "--version"}:
            if not args[0].startswith("-"):
                check_model(args[0])
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the verbs."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb."""
        del ctx
        if cmd_name not in VERBS:
            return None
        command = import_module(f"orderof.cli.{cmd_name}").COMMAND
        return command if isinstance(command, click.Command) else None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help: verbs by heading, spellings of models, examples."""
        del ctx
        for group in dict.fromkeys(v.group for v in VERBS.values()):
            with formatter.section(group):
                verbs = [(v.name, v.about) for v in VERBS.values() if v.group == group]
                formatter.write_dl(verbs)
        with formatter.section("MODEL is one of"):
            formatter.write_dl(MODELS)
        with formatter.section("Examples"):
            formatter.write_dl(EXAMPLES)
        formatter.write_paragraph()
        formatter.write_text("orderof VERB --help lists the options of a verb.")


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        from orderof.result.version import version

        click.echo(f"orderof {version()}")
        ctx.exit()


APP = App(
    name="orderof",
    help="What a neural network costs, exactly, and how that cost grows.",
    options_metavar="",
    subcommand_metavar="[VERB] MODEL [OPTIONS]",
    context_settings={"help_option_names": ["-h", "--help"]},
    params=[
        click.Option(
            ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_version
        )
    ],
)
