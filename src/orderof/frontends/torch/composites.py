"""Operations that torch would split differently on each device, recorded whole.

A function mode sees them before autograd does. Each is replaced by one autograd function that runs
nothing: it makes results of the right shape and writes one call, forward and backward.

    orderof.attention.forward(q, k, v, mask)                  -> (out,)
    orderof.attention.backward(grad_out, q, k, v, mask)       -> (dq, dk, dv, dmask)
        causal, dropout, scale, gqa
    orderof.lstm.forward(input, h0, c0, *weights)             -> (output, h_n, c_n)
    orderof.lstm.backward(grad_output, grad_h, grad_c, input, h0, c0, *weights)
                                                              -> (dinput, dh0, dc0, *dweights)
        layers, bidirectional, batch_first, bias, dropout, train
    orderof.gru, orderof.rnn_tanh, orderof.rnn_relu           the same without c

A gradient that nobody needs, or that nobody gave, is None. `scale` None is 1/sqrt(width).
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import _disable_current_modes

from orderof.errors import ModelError
from orderof.frontends.torch.over import body_of
from orderof.frontends.torch.products import reached, sizes
from orderof.frontends.torch.regions import handlers
from orderof.frontends.torch.scopes import called
from orderof.frontends.torch.tape import Tape

_CPU = torch.device("cpu")

Tensors = Sequence[torch.Tensor]


class Doors(TorchFunctionMode):
    """Catches the composites on their way in, and keeps every tensor on the CPU."""

    def __init__(self, tape: Tape, *, exact: bool = False, traced: bool = False) -> None:
        super().__init__()
        self._tape = tape
        self._exact = exact
        self._handlers: dict[Any, Callable[..., Any]] = {
            functional.scaled_dot_product_attention: self._attention,
            functional.multi_head_attention_forward: self._multi_head,
            torch.lstm: self._lstm,
            torch.gru: partial(self._rnn, "gru"),
            torch.rnn_tanh: partial(self._rnn, "rnn_tanh"),
            torch.rnn_relu: partial(self._rnn, "rnn_relu"),
            torch._pack_padded_sequence: _refuse_packed,
            torch.Tensor.to: _to,
            torch.Tensor.cuda: _stay,
            torch.Tensor.__format__: self._format,
            torch.tensor: _of_numbers,
        }
        self._traced = traced
        if traced:
            self._handlers |= _SIZES
        self._handlers |= handlers(self, tape)

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run a function of torch, or what stands in for it."""
        self._tape.function = called(func, args, kwargs or {})
        if self._traced:
            self._tape.products += reached(args, kwargs or {})
        handler = self._handlers.get(func)
        if handler is not None:
            return handler(*args, **(kwargs or {}))
        if not kwargs:
            return func(*args)
        if kwargs.get("device") is not None:
            kwargs = {**kwargs, "device": _CPU}
        return func(*args, **kwargs)

    def _format(self, value: torch.Tensor, how: str) -> str:
        """Write a number that is known, as a name of a module may ask for one."""
        if value.dim() or how:
            return value.__format__(how)
        ref = self._tape.see(value, "a text")
        found = self._tape.known.outcome("aten._local_scalar_dense.default", (ref,), {})
        return format(found[0]) if found else value.__format__(how)

    def _multi_head(self, *args: Any, **kwargs: Any) -> Any:
        with self:  # torch leaves the mode for what it calls, and the attention is in there
            return body_of(functional.multi_head_attention_forward)(*args, **kwargs)

    def _attention(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attn_mask: torch.Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,  # noqa: FBT001, FBT002 - torch's own signature
        scale: float | None = None,
        enable_gqa: bool = False,  # noqa: FBT001, FBT002
    ) -> torch.Tensor:
        q, k, v = _as_autocast(query, key, value)
        mask = attn_mask
        if mask is not None and mask.is_floating_point():
            mask = mask.to(q.dtype)
        shape = _attention_shape(q, k, v, mask, gqa=enable_gqa)
        options = {"causal": is_causal, "dropout": dropout_p, "scale": scale, "gqa": enable_gqa}
        square = q.shape[-2], k.shape[-2]
        if self._exact and mask is not None and mask.shape[-2:] == square:
            window = self._window(mask)
            options |= {} if window is None else {"window": window}
        whole: Any = _Whole.apply
        return whole(self._tape, "orderof.attention", options, (shape,), q, k, v, mask)[0]

    def _window(self, mask: torch.Tensor) -> int | None:
        """At how many places, itself the last, a mask lets every place look; 0 for all before it.

        None for a mask that is not known, or another one.
        """
        found = self._tape.known.value(self._tape.see(mask, "a mask"))
        if found is None:
            return None
        with _disable_current_modes(), torch._C.DisableTorchFunction():
            allowed = found if found.dtype == torch.bool else found == 0
            most, n = int(allowed.sum(-1).max()), allowed.shape[-1]
            band = torch.ones_like(allowed).tril().triu(1 - most)
            if not most or not torch.equal(allowed, band):
                return None
        return most if most < n else 0

    def _lstm(self, data: Any, states: Any, weights: Any, *rest: Any) -> Any:
        if isinstance(states, torch.Tensor):  # the batch sizes of a packed sequence
            raise _packed()
        return self._run("lstm", data, states, weights, *rest)

    def _rnn(self, name: str, data: Any, state: Any, weights: Any, *rest: Any) -> Any:
        if isinstance(weights, torch.Tensor):
            raise _packed()
        return self._run(name, data, (state,), weights, *rest)

    def _run(
        self,
        name: str,
        data: torch.Tensor,
        states: Tensors,
        weights: Tensors,
        *rest: Any,
    ) -> tuple[torch.Tensor, ...]:
        bias, layers, dropout, train, bidirectional, batch_first = rest
        options = {
            "layers": layers,
            "bidirectional": bidirectional,
            "batch_first": batch_first,
            "bias": bias,
            "dropout": dropout,
            "train": train,
        }
        width = states[0].shape[-1] * (2 if bidirectional else 1)
        shapes = ((*data.shape[:-1], width), *(tuple(state.shape) for state in states))
        whole: Any = _Whole.apply
        return whole(self._tape, f"orderof.{name}", options, shapes, data, *states, *weights)


