"""Higher-order operators of torch: recorded by what the functions in them run.

cond            one of two functions: the one that the predicate says, where it is known, else the
                one that was asked for, or the dearer one, and a note says so
while_loop      step by step, as long as the condition is known; else a loop of T turns, T a letter
scan, map       a loop of as many turns as the first dimension is long; where none can be made of
                it (`loops.py`), step by step
flex_attention  attention, with what is done to a score done to all of them; a mask of positions
                chooses at every place, as any other mask does

A Python function that torch would compile is run as it is written, under the doors.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_unflatten

from orderof.errors import Deeper, ModelError
from orderof.frontends.torch.loops import apart, looped, reach
from orderof.frontends.torch.nested import leaves

if TYPE_CHECKING:
    from orderof.frontends.torch.tape import Tape

_MOST = 1 << 16
"""Steps of a loop whose condition is known; one that runs longer is taken not to end."""


def handlers(doors: TorchFunctionMode, tape: "Tape") -> dict[Any, Callable[..., Any]]:
    """Give what runs in place of each operator."""
    from torch._higher_order_ops.map import map_impl

    def under(handler: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            with doors:  # torch leaves the mode for what it calls
                return handler(tape, *args, **kwargs)

        return run

    ops: Any = torch.ops.higher_order
    return {
        ops.cond: under(_cond),
        ops.while_loop: under(_while),
        ops.scan: under(_scan),
        map_impl: under(_map),
        ops.flex_attention: under(_flex),
    }


def _cond(tape: "Tape", given: Any, yes: Any, no: Any, operands: Sequence[Any]) -> Any:
    known = _truth(tape, given)
    first = _first(tape, yes, no, operands) if known is None else known
    tape.depth += known is None
    try:
        made = (yes if first else no)(*operands)
        return _with_zeros(tape, made, (yes, no), operands)
    finally:
        tape.depth -= known is None


def _with_zeros(tape: "Tape", made: Any, functions: Sequence[Any], operands: Sequence[Any]) -> Any:
    """Let all that either function reads have a gradient: torch gives it zeros, if it has none.

    So an optimizer updates it (torch/_higher_order_ops/utils.py, create_bw_fn).
    """
    if not torch.is_grad_enabled():
        return made
    read = _read(tape, functions, operands)
    flat, spec = tree_flatten(made)
    reached = frozenset[int]().union(*reach(flat, read))
    alone = [t for i, t in enumerate(read) if i not in reached]
    if not alone and len(flat) == 1:
        return made
    tape.zeroed.extend(tape.see(t, "what has a gradient of zeros") for t in alone)
    apply: Any = _Zeros.apply
    return tree_unflatten(apply(len(flat), *flat, *alone), spec)


def _read(
    tape: "Tape", functions: Sequence[Any], operands: Sequence[Any]
) -> tuple[torch.Tensor, ...]:
    """Give what functions read of what was there before, and wants a gradient."""
    before = len(tape.loops.trips), len(tape.notes), len(tape.zeroed)
    found: dict[int, torch.Tensor] = {}
    for function in functions:
        with apart(tape) as aside:
            function(*operands)
        found |= {i: t for i, t in aside.outside.items() if t.requires_grad}
    del tape.loops.trips[before[0] :], tape.notes[before[1] :], tape.zeroed[before[2] :]
    return tuple(found.values())


class _Zeros(torch.autograd.Function):
    """Hands its first tensors on; the others get a gradient of zeros."""

    @staticmethod
    def forward(ctx: Any, n: int, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        ctx.n = n
        ctx.save_for_backward(*tensors[n:])
        whole = [t for t in tensors[:n] if not t.is_floating_point() and not t.is_complex()]
        ctx.mark_non_differentiable(*whole)
        return tensors[:n]

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return (None, *grads, *(torch.zeros_like(t) for t in ctx.saved_tensors))


def _first(tape: "Tape", yes: Any, no: Any, operands: Sequence[Any]) -> bool:
    """Whether the first function is counted, where values decide; a note says why."""
    if tape.cond == "max":
        ours, theirs = (tape.measure(branch, operands) for branch in (yes, no))
        name = "first" if ours >= theirs else "second"
        why = "the dearer one" if ours != theirs else "as dear as the other"
    else:
        by_depth = tape.cond if isinstance(tape.cond, tuple) else (tape.cond,) * (tape.depth + 1)
        if tape.depth >= len(by_depth):
            hint = f"name one for each: cond={(*by_depth, 'first')}"
            raise Deeper("torch.cond", f"stands within {tape.depth} others", hint)
        if len(by_depth) > 1 and tape.in_backward:  # of what began within a function
            hint = "ask without checkpoints, or for --cond first or second"
            raise ModelError("torch.cond", "is computed again at a depth that is not known", hint)
        name, why = by_depth[tape.depth], "as was asked for"
    tape.notes.append(f"torch.cond runs its {name} function here, {why}")
    return name == "first"


def _while(tape: "Tape", condition: Any, body: Any, carried: Any, rest: Any, **_: Any) -> Any:
    carry = tuple(carried)
    for steps in range(_MOST):
        goes_on = condition(*carry, *rest)
        known = goes_on if isinstance(goes_on, bool) else _truth(tape, goes_on)
        if known is None:
            return _until(tape, condition, body, carry, rest, steps)
        if not known:
            return carry
        carry = tuple(body(*carry, *rest))
    raise ModelError("while_loop", f"did not end in {_MOST} steps", "give it a smaller bound")


def _until(
    tape: "Tape", condition: Any, body: Any, carry: Sequence[Any], rest: Any, steps: int
) -> Any:
    """Run a body and the condition after it T times, after a condition that came before all."""

    def turn(*carry: Any) -> Any:
        after = tuple(body(*carry, *rest))
        condition(*after, *rest)
        return after

    if tape.depth and isinstance(tape.cond, tuple):  # its letter would be another loop's as well
        hint = "ask for --cond first or second, or write the loop for a number of steps"
        raise ModelError("while_loop", "in a function that torch.cond may take has no letter", hint)
    found, name = None, tape.loops.trip()
    if all(isinstance(t, torch.Tensor) for t in carry):
        found = looped(tape, "while_loop", turn, carry, (), name)
    if found is None:
        raise ModelError(
            "while_loop",
            "runs as often as values say that only a run knows, and its body does not stand alone",
            "write the loop for the number of steps that you mean: for _ in range(n)",
        )
    where = f" at {tape.scopes.current}" if tape.scopes.current else ""
    more = f" after {steps} that {'is' if steps == 1 else 'are'} known" if steps else ""
    tape.notes.append(f"{name}: how often while_loop{where} runs{more}; give it with -d {name}=...")
    return tuple(found)


def _scan(tape: "Tape", combine: Any, init: Any, xs: Any, rest: Any) -> Any:
    turn = _Flat(lambda *given: combine(*given, *rest))
    found = looped(tape, "scan", turn, init, xs)
    if found is not None:
        return tree_unflatten(found, turn.spec)
    carry, stacks = list(init), []
    for i in range(xs[0].shape[0]):
        made = turn(*carry, *(x.select(0, i) for x in xs))
        carry, made = made[: len(carry)], made[len(carry) :]
        stacks.append(made)
    ends = [torch.stack(parts) for parts in zip(*stacks, strict=True)]
    return tree_unflatten([*carry, *ends], turn.spec)


def _map(tape: "Tape", function: Any, xs: Any, rest: Any) -> Any:
    turn = _Flat(lambda *given: function(*given, *rest))
    found = looped(tape, "map", turn, (), xs)
    if found is None:
        turns = [turn(*(x.select(0, i) for x in xs)) for i in range(xs[0].shape[0])]
        found = [torch.stack(parts) for parts in zip(*turns, strict=True)]
    return tree_unflatten(found, turn.spec)


class _Flat:
    """A function whose tensors are given in a row; `spec` says how it nests them."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.spec: Any = None

    def __call__(self, *given: Any) -> list[Any]:
        made, self.spec = tree_flatten(self._function(*given))
        return made


