"""The public verbs: a model goes through its door to a Graph, through analyses to a Result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from orderof.analyses.told import beside
from orderof.analyses.work import count
from orderof.conventions import convention
from orderof.errors import BadSpelling, MissingExtra, Refused
from orderof.frontends import zoo
from orderof.ir.graph import Phase
from orderof.ops.causal import triangular
from orderof.result import Dims, Module, Result
from orderof.transform.grad import grad
from orderof.transform.loss import add_loss
from orderof.transform.optimizer import optimize, optimizer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orderof.analyses.derivation.exercise import Question
    from orderof.analyses.derivation.types import Derivation
    from orderof.analyses.explain import Explanation
    from orderof.analyses.span import Spans
    from orderof.analyses.ways import Ways
    from orderof.doc import Doc
    from orderof.ir.graph import Graph
    from orderof.ops.work import Padding


TAKEN = ("first", "second")
"""The functions of a `torch.cond`."""


def graph_of_zoo(
    spelling: str,
    *,
    dims: Mapping[str, int] | None = None,
    train: str | None = None,
    mode: str | None = None,
    loss: str | None = None,
    causal: str = "full",
) -> Graph:
    """Build a model of the zoo, with its backward pass and optimizer step when it is trained."""
    rule = optimizer(train) if train else None
    training = (mode or ("train" if train else "eval")) == "train"
    graph = zoo.build(spelling.removeprefix("zoo:"), train=training, dims=dims)
    graph = triangular(graph) if causal == "exact" else graph
    graph = add_loss(graph, loss) if loss else graph
    return optimize(grad(graph), rule) if rule else graph


class Asked(TypedDict, total=False):
    """What `analyze`, `explain` and `graph` may be told about a model, by keyword."""

    kwargs: Mapping[str, Any]
    """Named arguments of a module."""
    input_specs: Sequence[str]
    """Inputs in words, "x: float32[B=8, 3, 224, 224]"."""
    dims: Mapping[str, Any]
    """Sizes by letter; for a module with its inputs also letters of their axes, by input."""
    train: str | None
    """An optimizer: adds the backward pass and its step."""
    mode: str | None
    """`train` or `eval`; by default `train` where there is an optimizer."""
    loss: str | None
    """A loss on the first output."""
    on_unknown: Literal["raise", "bound"]
    """What to do with an operator that has no rule: raise, or give a lower bound that names it."""
    symbolic: Sequence[str] | None
    """Which sizes of a module's inputs are letters; by default all that can be proved."""
    prefill: bool
    """The pass of a causal language model over its prompt: the cache is filled."""
    causal: Literal["full", "exact"]
    """Whether causal attention is the whole square of scores, as tools count, or what is seen."""
    cond: Literal["max", "first", "second"] | tuple[Literal["first", "second"], ...]
    """Which function of `torch.cond` is counted where its predicate is not known; max: the dearer.

    Several are for one by itself, one within its function, and so on. `orderof.expect` gives the
    mean where each takes its first function with some probability.
    """
    traced: bool
    """Whether products of sizes are followed, as a convention asks that counts them in a trace."""
    decode: int | None
    """One step of a causal language model after so many tokens, T of them in its cache."""


def graph(
    model: Any,  # noqa: ANN401 - a spelling or a module of a framework
    *inputs: Any,  # noqa: ANN401
    **asked: Unpack[Asked],
) -> Graph:
    """Take a model through its door: the Graph that `analyze` counts, with the same arguments."""
    train, mode, cond = asked.get("train"), asked.get("mode"), choice(asked.get("cond", "max"))
    if isinstance(model, str) and model.startswith(("zoo:", "mlp:")):
        if inputs or asked.get("kwargs") or asked.get("input_specs"):
            hint = "its sizes are dims: use -d B=8, or dims={'B': 8}"
            raise BadSpelling(model, "takes no inputs", hint)
        if asked.get("symbolic") is not None:
            hint = "-d B=8, or dims={'B': 8}, gives one another value"
            raise BadSpelling(model, "has letters for all its sizes", hint)
        if asked.get("prefill") or asked.get("decode") is not None:
            hint = "a causal language model of transformers has one: hf:config.json"
            raise BadSpelling(model, "has no cache to decode with", hint)
        if cond != "max":
            raise BadSpelling(model, "has no torch.cond to choose in", "leave --cond out")
        dims, loss = asked.get("dims"), asked.get("loss")
        how: Any = {"train": train, "mode": mode, "loss": loss}
        return graph_of_zoo(model, dims=dims, causal=asked.get("causal", "full"), **how)
    if isinstance(model, str) and model.endswith(".onnx"):
        hint = "name the PyTorch code it was exported from: package.module:function"
        raise Refused(model, "is an ONNX file, which orderof does not read yet", hint)
    if isinstance(model, str) and model.endswith((".pt", ".pth", ".pkl", ".pickle", ".ckpt")):
        hint = "name the code that makes the model: package.module:function"
        raise Refused(model, "is a pickle, and reading a pickle runs whatever code is in it", hint)
    return torch_door()(model, inputs, **{**asked, "mode": mode_of(asked), "cond": cond})


