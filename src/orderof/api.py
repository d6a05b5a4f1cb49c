"""The public verbs: a model goes through its door to a Graph, through analyses to a Result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orderof.analyses.work import count
from orderof.frontends import zoo
from orderof.result import Module, Result
from orderof.transform.grad import grad
from orderof.transform.optimizer import optimize, optimizer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orderof.ir.graph import Graph
    from orderof.ops.work import Padding


def graph_of_zoo(
    spelling: str, *, dims: Mapping[str, int] | None = None, train: str | None = None
) -> Graph:
    """Build a model of the zoo, with its backward pass and optimizer step when it is trained."""
    graph = zoo.build(spelling.removeprefix("zoo:"), train=train is not None, dims=dims)
    return optimize(grad(graph), optimizer(train)) if train else graph


def result_of(
    graph: Graph, *, mode: str, train: str | None, padding: Padding = "full", as_: str = "flops"
) -> Result:
    """Count a graph and give the Result."""
    report = count(graph, padding)
    return Result(
        model=graph.name,
        dims=dict(graph.dims),
        mode=mode,
        train=train,
        rows=report.rows,
        modules=tuple(Module(*m) for m in graph.modules),
        coverage=report.coverage,
        parameters=report.params,
        assumptions=report.assumptions,
        as_=as_,
    )


def analyze(
    model: Any,  # noqa: ANN401 - a spelling or a module of a framework
    *inputs: Any,  # noqa: ANN401
    kwargs: Mapping[str, Any] | None = None,
    dims: Mapping[str, Any] | None = None,
    train: str | None = None,
    mode: str | None = None,
    padding: Padding = "full",
    as_: str = "flops",
) -> Result:
    """Count what a model costs.

    `model` is a spelling (`zoo:gpt2`, `mlp:784-300-10`, `torchvision:resnet50`, `hf:DIR`,
    `pkg.module:attr`) or a `torch.nn.Module`, called with `inputs` and `kwargs`. `train` names an
    optimizer and adds the backward pass and its step. Raises an `orderof.Error` with a hint.

    >>> r = analyze("zoo:gpt2", dims={"S": 128})
    >>> r.forward.macs()
    15996026880
    >>> r.params()
    124439808
    """
    chosen = mode or ("train" if train else "eval")
    if isinstance(model, str) and model.startswith(("zoo:", "mlp:")):
        graph = graph_of_zoo(model, dims=dims, train=train)
        return result_of(graph, mode=chosen, train=train, padding=padding, as_=as_)
    from orderof.frontends.torch import graph_of  # noqa: PLC0415 - needs torch

    graph = graph_of(model, inputs, kwargs or {}, dims=dims, train=train, mode=chosen)
    return result_of(graph, mode=chosen, train=train, padding=padding, as_=as_)
