"""check_op: what has to hold for every operator, whatever its form.

check_op        shape, dtype, operations in both padding modes, bytes and span: the operator is
                built with letters and with numbers, and each is held against what is executed;
                its text form round-trips
check_gradient  the derivative by value, and then all of that again for its nodes
check_values    values, shapes and dtypes against torch, which is what catches a declaration that
                is wrong but agrees with itself
"""

import numpy as np

from oracle.case import build
from oracle.values import run
from orderof.counts import is_float
from orderof.ir.build import Builder
from orderof.ir.forms import Composite, Irregular, Loop, Nest
from orderof.ir.read import parse_graph
from orderof.ir.text import print_graph
from orderof.ops import lookup, span, traffic, work
from orderof.ops.derive import derive
from orderof.transform.grad import grad

STEP, NEAR, SMALL = 1e-5, 1e-5, 1e-6


def check_op(op, case):
    """Build the operator with letters and with numbers, run it, and compare; gives the results."""
    b, node = build(op, case)
    graph, arrays = b.graph(node.results), case.arrays()
    _, plain = build(op, case.at_numbers())
    found, done = run(graph, arrays, case.env)
    for v, w, x in zip(node.results, plain.results, found, strict=True):
        assert tuple(n.at(case.env) for n in v.shape) == x.shape
        assert tuple(n.value for n in w.shape) == x.shape
        assert v.dtype == w.dtype
    for padding in ("full", "exact"):
        if padding == "exact":
            _, done = run(graph, arrays, case.env, padding)
        for n, env in ((node, case.env), (plain, {})):
            check_operations(n, env, done, padding)
            if padding == "full":
                check_traffic(n, env, done)
                check_span(n, env, done)
    if case.law is not None:
        case.law(arrays, found)
    check_text(graph)
    return found


def check_text(graph):
    """Print a graph, read it, which verifies it, and print it again."""
    text = print_graph(graph, lookup)
    assert print_graph(parse_graph(text, lookup), lookup) == text


def check_values(op, case, torch):
    """Hold the results, their shapes and their dtypes against torch's."""
    b, node = build(op, case)
    found, _ = run(b.graph(node.results), case.arrays(), case.env)
    for x, y in zip(found, _ask(torch, case), strict=False):
        assert x.shape == tuple(y.shape)
        near = 1e-6 if str(y.dtype) == "torch.float32" else 1e-9  # torch makes it of integers
        np.testing.assert_allclose(x, y.numpy(), near, near)
    dtypes = [getattr(torch, operand.dtype) for operand in case.operands]
    for v, y in zip(node.results, _ask(torch, case, dtypes), strict=False):
        assert f"torch.{v.dtype}" == str(y.dtype) or op.name == "cast"


def _ask(torch, case, dtypes=None):
    """Give what torch computes, in float64 if not told otherwise."""
    operands = [torch.from_numpy(x) for x in case.arrays()]
    if dtypes:
        operands = [x.to(dtype) for x, dtype in zip(operands, dtypes, strict=True)]
    expected = case.reference(torch, *operands)
    return expected if isinstance(expected, tuple) else (expected,)


def check_operations(node, env, done, padding):
    """Hold the counts of a node against what was executed."""
    counted = {(str(k), d): n for (k, d), n in work(node, padding).at(**env).items() if n}
    macs = sum(n for (k, _), n in counted.items() if k == "mac")
    counted = {key: n for key, n in counted.items() if key[0] != "mac"}
    executed = {key: n for key, n in done.ops.items() if n}
    assert counted == executed, (node.op, padding, counted, executed)
    assert macs == done.macs, (node.op, padding, macs, done.macs)


def check_traffic(node, env, done):
    """Hold the bytes of a node against the elements that were touched."""
    read, written = (n.at(env) for n in traffic(node))
    if node.form.__class__.__name__ == "View":
        assert (read, written) == (0, 0)
    assert read == done.bytes_read, (node.op, read, done.bytes_read)
    assert written == done.bytes_written, (node.op, written, done.bytes_written)