def choice(cond: str | Sequence[str]) -> Any:  # noqa: ANN401 - one of several literals
    """Check which function of `torch.cond` is asked for; raises `BadSpelling`.

    >>> choice("first"), choice(["first", "second"])
    ('first', ('first', 'second'))
    """
    if cond in ("max", *TAKEN):
        return cond
    if isinstance(cond, list | tuple) and cond and all(name in TAKEN for name in cond):
        return (*cond,)
    hint = "write max, first or second, or one for each depth; orderof.expect takes a probability"
    raise BadSpelling(f"cond={cond!r}", "is no choice of a function", hint)


def mode_of(asked: Asked) -> str:
    """Give the mode that a question is asked in."""
    return asked.get("mode") or ("train" if asked.get("train") else "eval")


def torch_door() -> Callable[..., Graph]:
    """Give the door for modules; raises `MissingExtra` without torch."""
    try:
        from orderof.frontends.torch import graph_of
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        hint = "pip install 'orderof[torch]'"
        raise MissingExtra("torch", "is not installed", hint) from None
    return graph_of


def result_of(
    found: Graph, *, mode: str, train: str | None, padding: Padding = "full", as_: str = "flops"
) -> Result:
    """Count a graph and give the Result."""
    report = count(found, padding, convention(as_))
    return Result(
        model=found.name,
        dims=Dims(dict(found.dims), dict(found.ranges), report.assumptions),
        mode=mode,
        train=train,
        rows=report.rows,
        modules=tuple(Module(*m) for m in found.modules),
        coverage=report.coverage,
        parameters=report.params,
        assumptions=report.assumptions,
        experts=report.experts,
        notes=(*found.notes, *beside(found, [convention(as_)])),
        as_=as_,
    )


def analyze(
    model: Any,  # noqa: ANN401 - a spelling or a module of a framework
    *inputs: Any,  # noqa: ANN401
    padding: Padding = "full",
    as_: str = "flops",
    **asked: Unpack[Asked],
) -> Result:
    """Count what a model costs.

    `model` is a spelling (`zoo:gpt2`, `mlp:784-300-10`, `torchvision:resnet50`, `hf:DIR`,
    `pkg.module:attr`) or a `torch.nn.Module`, called with `inputs` and `kwargs`, or with what
    `input_specs` describe ("x: float32[B=8, 3, 224, 224]"). `train` names an optimizer and adds the
    backward pass and its step, `loss` a loss on the first output. `padding` "exact" leaves out taps
    that lie in the padding. Batch, sequence and image sizes of a module are letters, as far as that
    can be proved; `symbolic` names those that shall be. Raises an `orderof.Error` with a hint.

    >>> r = analyze("zoo:gpt2", dims={"S": 128})
    >>> r.forward.macs()
    16114089984
    >>> r.params()
    124439808
    """
    if convention(as_).products:
        asked["traced"] = True
    found = graph(model, *inputs, **asked)
    train = asked.get("train")
    return result_of(found, mode=mode_of(asked), train=train, padding=padding, as_=as_)


@dataclass(frozen=True, slots=True)
class Explained:
    """Where a number comes from, step by step: printed as text, or read item by item."""

    explanation: Explanation
    model: str = ""
    """How the model was spelled, if it was."""

    def doc(self, options: str = "", as_: str = "flops") -> Doc:
        """Give the report; `options` are those of the command line that asked for it."""
        from orderof.analyses.explain_doc import report

        return report(self.explanation, self.model, options, as_)

    def to_json(self) -> str:
        """Write as JSON: formulas and numbers."""
        from orderof.analyses.explain_json import dumps

        return dumps(self.explanation)

    def __str__(self) -> str:
        from orderof.views.text import render

        return render(self.doc())


