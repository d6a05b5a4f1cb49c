"""What the letters of the zoo stand for; the glossary says the same."""

LETTERS = {
    "B": "examples in a batch",
    "S": "length of the sequence, of queries",
    "T": "length of the sequence of keys or targets",
    "P": "positions that are learnt",
    "d": "width of the model",
    "h": "attention heads",
    "K": "heads of keys and values",
    "e": "width of a head",
    "f": "hidden width of a feed-forward layer",
    "L": "layers",
    "V": "words of the vocabulary",
    "C": "channels or classes",
    "H": "height",
    "W": "width of the image",
    "k": "size of a window",
    "I": "width of the input",
    "b": "width of the beam",
}
"""Letter -> what it is."""
