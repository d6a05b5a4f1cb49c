"""The options that say what is asked about a model; verbs share them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import click

from orderof.errors import BadSpelling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    from orderof.api import Asked
    from orderof.result import Result
    from orderof.result.expected import Expected

FACTORS = {
    "": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30,
}  # fmt: skip
CHOICES: dict[str, Literal["max", "first", "second"]] = {
    "max": "max", "first": "first", "second": "second",
}  # fmt: skip
_SIZE = re.compile(r"([1-9][\d_]*)(k|M|G|Ki|Mi|Gi|)")


@dataclass(frozen=True, slots=True)
class Question:
    """A model, and what is asked about it."""

    model: str
    dim: tuple[str, ...] = ()
    input: tuple[str, ...] = ()
    train: str | None = None
    mode: str | None = None
    loss: str | None = None
    padding: Literal["full", "exact"] = "full"
    as_: str = "flops"
    strict: bool = False
    symbolic: str | None = None
    vary: str | None = None
    prefill: bool = False
    decode: int | None = None
    causal: Literal["full", "exact"] = "full"
    cond: str = "max"
    progress: Callable[[int], None] | None = field(default=None, repr=False, compare=False)
    """Is told how many members of a family are counted."""

    def in_flop(self) -> None:
        """Refuse a convention, where FLOP and operations are what is told."""
        if self.as_ != "flops":
            hint = f"leave it out, or ask orderof {self.model} --as {self.as_}"
            raise BadSpelling(f"--as {self.as_}", "has no use here: FLOP and operations", hint)

    def chance(self) -> Fraction | None:
        """Give the probability with which torch.cond takes its first function, if that is asked."""
        if self.cond in CHOICES:
            return None
        from orderof.expectation import probability

        return probability(self.cond)

    def expected(self) -> Expected:
        """Ask for the mean; raises where there is none."""
        from orderof.expectation import expect

        if self.vary is not None:
            raise BadSpelling("--vary", f"does not go with --cond {self.cond}", "ask for one")
        asked = replace(self, cond="max").asked()
        return expect(self.model, p=self.cond, padding=self.padding, as_=self.as_, **asked)

    def result(self) -> Result:
        """Ask it."""
        if self.vary is not None:
            return self._family(varied(self.vary))
        from orderof.api import analyze

        return analyze(self.model, padding=self.padding, as_=self.as_, **self.asked())

    def _family(self, vary: Mapping[str, int | None]) -> Result:
        from orderof.families import family

        how: Any = {**self.asked(), "padding": self.padding, "as_": self.as_}
        return family(self.model, vary, **how, progress=self.progress)

    def asked(self) -> Asked:
        """Give what is asked about the model, as the API takes it."""
        if self.chance():
            typed = f"orderof {shlex.quote(self.model)} {self.options()}"
            hint = f"{typed} gives it; here, --cond first or second"
            raise BadSpelling(f"--cond {self.cond}", "is a mean, which is no graph", hint)
        return {
            "dims": sizes(self.dim),
            "input_specs": self.input,
            "train": self.train,
            "mode": self.mode,
            "loss": self.loss,
            "on_unknown": "raise" if self.strict else "bound",
            "symbolic": letters(self.symbolic),
            "prefill": self.prefill,
            "decode": self.decode,
            "causal": self.causal,
            "cond": CHOICES[self.cond],
        }

    def options(self) -> str:
        """Write the options as they would be typed."""
        words: list[str] = []
        for flag, values in (("-d", self.dim), ("--input", self.input)):
            for value in values:
                words.extend((flag, value))
        single = (("--train", self.train), ("--mode", self.mode), ("--loss", self.loss))
        for flag, value in single:
            words.extend((flag, value) if value else ())
        words.extend(("--symbolic", self.symbolic) if self.symbolic else ())
        words.extend(("--vary", self.vary) if self.vary else ())
        words.extend(("--prefill",) if self.prefill else ())
        words.extend(("--decode", str(self.decode)) if self.decode is not None else ())
        words.extend(("--padding", self.padding) if self.padding != "full" else ())
        words.extend(("--causal", self.causal) if self.causal != "full" else ())
        words.extend(("--cond", self.cond) if self.cond != "max" else ())
        words.extend(("--as", self.as_) if self.as_ != "flops" else ())
        return shlex.join(words)


def sizes(texts: tuple[str, ...]) -> dict[str, int]:
    """Read NAME=VALUE, where a VALUE is as 128, 1_024, 8k (8000) or 8Ki (8192).

    >>> sizes(("B=8", "S=8Ki", "V=50k"))
    {'B': 8, 'S': 8192, 'V': 50000}
    """
    found: dict[str, int] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        match = _SIZE.fullmatch(value.strip())
        if not name.strip().isidentifier() or not equals or not match:
            hint = "write -d NAME=VALUE, as in -d S=1024 or -d S=8k"
            raise BadSpelling(text, "is not a size", hint)
        if name.strip() in found:
            raise BadSpelling(name.strip(), "is given twice", "give one -d for each name")
        found[name.strip()] = int(match[1]) * FACTORS[match[2]]
    return found


def whole(text: str) -> int:
    """Read a number of something exactly: 60000, 10**15, 1e15 or 50k.

    >>> whole("2.5e3"), whole("10**4"), whole("60k")
    (2500, 10000, 60000)
    """
    from fractions import Fraction

    if match := _SIZE.fullmatch(text.strip()):
        return int(match[1]) * FACTORS[match[2]]
    base, _, power = text.partition("**")
    try:
        found = Fraction(base) ** int(power or 1)
    except (ValueError, OverflowError, ZeroDivisionError):
        found = Fraction(0)
    if found < 1 or found.denominator != 1:
        raise BadSpelling(text, "is no number", "write a whole number, as 60000, 60k or 1e15")
    return int(found)


def varied(text: str) -> dict[str, int | None]:
    """Read NAME,NAME=VALUE.

    >>> varied("num_hidden_layers,text_config.hidden_size=1k")
    {'num_hidden_layers': None, 'text_config.hidden_size': 1000}
    """
    found: dict[str, int | None] = {}
    for part in text.split(","):
        name, equals, value = (word.strip() for word in part.partition("="))
        match = _SIZE.fullmatch(value)
        if not all(word.isidentifier() for word in name.split(".")) or bool(equals) != bool(match):
            hint = "write --vary num_hidden_layers,hidden_size or --vary width=64,depth"
            raise BadSpelling(text, "is no list of sizes", hint)
        found[name] = int(match[1]) * FACTORS[match[2]] if match else None
    return found


def letters(text: str | None) -> tuple[str, ...] | None:
    """Read `B,S` or `none`.

    >>> letters("B,S"), letters("none"), letters(None)
    (('B', 'S'), (), None)
    """
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(","))
    if names == ("none",):
        return ()
    for name in names:
        if not name.isidentifier():
            hint = "write --symbolic B,S or --symbolic none"
            raise BadSpelling(text, "is no list of letters", hint)
    return names


MODEL = click.Argument(["model"], metavar="MODEL")
WHAT = [
    click.Option(
        ["-d", "--dim"],
        multiple=True,
        metavar="NAME=VALUE",
        help="Set a size: -d B=8 -d S=2048. Also 8k (8000) and 8Ki (8192).",
    ),
    click.Option(
        ["--input"],
        multiple=True,
        metavar="SPEC",
        help='An input of a torch module: "x: float32[B=32, 3, H=224, W=224]".',
    ),
    click.Option(
        ["--train"],
        metavar="OPTIMIZER",
        help="Add the backward pass and the update: sgd-momentum, adamw, muon, ...",
    ),
    click.Option(
        ["--mode"],
        type=click.Choice(["train", "eval"]),
        help="Whether dropout and the like are active; eval, but train with --train.",
    ),
    click.Option(["--loss"], metavar="NAME", help="Add a loss on the first output."),
]
VARY = click.Option(
    ["--vary"],
    metavar="NAMES",
    help="Sizes of the model itself as letters: keys of a config, arguments of a builder.",
)
CACHE = [
    click.Option(
        ["--prefill"],
        is_flag=True,
        help="The pass of a causal language model over its prompt, as `generate` runs it.",
    ),
    click.Option(
        ["--decode"],
        type=click.IntRange(min=1),
        metavar="T",
        help="One step of a causal language model after T tokens, with a cache.",
    ),
]
HOW = [
    click.Option(
        ["--padding"],
        type=click.Choice(["full", "exact"]),
        default="full",
        help="Count a window's taps in the padding (as tools do), or not.",
    ),
    click.Option(
        ["--causal"],
        type=click.Choice(["full", "exact"]),
        default="full",
        help="Count the whole square of causal attention (as tools do), or its triangle or window.",
    ),
    click.Option(
        ["--cond"],
        metavar="WHICH",
        default="max",
        help="Which function of torch.cond counts where values decide: max, the dearer one, first, "
        "second, or the mean for a probability of the first one: 0.3.",
    ),
    click.Option(
        ["--as", "as_"],
        metavar="NAME",
        default="flops",
        help="Count as NAME does: flops, macs, orderof (every operation), ...",
    ),
    click.Option(
        ["--symbolic"],
        metavar="LETTERS",
        help="Which sizes of a torch module are letters: B,S, none, widths; by default B, S, H, W, "
        "and P of a detector.",
    ),
    click.Option(["--strict"], is_flag=True, help="Exit 4 if an operator has no rule."),
]