class _Whole(torch.autograd.Function):
    """One call forward and one backward; the tape sees nothing of how the results are made."""

    @staticmethod
    def forward(
        ctx: Any,
        tape: Tape,
        name: str,
        options: dict[str, Any],
        shapes: tuple[tuple[int, ...], ...],
        *tensors: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        ctx.tape, ctx.name, ctx.options = tape, name, options
        ctx.save_for_backward(*tensors)
        ctx.set_materialize_grads(False)
        with tape.mute():
            results = tuple(torch.empty(s, dtype=tensors[0].dtype, device=_CPU) for s in shapes)
        tape.add(f"{name}.forward", tensors, options, results)
        return results

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        tensors = ctx.saved_tensors
        needed = ctx.needs_input_grad[4:]
        with ctx.tape.mute():
            results = tuple(
                torch.empty_like(tensor) if need else None
                for tensor, need in zip(tensors, needed, strict=True)
            )
        ctx.tape.add(f"{ctx.name}.backward", (*grads, *tensors), ctx.options, results)
        return (None, None, None, None, *results)


def _as_autocast(*tensors: torch.Tensor) -> list[torch.Tensor]:
    """The operands as autocast, which stands below the function mode, would cast them."""
    if not torch.is_autocast_enabled("cpu"):
        return list(tensors)
    dtype = torch.get_autocast_dtype("cpu")
    return [tensor.to(dtype) if tensor.is_floating_point() else tensor for tensor in tensors]


def _attention_shape(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None, *, gqa: bool
) -> tuple[int, ...]:
    """(..., queries, value width); raises what torch would where the operands do not fit."""
    matrices = all(len(t.shape[-2:]) == len("SE") for t in (q, k, v))
    if (
        not matrices
        or q.shape[-1] != k.shape[-1]
        or k.shape[-2] != v.shape[-2]
        or not q.dtype == k.dtype == v.dtype
    ):
        shapes = ", ".join(f"{t.dtype}{list(t.shape)}" for t in (q, k, v))
        raise RuntimeError(f"attention: query, key and value do not fit together: {shapes}")
    batch = q.shape[:-2]
    if gqa:
        if q.shape[-3] % k.shape[-3] or q.shape[-3] % v.shape[-3]:
            raise RuntimeError(f"attention: {k.shape[-3]} key heads do not divide {q.shape[-3]}")
    else:
        batch = torch.broadcast_shapes(batch, k.shape[:-2], v.shape[:-2])
    scores = (*batch, q.shape[-2], k.shape[-2])
    if mask is not None and torch.broadcast_shapes(scores, mask.shape) != scores:
        raise RuntimeError(f"attention: a mask {list(mask.shape)} for scores {list(scores)}")
    return (*batch, q.shape[-2], v.shape[-1])


def _to(tensor: Any, *args: Any, **kwargs: Any) -> torch.Tensor:
    stay = [
        _CPU if isinstance(arg, torch.device | str) or type(arg) is int else arg for arg in args
    ]
    if kwargs.get("device") is not None:
        kwargs["device"] = _CPU
    return tensor.to(*stay, **kwargs)


def _shape(tensor: torch.Tensor) -> torch.Size:
    return torch.Size(sizes(tensor.shape))


def _size(tensor: torch.Tensor, *which: Any, **named: Any) -> Any:
    found: Any = tensor.size(*which, **named)
    return sizes([found])[0] if isinstance(found, int) else torch.Size(sizes(found))


def _numel(tensor: torch.Tensor) -> int:
    return sizes([tensor.numel()])[0]


_SIZES: dict[Any, Callable[..., Any]] = {
    torch.Tensor.shape.__get__: _shape,  # pyright: ignore[reportAttributeAccessIssue]
    torch.Tensor.size: _size,
    torch.Tensor.numel: _numel,
}


def _stay(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
    return tensor


def _of_numbers(data: Any, **kwargs: Any) -> torch.Tensor:
    """Make a tensor of numbers, some of which are in tensors: torch reads those past the tape."""
    if kwargs.get("device") is not None:
        kwargs["device"] = _CPU
    return torch.tensor(_numbers(data) if isinstance(data, list | tuple) else data, **kwargs)


def _numbers(data: Any) -> Any:
    if isinstance(data, torch.Tensor):
        return data.tolist()
    return [_numbers(item) for item in data] if isinstance(data, list | tuple) else data


def _refuse_packed(*args: Any, **kwargs: Any) -> None:
    raise _packed()


def _packed() -> ModelError:
    return ModelError(
        "packed sequence",
        "its cost depends on the lengths, which are values and not shapes",
        "pass a padded tensor: its length is then the one that counts",
    )
