"""Every public module of torch.nn, built small, with what it is called with."""

import torch
from torch import nn

FLOAT, WHOLE = torch.float32, torch.int64


def real(*shape):
    return torch.rand(*shape) + 0.1


def whole(*shape, below=3):
    return torch.randint(0, below, shape)


def _vectors():
    """What takes a batch of vectors, and gives one or a number for each."""
    x = real(2, 8)
    names = """
        CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh Identity LeakyReLU LogSigmoid
        LogSoftmax Mish PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmin Softplus Softshrink
        Softsign Tanh Tanhshrink Dropout AlphaDropout FeatureAlphaDropout Flatten LayerNorm RMSNorm
        BatchNorm1d Linear Bilinear Threshold LazyLinear LazyBatchNorm1d SyncBatchNorm
    """
    given = {
        "LayerNorm": (8,),
        "RMSNorm": (8,),
        "BatchNorm1d": (8,),
        "Linear": (8, 3),
        "Threshold": (0.1, 20.0),
        "LogSoftmax": (-1,),
        "Softmax": (-1,),
        "Softmin": (-1,),
        "LazyLinear": (3,),
        "Bilinear": (8, 8, 3),
        "SyncBatchNorm": (8,),
    }
    for name in names.split():
        yield name, given.get(name, ()), (x, x) if name == "Bilinear" else (x,)


def _images():
    """What takes signals, images and volumes, in the ranks that there are."""
    for n in (1, 2, 3):
        x, one = real(2, 4, *(8,) * n), (2,)
        for name in ("MaxPool", "AvgPool", "AdaptiveAvgPool", "AdaptiveMaxPool"):
            yield f"{name}{n}d", one, (x,)
        yield f"LPPool{n}d", (2, 2), (x,)
        for name in ("ReflectionPad", "ReplicationPad", "ZeroPad", "CircularPad"):
            yield f"{name}{n}d", (1,), (x,)
        yield f"ConstantPad{n}d", (1, 0.5), (x,)
        for name in ("Conv", "ConvTranspose"):
            yield f"{name}{n}d", (4, 3, 3), (x,)
            yield f"Lazy{name}{n}d", (3, 3), (x,)
        yield f"InstanceNorm{n}d", (4,), (x,)
        yield f"LazyInstanceNorm{n}d", (), (x,)
        yield f"Dropout{n}d", (), (x,)
        if n > 1:
            yield f"BatchNorm{n}d", (4,), (x,)
            yield f"LazyBatchNorm{n}d", (), (x,)
            yield f"FractionalMaxPool{n}d", (2, 3), (x,)
        small = x[(slice(None), slice(None), *(slice(4),) * n)]
        yield f"MaxUnpool{n}d", (2,), (small, whole(*small.shape, below=4))
    x = real(2, 4, 8, 8)
    yield from (
        ("Fold", ((8, 8), 2, 1, 0, 2), (real(2, 16, 16),)),
        ("Unfold", (2,), (x,)),
        ("PixelShuffle", (2,), (x,)),
        ("PixelUnshuffle", (2,), (x,)),
        ("ChannelShuffle", (2,), (x,)),
        ("Upsample", (None, 2), (x,)),
        ("UpsamplingBilinear2d", (16,), (x,)),
        ("UpsamplingNearest2d", (16,), (x,)),
        ("LocalResponseNorm", (2,), (x,)),
        ("CrossMapLRN2d", (2,), (x,)),
        ("GroupNorm", (2, 4), (x,)),
        ("Softmax2d", (), (x,)),
        ("Unflatten", (1, (2, 2)), (x,)),
    )


def _sequences():
    """Recurrent layers, attention, tables."""
    x, h = real(3, 2, 8), real(2, 8)
    for name in ("RNN", "LSTM", "GRU"):
        yield name, (8, 8), (x,)
        yield f"{name}Cell", (8, 8), (h,)
    for part, more in (("Encoder", ()), ("Decoder", (x,))):
        layer = getattr(nn, f"Transformer{part}Layer")
        yield f"Transformer{part}Layer", (8, 2, 16), (x, *more)
        yield f"Transformer{part}", (lambda layer=layer: layer(8, 2, 16), 2), (x, *more)
    yield "Transformer", (8, 2, 1, 1, 16), (x, x)
    yield "MultiheadAttention", (8, 2), (x, x, x)
    yield "Embedding", (10, 4), (whole(2, 3),)
    yield "EmbeddingBag", (10, 4), (whole(2, 3),)


def _losses():
    """Criteria, and distances between vectors."""
    x, y = real(4, 3), real(4, 3)
    sides = torch.ones(4)
    for name in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "KLDivLoss", "PoissonNLLLoss"):
        yield name, (), (x, y)
    for name in ("BCELoss", "BCEWithLogitsLoss"):
        yield name, (), (x.clamp(max=0.9), y.clamp(max=0.9))
    for name in ("SoftMarginLoss", "HingeEmbeddingLoss"):
        yield name, (), (x, whole(4, 3) * 2 - 1)
    yield "MultiLabelSoftMarginLoss", (), (x, y)
    yield "MultiLabelMarginLoss", (), (x, whole(4, 3))
    for name in ("CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"):
        yield name, (), (x, whole(4))
    yield "NLLLoss2d", (), (real(2, 3, 4, 4), whole(2, 4, 4))
    yield "LinearCrossEntropyLoss", (3, 5), (x, whole(4, below=5))
    yield "GaussianNLLLoss", (), (x, y, real(4, 3))
    for name in ("CosineEmbeddingLoss", "MarginRankingLoss"):
        pair = (x, y) if name[0] == "C" else (x[:, 0], y[:, 0])
        yield name, (), (*pair, sides)
    for name in ("TripletMarginLoss", "TripletMarginWithDistanceLoss"):
        yield name, (), (x, y, real(4, 3))
    yield "CTCLoss", (), (real(6, 2, 5), whole(2, 3) + 1, (6, 6), (3, 3))
    yield "AdaptiveLogSoftmaxWithLoss", (3, 10, [4, 8]), (x, whole(4, below=10))
    yield "CosineSimilarity", (), (x, y)
    yield "PairwiseDistance", (), (x, y)


def _holders():
    """What holds other modules or parameters."""
    yield "Sequential", (lambda: nn.Linear(8, 3),), (real(2, 8),)


def catalogue():
    """List (name, arguments, inputs); an argument that is a function is called first."""
    torch.manual_seed(1)
    parts = (_vectors, _images, _sequences, _losses, _holders)
    return {name: (given, inputs) for part in parts for name, given, inputs in part()}


class Trained(nn.Module):
    """A module behind a trained number for each of its float inputs, so that it has a gradient."""

    def __init__(self, inside, inputs):
        super().__init__()
        self.inside = inside
        floats = [isinstance(x, torch.Tensor) and x.is_floating_point() for x in inputs]
        self.scales = nn.ParameterList(torch.ones(()) for _ in floats)
        self.floats = floats

    def forward(self, *inputs):
        triples = zip(inputs, self.scales, self.floats, strict=True)
        return self.inside(*(x * w if f else x for x, w, f in triples))


def built(name, given, inputs):
    made = [a() if callable(a) else a for a in given]
    module = getattr(nn, name)(*made)
    if name.startswith("Lazy"):
        module(*inputs)
    return Trained(module, inputs)
