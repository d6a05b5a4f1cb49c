"""Choices of a model that data makes, where taking all there is to choose from is an honest answer.

A model that picks rows by what is in a tensor has no cost of its own: it is refused. In a few files
of libraries, named here, it is known what the choice is for, and a note says what was assumed.
"""

_POOLS = "which pools of keys are whole is not known: all are kept, as of tokens without padding"
_MASKS = (
    "which masks hide everything is not known: all are lifted, which costs bytes and no operation"
)
ALL_TAKEN = {
    "transformers/models/glm5_next/modeling_glm5_next.py": _POOLS,
    "transformers/models/oneformer/modeling_oneformer.py": _MASKS,
}
"""The files, as their importer knows them, and what is said."""


def assumed(line: str | None) -> str | None:
    """Give what is assumed of choices in the file of a source line; None where nothing is."""
    return ALL_TAKEN.get((line or "").rpartition(":")[0])
