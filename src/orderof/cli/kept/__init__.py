"""Answers that are kept on disk, so that the same question needs no framework a second time.

A model of the zoo is counted faster than a file is looked up, and is not kept. Neither is a model
of the user's own (`pkg.module:attr`), nor one handed to the Python API: such a function may read
any file, ask the clock or throw a die, and nothing could prove that it would say the same again.
What is kept are models that a framework builds from a name or a configuration, `DOORS`.

An answer is given again only if all that it depends on is as it was:

1. its key (`key.py`): the question, the configuration, the code of orderof, what is installed and
   what else could be imported, the environment, the machine;
2. the files of all modules that were loaded when it was counted (`watch.py`), by size and time, as
   Python trusts its own byte code.

An answer is kept only if nothing else can have mattered: while it was counted Python read no file
outside the installed packages but the configuration, used no network and wrote nothing to stdout;
nothing changed meanwhile; and it reads back as it was written. What was said on stderr meanwhile
is kept with it, and said again.

A store that cannot be used (`store.py`) never stands in the way: the model is counted then.
"""

from __future__ import annotations

DOORS = ("torchvision:", "hf:")
"""Spellings of models that a framework builds."""
