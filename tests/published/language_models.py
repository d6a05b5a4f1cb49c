"""Language models whose heads are as many and as wide as one likes, to measure published ones on.

What their tables count has no biases and no weights of norms, so there are none here.
"""

from orderof.frontends.zoo.layers import Net, act, dense, repeat
from orderof.ops.attention import attention
from orderof.ops.contract import linear, matmul
from orderof.ops.elementwise import add, mul
from orderof.ops.shape import gather_rows, permute, reshape
from orderof.sym import symbols

LETTERS = "B S d h K e f L V"


def language_model(*, gated=False, tied=False, relative=False):
    """Give L layers of h heads of width e, K of them for keys, and dense blocks of width f.

    `gated` blocks have a third matrix (Shazeer 2020, arXiv:2002.05202), `relative` attention adds
    to its scores those of places, through a matrix of its own (Dai et al. 2019, arXiv:1901.02860,
    section 3.3; the shift of the scores, which multiplies nothing, is left out).
    """
    B, S, d, _, _, _, _, L, V = symbols(LETTERS)
    net = Net()
    tokens = net.input("tokens", "int64", B, S)
    table = net.param("table", V, d)
    x = gather_rows(net, table, tokens)
    places = [net.frozen("places", S, d)] if relative else []
    x = repeat(net, "layers", L, x, lambda *given: _layer(*given, gated=gated), *places)
    return net.graph([linear(net, x, table) if tied else dense(net, "head", x, V, bias=False)])


def _layer(net, x, places=None, *, gated):
    _, _, d, h, K, e, f, _, _ = symbols(LETTERS)
    q, k, v = (_heads(net, x, name, n, e) for name, n in (("q", h), ("k", K), ("v", K)))
    mask = []
    if places is not None:
        r = dense(net, "r", places, h * e, bias=False)
        r = permute(net, reshape(net, r, shape=(places.shape[0], h, e)), order=(1, 2, 0))
        mask = [matmul(net, q, r)]
    seen = permute(net, attention(net, q, k, v, *mask)[0], order=(0, 2, 1, 3))
    seen = reshape(net, seen, shape=(*x.shape[:2], h * e))
    x = add(net, x, dense(net, "o", seen, d, bias=False))
    y = act(net, dense(net, "up", x, f, bias=False), "gelu")
    y = mul(net, y, dense(net, "gate", x, f, bias=False)) if gated else y
    return add(net, x, dense(net, "down", y, d, bias=False))


def _heads(net, x, name, n, e):
    y = reshape(net, dense(net, name, x, n * e, bias=False), shape=(*x.shape[:2], n, e))
    return permute(net, y, order=(0, 2, 1, 3))
