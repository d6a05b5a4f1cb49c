"""Every exception that orderof raises on purpose, and the exit code it gives the command line.

    Error                        70
    ├── UsageError                2   the question is wrong
    │   ├── BadSpelling
    │   ├── OutOfRange
    │   └── UnknownDim
    ├── ModelError                3   the model cannot be read or traced
    │   ├── Deeper
    │   ├── ShapeMismatch
    │   ├── ModelRaised
    │   ├── NoFormula
    │   ├── NotImportable
    │   ├── Parted
    │   ├── Refused
    │   ├── Unmeasured
    │   ├── Unproved
    │   ├── Unrecorded
    │   └── VerifyError
    ├── Inconclusive              3   a comparison of symbols has no single answer
    ├── Indivisible               3   a division that must be exact is not
    ├── UnknownOperator           4   an operator has no rule
    └── MissingExtra              5   an optional package is not installed

The other exit codes are no errors of this tree: 0 the answer was given, 1 it is over the budget,
130 the user interrupted; 70 is also what any other exception gives, as it is a bug.
"""

from typing import ClassVar


class Error(Exception):
    """Anything orderof raises on purpose: what it is about, what is wrong, what to do.

    >>> str(UnknownDim("T", "no input has a dim of this name", "the dims are B, S"))
    'T: no input has a dim of this name'
    """

    exit_code: ClassVar[int] = 70

    def __init__(self, subject: str, message: str, hint: str = "") -> None:
        super().__init__(subject, message, hint)
        self.subject = subject
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}"


class UsageError(Error):
    """The question cannot be answered as it was put."""

    exit_code = 2


class BadSpelling(UsageError):
    """A model, input, dim or formula is not written in a way that can be read."""


class UnknownDim(UsageError):
    """A size is given for a name that no dim has."""


class OutOfRange(UsageError):
    """A formula is asked for a size at which it was not proved."""


class ModelError(Error):
    """The model cannot be read, run or traced."""

    exit_code = 3


class Deeper(ModelError):
    """A choice stands within others, and more depths are met than choices were named."""


class ShapeMismatch(ModelError):
    """An operator is applied to shapes or dtypes that it does not take."""


class ModelRaised(ModelError):
    """The user's own code raised while it was run; the cause is chained."""


class NoFormula(ModelError):
    """Counts at several sizes follow no formula that is looked for; some of them are shown."""


class NotImportable(ModelError):
    """The module or attribute that was named cannot be imported."""


class Parted(ModelError):
    """Recordings of a model at several sizes are of different calls."""


class Refused(ModelError):
    """A file is left unread because reading it would run code from it, as a pickle does."""


class Unmeasured(ModelError):
    """A formula speaks of something that a network does not have: tokens, attention."""


class Unproved(ModelError):
    """A size inside a model follows no formula in the sizes of its inputs."""


class Unrecorded(ModelError):
    """An operand came from no recorded operation, input, parameter or constant."""


class VerifyError(ModelError):
    """A graph breaks a law of the intermediate representation."""


class Inconclusive(Error):
    """A comparison of symbols that holds for some sizes and fails for others."""

    exit_code = 3


class Indivisible(Error):
    """A division that has to be exact and leaves a remainder."""

    exit_code = 3


class UnknownOperator(Error):
    """An operator without a rule: it is never counted as zero."""

    exit_code = 4


class MissingExtra(Error):
    """An optional package is needed and not installed; the hint says how to install it."""

    exit_code = 5
