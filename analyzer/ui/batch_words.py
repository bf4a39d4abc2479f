"""What the page Batch says beside its numbers."""

__all__ = ["NOT_FOR_PICKING", "by_chance_in_words", "duration"]

NOT_FOR_PICKING = (
    "**Do not pick people by this table.** It says which texts may be worth a talk with their writers, not who did "
    "what; the longer the table, the surer it wrongs somebody."
)


def by_chance_in_words(n_judged: int, expected: float) -> str:
    """What chance alone does to a table of human texts, `expected` being how many it accuses.

    Examples
    --------
    >>> by_chance_in_words(300, 3.0)
    'At this rate, of 300 human texts about 3 would be called likely AI by chance alone.'
    >>> by_chance_in_words(6, 0.06)
    'At this rate, of 6 human texts one would be called likely AI by chance alone in about 1 in 17 such tables.'
    """
    texts = f"{n_judged:,} human {'text' if n_judged == 1 else 'texts'}"
    count = round(expected)
    if count >= 1:
        return f"At this rate, of {texts} about {count:,} would be called likely AI by chance alone."
    share = f"1 in {float(f'{1 / expected:.2g}'):,.0f}"
    return f"At this rate, of {texts} one would be called likely AI by chance alone in about {share} such tables."


def duration(seconds: float) -> str:
    """A rough length of time.

    Examples
    --------
    >>> [duration(seconds) for seconds in (0.4, 8, 100, 3000, 9000)]
    ['1 second', '8 seconds', '2 minutes', '50 minutes', '2.5 hours']
    """
    if seconds < 90:
        count = max(1, round(seconds))
        return f"{count} second{'s' if count > 1 else ''}"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