def _truth(tape: "Tape", value: Any) -> bool | None:
    """Give what a boolean tensor says, where that is known."""
    (tensor,) = (t for _, t in leaves(value))
    found = tape.known.value(tape.see(tensor, "a condition"))
    return None if found is None else bool(found.item())


def _flex(
    tape: "Tape", q: Any, k: Any, v: Any, change: Any, blocks: Any, scale: float, *_: Any
) -> Any:
    """Attention whose scores are changed by a function of (score, batch, head, query, key)."""
    from torch.nn.attention.flex_attention import _identity, noop_mask

    allowed = blocks[-1]
    places = _places(tape, (q.shape[0], q.shape[1], q.shape[2], k.shape[2]))
    mask = None if allowed is noop_mask else allowed(*places)
    if change is _identity:
        attend = torch.nn.functional.scaled_dot_product_attention
        out = attend(q, k, v, attn_mask=mask, scale=scale, enable_gqa=q.shape[1] != k.shape[1])
    else:
        groups = q.shape[1] // k.shape[1]
        k, v = (t.repeat_interleave(groups, 1) if groups > 1 else t for t in (k, v))
        scores = change(q @ k.transpose(-2, -1) * scale, *places)
        if mask is not None:
            scores = torch.where(mask, scores, -torch.inf)
        out = scores.softmax(-1).to(q.dtype) @ v
    with tape.mute():
        aside = torch.empty(q.shape[:-1], dtype=torch.float32)
    return out, aside, aside


def _places(tape: "Tape", sizes: Sequence[int]) -> list[torch.Tensor]:
    """Number the places along each dimension; a kernel has these numbers, and adds up none."""
    with tape.mute():
        shapes = ([n if i == j else 1 for j in range(len(sizes))] for i, n in enumerate(sizes))
        found = [torch.empty(shape, dtype=torch.int64) for shape in shapes]
    tape.constants.extend(map(tape.name, found))
    return found
