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

from collections.abc import Callable
from types import FunctionType
from typing import Any

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from orderof.errors import ModelError
from orderof.frontends.torch.tape import Tape

_CPU = torch.device("cpu")
_RNNS = {torch.gru: "gru", torch.rnn_tanh: "rnn_tanh", torch.rnn_relu: "rnn_relu"}
_MOVES = frozenset({torch.Tensor.to, torch.Tensor.cuda, torch.Tensor.type, torch.nn.Module.to})
