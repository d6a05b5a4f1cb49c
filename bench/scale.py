"""How the time of an analysis grows with the number of operations: linearly, or something is wrong.

    python bench/scale.py [LARGEST]

A network that is unrolled in the user's own loop, so that nothing can be folded, is recorded and
counted at 1,000, 10,000 and 100,000 operations; forward, with numbers for sizes. Prints seconds,
microseconds for each operation, and the peak of memory.
"""

# ruff: noqa: INP001, T201 - a script, in no package

from __future__ import annotations

import resource
import sys
import time

import torch
from torch import nn

import orderof


class Unrolled(nn.Module):
    """x = tanh(x w) + b, again and again."""

    def __init__(self, steps: int) -> None:
        """Keep one weight for all steps."""
        super().__init__()
        self.steps = steps
        self.w, self.b = nn.Parameter(torch.empty(8, 8)), nn.Parameter(torch.empty(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run all steps; each is three operations."""
        for _ in range(self.steps):
            x = torch.tanh(x @ self.w) + self.b
        return x


def main() -> None:
    """Time each size once, the smallest first."""
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    x = torch.empty(4, 8)
    orderof.analyze(Unrolled(3), x, symbolic=())
    print(f"{'operations':>12} {'seconds':>9} {'us each':>9} {'GiB':>6}")
    n = 1_000
    while n <= largest:
        start = time.perf_counter()
        r = orderof.analyze(Unrolled(n // 3), x, symbolic=())
        seconds = time.perf_counter() - start
        ops = r.coverage.ops
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{ops:12,} {seconds:9.2f} {seconds / ops * 1e6:9.1f} {peak:6.2f}")
        n *= 10


if __name__ == "__main__":
    main()
