"""Keys of watermarks: what marks a text while it is drawn, and finds the mark again.

Names and defaults are those of transformers, so that a key says to its processors all they ask.

>>> KGWKey(greenlist_ratio=0.5).seeding_scheme
'lefthash'
"""

from dataclasses import dataclass

from analyzer.errors import InputError

__all__ = ["KGWKey", "SynthIDKey"]

_LARGEST_TABLE = 2**24  # 256 times the default; it is made anew for each draw


@dataclass(frozen=True, slots=True)
class KGWKey:
    """What must be known of a generator that marks by green lists; the names and defaults of transformers.

    Attributes
    ----------
    greenlist_ratio : float
        γ, share of the vocabulary that is green at each step.
    hashing_key : int
    seeding_scheme : str
        "lefthash" or "selfhash".
    context_width : int
        Tokens that seed a green list.
    device : str
        "cpu" or "cuda", where the generator ran: their random numbers differ.

    Raises
    ------
    InputError
        If a value is out of range.
    """

    greenlist_ratio: float = 0.25
    hashing_key: int = 15485863
    seeding_scheme: str = "lefthash"
    context_width: int = 1
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not 0 < self.greenlist_ratio < 1:
            raise InputError(f"greenlist ratio: got {self.greenlist_ratio}.", hint="Give a number between 0 and 1.")
        if self.seeding_scheme not in ("lefthash", "selfhash"):
            raise InputError(f"seeding scheme: got {self.seeding_scheme!r}.", hint="Give a name: lefthash or selfhash.")
        _check_whole("context width", self.context_width, lowest=1)
        _check_whole("hashing key", self.hashing_key, lowest=0)
        _check_device(self.device)


@dataclass(frozen=True, slots=True)
class SynthIDKey:
    """What must be known of a generator that marks by SynthID; the names and defaults of transformers.

    Attributes
    ----------
    keys : tuple of int
        One for each layer of the tournament.
    ngram_len : int
    sampling_table_seed, sampling_table_size : int
        Of the table that turns hashes into g-values.
    context_history_size : int
        How far back a repeated context goes unmarked.
    device : str
        "cpu" or "cuda", where the generator ran.

    Raises
    ------
    InputError
        If a value is out of range.
    """

    keys: tuple[int, ...]
    ngram_len: int = 5
    sampling_table_seed: int = 0
    sampling_table_size: int = 2**16
    context_history_size: int = 1024
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not self.keys:
            raise InputError("keys: got none.", hint="Give a whole number for each layer, at least one.")
        for key in self.keys:
            _check_whole("key", key, lowest=0)
        _check_whole("n-gram length", self.ngram_len, lowest=2)
        _check_whole("seed of the sampling table", self.sampling_table_seed, lowest=0)
        _check_whole("size of the sampling table", self.sampling_table_size, lowest=1, highest=_LARGEST_TABLE)
        _check_whole("size of the context history", self.context_history_size, lowest=1)
        _check_device(self.device)


def _check_whole(name: str, value: int, *, lowest: int, highest: int = 2**63 - 1) -> None:  # what torch can hold
    if type(value) is not int or not lowest <= value <= highest:
        raise InputError(f"{name}: got {value!r}.", hint=f"Give a whole number from {lowest} to {highest}.")


def _check_device(device: str) -> None:
    if device.partition(":")[0] not in ("cpu", "cuda"):
        raise InputError(f"device: got {device!r}.", hint="Give a device by name: cpu or cuda.")
