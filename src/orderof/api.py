"""The public verbs: a model goes through its door to a Graph, through analyses to a Result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from orderof.analyses.work import count
from orderof.errors import BadSpelling, MissingExtra, Refused
from orderof.frontends import zoo
from orderof.result import Module, Result
from orderof.transform.grad import grad
from orderof.transform.loss import add_loss
from orderof.transform.optimizer import optimize, optimizer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orderof.ir.graph import Graph
    from orderof.ops.work import Padding


def graph_of_zoo(
    spelling: str,
    *,
    dims: Mapping[str, int] | None = None,
    train: str | None = None,
    mode: str | None = None,
    loss: str | None = None,
) -> Graph:
    """Build a model of the zoo, with its backward pass and optimizer step when it is trained."""
    rule = optimizer(train) if train else None
    training = (mode or ("train" if train else "eval")) == "train"
    graph = zoo.build(spelling.removeprefix("zoo:"), train=training, dims=dims)
    graph = add_loss(graph, loss) if loss else graph
    return optimize(grad(graph), rule) if rule else graph


def graph(
    model: Any,  # noqa: ANN401 - a spelling or a module of a framework
    *inputs: Any,  # noqa: ANN401
    kwargs: Mapping[str, Any] | None = None,
    input_specs: Sequence[str] = (),
    dims: Mapping[str, Any] | None = None,
    train: str | None = None,
    mode: str | None = None,
    loss: str | None = None,
    on_unknown: Literal["raise", "bound"] = "raise",
) -> Graph:
    """Take a model through its door: the Graph that `analyze` counts, with the same arguments."""
    if isinstance(model, str) and model.startswith(("zoo:", "mlp:")):
        if inputs or kwargs or input_specs:
            hint = "its sizes are dims: use -d B=8, or dims={'B': 8}"
            raise BadSpelling(model, "takes no inputs", hint)
        return graph_of_zoo(model, dims=dims, train=train, mode=mode, loss=loss)
    if isinstance(model, str) and model.endswith((".pt", ".pth", ".pkl", ".pickle", ".ckpt")):
        hint = "name the code that makes the model: package.module:function"
        raise Refused(model, "is a pickle, and reading a pickle runs whatever code is in it", hint)
    return _torch_door()(
        model,
        inputs,
        kwargs,
        input_specs=input_specs,
        dims=dims,
        train=train,
        mode=mode or ("train" if train else "eval"),
        loss=loss,
        on_unknown=on_unknown,
    )


def _torch_door() -> Callable[..., Graph]:
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
    report = count(found, padding)
    return Result(
        model=found.name,
        dims=dict(found.dims),
        mode=mode,
        train=train,
        rows=report.rows,
        modules=tuple(Module(*m) for m in found.modules),
        coverage=report.coverage,
        parameters=report.params,
        assumptions=report.assumptions,
        notes=found.notes,
        as_=as_,
    )


def analyze(
    model: Any,  # noqa: ANN401 - a spelling or a module of a framework
    *inputs: Any,  # noqa: ANN401
    kwargs: Mapping[str, Any] | None = None,
    input_specs: Sequence[str] = (),
    dims: Mapping[str, Any] | None = None,
    train: str | None = None,
    mode: str | None = None,
    loss: str | None = None,
    padding: Padding = "full",
    as_: str = "flops",
    on_unknown: Literal["raise", "bound"] = "raise",
) -> Result:
    """Count what a model costs.

    `model` is a spelling (`zoo:gpt2`, `mlp:784-300-10`, `torchvision:resnet50`, `hf:DIR`,
    `pkg.module:attr`) or a `torch.nn.Module`, called with `inputs` and `kwargs`, or with what
    `input_specs` describe ("x: float32[B=8, 3, 224, 224]"). `train` names an optimizer and adds the
    backward pass and its step, `loss` a loss on the first output. `padding` "exact" leaves out taps
    that lie in the padding. Raises an `orderof.Error` with a hint.

    >>> r = analyze("zoo:gpt2", dims={"S": 128})
    >>> r.forward.macs()
    16114089984
    >>> r.params()
    124439808
    """
    found = graph(
        model,
        *inputs,
        kwargs=kwargs,
        input_specs=input_specs,
        dims=dims,
        train=train,
        mode=mode,
        loss=loss,
        on_unknown=on_unknown,
    )
    chosen = mode or ("train" if train else "eval")
    return result_of(found, mode=chosen, train=train, padding=padding, as_=as_)