def check_span(node, env, done):
    """Hold the span of a node against the longest chain that was executed."""
    found, total = span(node).at(env), sum(done.ops.values())
    match node.form:
        case Nest():
            assert found == done.span, (node.op, found, done.span)
        case Composite() | Loop() | Irregular():
            assert done.span <= found <= total, (node.op, done.span, found, total)
        case _:
            assert found == 0


def check_gradient(op, case):
    """Hold the derivative against finite differences, and its nodes against their execution."""
    b, node = build(op, case)
    if not case.differentiable() or not is_float(node.results[0].dtype):
        return
    graph, seeded = backward(op, b, node, case.differentiable())
    arrays, rng = case.arrays(), np.random.default_rng(case.seed + 1)
    forward = b.graph(node.results[:seeded])
    gs = [rng.uniform(0.5, 1.5, y.shape) for y in run(forward, arrays, case.env)[0]]
    grads, _ = run(graph, [*arrays, *gs], case.env)
    for j, found in zip(case.differentiable(), grads, strict=True):
        assert found.shape == arrays[j].shape
        toward = rng.choice([-1.0, 1.0], found.shape)
        ends = [_results(forward, arrays, j, h * toward, case.env) for h in (STEP, -STEP)]
        expected = sum(np.sum((y - z) * g) for y, z, g in zip(*ends, gs, strict=True)) / (2 * STEP)
        np.testing.assert_allclose(np.sum(found * toward), expected, NEAR, SMALL, err_msg=op.name)
    check_nodes(graph, [*arrays, *gs], case.env, skip=len(b.nodes))
    check_text(graph)


def _results(graph, arrays, j, change, env):
    """Give the results when operand j changes."""
    return run(graph, [*arrays[:j], arrays[j] + change, *arrays[j + 1 :]], env)[0]


def backward(op, forward, node, wanted):
    """Give a graph (operands, gradients of results) -> gradients of the wanted operands.

    A derived nest and a vjp get the gradient of the first result, an expansion that of all. Also
    gives how many that are.
    """
    if op.vjp is None and not isinstance(node.form, Nest):
        return _expanded(forward, node, wanted), len(node.results)
    b = Builder()
    b.inputs, b.nodes = [*forward.inputs], [*forward.nodes]
    first = node.results[0]
    g = b.input("g", first.dtype, *first.shape)
    if op.vjp is None:
        return b.graph([derive(b, node, g, j) for j in wanted]), 1
    gs = [g, *(None,) * (len(node.results) - 1)]
    want = [j in wanted for j in range(len(node.operands))]
    grads = list(op.vjp(b, node, gs, want))
    assert len(grads) == len(node.operands), (op.name, len(grads))
    return b.graph([grads[j] for j in wanted]), 1


def _expanded(forward, node, wanted):
    """Derive an operator without a vjp of its own from its expansion."""
    full = grad(forward.graph(node.results), inputs=True)
    found = dict(full.grads)
    b = Builder()
    b.inputs, b.nodes = list(full.inputs), list(full.nodes)
    return b.graph([found[forward.inputs[j].value] for j in wanted])


def check_nodes(graph, inputs, env, skip=0):
    """Hold each node of a graph but the first few against its own execution."""
    _, done = run(graph, inputs, env)
    for node in graph.nodes[skip:]:
        b = Builder()
        given = [b.take(v) for v in dict.fromkeys(node.operands)]
        b.nodes.append(node)
        alone = b.graph(node.results)
        arrays = [done.values[v] for v in given]
        for padding in ("full", "exact"):
            _, ran = run(alone, arrays, env, padding)
            check_operations(node, env, ran, padding)
            if padding == "full":
                check_traffic(node, env, ran)
                check_span(node, env, ran)
