"""Everything that can go wrong for a reason the caller can mend.

::

    AnalyzerError
    ├── InputError (also a ValueError)   what was given cannot be scored
    │   ├── EmptyText                    no token to score
    │   ├── InvalidText                  lone surrogates: not text any encoding can hold
    │   └── UnreadableFile               missing, a folder, or not UTF-8
    ├── ModelError                       the model cannot do what was asked
    │   ├── ModelUnavailable             not installed, not found, refused, or broken on disk
    │   ├── ModelMismatch                what was given was made with another model
    │   └── TokenizerMismatch            the tokenizer has no offsets, or does not fit the model
    └── CalibrationError                 the calibration card cannot be read, or does not allow what was asked
        └── CalibrationMismatch          the card was made for another model or other features

Every error carries a ``hint``: what to do now. Foreign exceptions are caught where the foreign library is called
and raised as one of these; only programming errors reach the user as anything else.
"""

__all__ = [
    "AnalyzerError",
    "CalibrationError",
    "CalibrationMismatch",
    "EmptyText",
    "InputError",
    "InvalidText",
    "ModelError",
    "ModelMismatch",
    "ModelUnavailable",
    "TokenizerMismatch",
    "UnreadableFile",
]


class AnalyzerError(Exception):
    """Root of all errors of this package.

    Parameters
    ----------
    message : str
        One sentence: what was expected and what came.
    hint : str
        One sentence: what to do now. May be empty where nothing can be done.

    Examples
    --------
    >>> str(AnalyzerError("The text is empty.", hint="Paste some words."))
    'The text is empty. Paste some words.'
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class InputError(AnalyzerError, ValueError):
    """What was given cannot be scored."""


class EmptyText(InputError):
    """The text holds no token to score."""


class InvalidText(InputError):
    """The string is not valid Unicode text: it holds lone surrogates."""


class UnreadableFile(InputError):
    """The file is missing, is a folder, or does not hold UTF-8 text."""


class ModelError(AnalyzerError):
    """The model cannot do what was asked."""


class ModelUnavailable(ModelError):
    """The model is not installed, not found, refused for safety, or broken on disk."""


class ModelMismatch(ModelError):
    """What was given was made with another model, or another revision of it."""


class TokenizerMismatch(ModelError):
    """The tokenizer gives no character offsets, or does not fit the model's vocabulary."""


class CalibrationError(AnalyzerError):
    """The calibration card cannot be read, or does not allow what was asked."""


class CalibrationMismatch(CalibrationError):
    """The card was made for another model, revision or dtype, or for other features."""
