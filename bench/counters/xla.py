"""XLA's cost analysis of a module, as JAX writes it operation by operation and lowers it."""

# ruff: noqa: ANN401 - loaded by path; modules and arguments of any kind

from __future__ import annotations

from typing import Any

LOST = 2**-24
"""By so much of a sum an addition in float32 is off at most."""


def figures(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, int]:
    """Rewrite what torch.export makes of a module, by `jax_table`, and lower it.

    XLA adds up in float32, so that its figure of a large network is rounded with each operation.
    Therefore operations are lowered one by one and added as whole numbers. The network is lowered
    as a whole too, and must give the same but for what its additions lose.
    """
    import jax

    graph, given = _exported(module, args, kwargs)
    parts: list[int] = []
    _run(graph, given, lambda function, how: _alone(function, how, parts))
    whole = jax.jit(lambda *values: _run(graph, values, lambda f, how: f(*how[0], **how[1])))
    lowered = whole.lower(*given)
    found, steps = _flops(lowered), lowered.as_text().count("\n")
    if abs(found - sum(parts)) > steps * LOST * found:
        raise ValueError(f"{sum(parts)} one by one is not {found}")
    return {"xla": sum(parts)}


def _flops(lowered: Any) -> int:
    return int((lowered.cost_analysis() or {}).get("flops", 0))


def _exported(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, list[Any]]:
    """Give a graph, and its inputs without values: parameters, buffers, constants, arguments."""
    import jax
    import torch
    from torch.utils._pytree import tree_leaves

    class Tensors(torch.nn.Module):
        """The tensors that a module gives, without what keeps them."""

        def __init__(self) -> None:
            super().__init__()
            self.module = module.eval()

        def forward(self, *args: Any, **kwargs: Any) -> Any:
            found = tree_leaves(self.module(*args, **kwargs))
            return tuple(v for v in found if isinstance(v, torch.Tensor))

    with torch.no_grad():
        program = torch.export.export(Tensors(), tuple(args), kwargs)
    inputs = iter(tree_leaves((args, kwargs)))
    known = {**program.state_dict, **program.constants}
    specs = program.graph_signature.input_specs
    values = [known[s.target] if s.target in known else next(inputs) for s in specs]
    types = ((v.shape, str(v.dtype).removeprefix("torch.")) for v in values if torch.is_tensor(v))
    shapes = [jax.ShapeDtypeStruct(s, jax.dtypes.canonicalize_dtype(t)) for s, t in types]
    return program.graph, shapes


def _run(graph: Any, values: Any, call: Any) -> Any:
    """Call for each node the function that `jax_table` has for it."""
    import torch
    from jax_table import table

    found: dict[Any, Any] = {}
    rows, given = table(), iter(values)
    for node in graph.nodes:
        how = torch.fx.map_arg((node.args, node.kwargs), found.__getitem__)
        if node.op == "placeholder":
            found[node] = next(given) if torch.is_tensor(node.meta["val"]) else node.meta["val"]
        elif node.op == "output":
            return list(how[0][0])
        elif node.op == "call_function":
            name = getattr(node.target, "__name__", str(node.target)).partition(".")[0]
            found[node] = call(rows[name.removesuffix("_")], how)
    raise AssertionError("a graph has an output")


def _alone(function: Any, how: Any, parts: list[int]) -> Any:
    """Lower one operation, and give what comes out of it without values."""
    import jax
    from torch.utils._pytree import tree_flatten, tree_unflatten

    leaves, tree = tree_flatten(how)
    given = {n: v for n, v in enumerate(leaves) if isinstance(v, jax.ShapeDtypeStruct)}

    def called(*values: Any) -> Any:
        own = dict(zip(given, values, strict=True))
        args, kwargs = tree_unflatten([own.get(n, v) for n, v in enumerate(leaves)], tree)
        return function(*args, **kwargs)

    parts.append(_flops(jax.jit(called).lower(*given.values())))
    return jax.eval_shape(called, *given.values())
