"""Higher-order operators of torch: recorded by what the functions in them run.

cond            one of two functions: the one that the predicate says, where it is known, else the
                dearer one, and a note says so
while_loop      step by step, as long as the condition is known
scan, map       step by step, as many steps as the first dimension is long
flex_attention  attention, with what is done to a score done to all of them; a mask of positions
                chooses at every place, as any other mask does

A Python function that torch would compile is run as it is written, under the doors.
"""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode

from orderof.errors import ModelError
from orderof.frontends.torch.nested import leaves

if TYPE_CHECKING:
    from orderof.frontends.torch.tape import Tape

_MOST = 1 << 16
"""Steps of a loop whose condition is known; one that runs longer is taken not to end."""


def compiles() -> bool:
    """Whether torch's compiler is loaded; then a recording tells it to leave functions alone."""
    return "torch._dynamo" in sys.modules


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
    if known is None:
        ours, theirs = (tape.measure(branch, operands) for branch in (yes, no))
        known = ours >= theirs
        tape.notes.append(
            f"torch.cond runs its {'first' if known else 'second'} function here, "
            f"{'the dearer one' if ours != theirs else 'as dear as the other'}"
        )
    return (yes if known else no)(*operands)


def _while(tape: "Tape", condition: Any, body: Any, carried: Any, rest: Any, **_: Any) -> Any:
    carry = tuple(carried)
    for _step in range(_MOST):
        goes_on = condition(*carry, *rest)
        known = goes_on if isinstance(goes_on, bool) else _truth(tape, goes_on)
        if known is None:
            raise ModelError(
                "while_loop",
                "runs as often as values say that only a run knows",
                "write the loop for the number of steps that you mean: for _ in range(n)",
            )
        if not known:
            return carry
        carry = tuple(body(*carry, *rest))
    raise ModelError("while_loop", f"did not end in {_MOST} steps", "give it a smaller bound")


def _scan(tape: "Tape", combine: Any, init: Any, xs: Any, rest: Any) -> list[Any]:
    del tape
    carry, stacks = list(init), []
    for i in range(xs[0].shape[0]):
        found = list(combine(*carry, *(x.select(0, i) for x in xs), *rest))
        carry, made = found[: len(carry)], found[len(carry) :]
        stacks.append(made)
    return [*carry, *(torch.stack(parts) for parts in zip(*stacks, strict=True))]


def _map(tape: "Tape", function: Any, xs: Any, rest: Any) -> list[Any]:
    del tape
    steps = [function(*(x.select(0, i) for x in xs), *rest) for i in range(xs[0].shape[0])]
    return [torch.stack(parts) for parts in zip(*steps, strict=True)]


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