def explain(
    model: Any,  # noqa: ANN401 - a spelling or a module of a framework
    scope: str,
    *inputs: Any,  # noqa: ANN401
    phase: str = "forward",
    padding: Padding = "full",
    **asked: Unpack[Asked],
) -> Explained:
    """Say where the cost of a module comes from, operator by operator.

    `scope` is a module path, `*` for any part of it (`h.*.attn`); it takes in what is below it. A
    `phase` of training implies `train="adamw"`. The other arguments are those of `analyze`.

    >>> d = explain("zoo:gpt2", "lm_head", dims={"S": 128})
    >>> d.explanation.counts.macs()
    Expr(B*S*V*d)
    """
    from orderof.analyses import explain as analysis

    if phase not in set(Phase):
        raise BadSpelling(phase, "is not a phase", f"use one of {', '.join(Phase)}")
    if phase == Phase.LOSS and not asked.get("loss"):
        raise BadSpelling(phase, "has no operators: no loss is named", "name one: cross_entropy")
    if phase in {Phase.BACKWARD, Phase.RECOMPUTE, Phase.OPTIMIZER}:
        asked = {**asked, "train": asked.get("train") or "adamw"}
    found = graph(model, *inputs, **asked)
    explanation = analysis.explain(found, scope, Phase(phase), padding)
    return Explained(explanation, model if isinstance(model, str) else "")


@dataclass(frozen=True, slots=True)
class Derived:
    """How the cost of a network follows from its equations: printed, or read step by step."""

    derivation: Derivation
    model: str = ""
    """How the model was spelled, if it was."""

    def doc(self, options: str = "") -> Doc:
        """Give the report; `options` are those of the command line that asked for it."""
        from orderof.analyses.derivation.report import report

        return report(self.derivation, self.model, options)

    def to_json(self) -> str:
        """Write as JSON: equations, counts, sums and orders."""
        from orderof.analyses.derivation.serial import dumps

        return dumps(self.derivation)

    def questions(self, scope: str = "") -> tuple[Question, ...]:
        """Ask for the counts of the layers, each with its answer and frequent mistakes."""
        from orderof.analyses.derivation.exercise import questions

        return questions(self.derivation, scope)

    def __str__(self) -> str:
        from orderof.views.text import render

        return render(self.doc())


def derive(
    model: Any,  # noqa: ANN401 - a spelling or a module of a framework
    *inputs: Any,  # noqa: ANN401
    padding: Padding = "full",
    **asked: Unpack[Asked],
) -> Derived:
    """Derive what a network costs: every equation, every count, every sum, with orders and proofs.

    The forward pass; with `train` also errors, gradients, update, step, epoch and the whole run.
    The arguments are those of `analyze`. Raises `VerifyError` if a sum is not what is counted.

    >>> d = derive("mlp:3-4-2", train="sgd")
    >>> d.derivation.chapters[0].total
    Expr(2*B*n0*n1 + 2*B*n1*n2 + B*n1)
    """
    from orderof.analyses.derivation.chapters import derive as derived

    found = graph(model, *inputs, **asked)
    spelled = model if isinstance(model, str) else ""
    meanings = zoo.LETTERS if spelled.startswith(("zoo:", "mlp:")) else None
    return Derived(
        derived(found, padding, train=asked.get("train"), mode=mode_of(asked), meanings=meanings),
        spelled,
    )


def spans(
    model: Any,  # noqa: ANN401 - a spelling or a module of a framework
    *inputs: Any,  # noqa: ANN401
    padding: Padding = "full",
    **asked: Unpack[Asked],
) -> Spans:
    """Measure work and span: how much can be done at once. The arguments are those of `analyze`.

    >>> s = spans("zoo:gpt2", dims={"S": 128})
    >>> str(s.total.steps), s.total.span.at(dict(s.dims))
    ('48*L + 14', 1854)
    """
    from orderof.analyses.span import spans as measured

    return measured(graph(model, *inputs, **asked), padding)


def gradients(
    model: Any,  # noqa: ANN401 - a spelling or a module of a framework
    *inputs: Any,  # noqa: ANN401
    checkpoints: int | None = None,
    window: int | None = None,
    padding: Padding = "full",
    **asked: Unpack[Asked],
) -> Ways:
    """Compare ways to the gradient by count: modes of differentiation, checkpoints, truncation.

    `checkpoints` inputs of blocks are kept at a time, `window` steps of time are walked back. The
    other arguments are those of `analyze`.

    >>> g = gradients("zoo:lstm", window=2)
    >>> [way.name for way in g.time]
    ['all of time', 'chunks of 2', '2 steps from every step']
    """
    from orderof.analyses.ways import ways

    trained: Asked = {**asked, "train": asked.get("train") or "sgd"}
    plain: Asked = {**asked, "train": None, "mode": mode_of(trained)}
    both = graph(model, *inputs, **trained), graph(model, *inputs, **plain)
    return ways(*both, checkpoints=checkpoints, window=window, padding=padding)
