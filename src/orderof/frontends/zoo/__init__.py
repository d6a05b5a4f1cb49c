"""The zoo: known networks in our own builder, every size a letter with a default.

>>> graph = build("gpt2")
>>> str(graph.outputs[0].type)
'float32[B, S, V]'
"""

from orderof.frontends.zoo.catalog import ZOO, Model, build, find
from orderof.frontends.zoo.letters import LETTERS

__all__ = ["LETTERS", "ZOO", "Model", "build", "find"]
