"""From labelled texts to a card: lay out, measure, fit, judge the fit.

Needs the extra ``[fit]`` (scikit-learn).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

from analyzer.analysis import Analysis, Analyzer
from analyzer.calibration import Calibration, LengthBin
from analyzer.calibration.kinds import reasons_not_prose
from analyzer.errors import InputError
from analyzer.fitting.corpus import Example, measure, middle_layers
from analyzer.fitting.evaluation import figures
from analyzer.fitting.layout import flattened, typeset
from analyzer.fitting.read_outs import Fitter, fit
from analyzer.models import LanguageModel

__all__ = ["calibrate", "calibrate_people", "in_both_layouts", "span_limit", "with_families"]

Progress = Callable[[int, int], None]

_PROSE = 0.95  # share of English prose among the texts from which on a card is for nothing else
_SPAN_TEXTS = 120  # human texts of each kind on which the limit of spans is measured
_FEWEST_OWN = 20  # human texts of one length, for a comparison with a user's own


def in_both_layouts(examples: Sequence[Example]) -> list[Example]:
    """Each text twice: without layout, and with one that knows nothing of the writer (``analyzer.fitting.layout``)."""
    flat = [replace(e, text=flattened(e.text)) for e in examples]
    laid_out = [replace(e, text=typeset(e.text, key=e.group)) for e in examples]
    return [e for e in (*flat, *laid_out) if e.text]


def with_families(examples: Sequence[Example], rules: Sequence[str]) -> list[Example]:
    """Give machine texts their family by rules NAME=PATTERN on the generator's name; the first that fits counts.

    Raises
    ------
    InputError
        If a rule is none.

    Examples
    --------
    >>> one = Example("Hello.", 1, "g", "news", "gpt-4-turbo")
    >>> with_families([one], ["assistant=gpt-4*", "base=*"])[0].family
    'assistant'
    """
    pairs = [rule.partition("=")[::2] for rule in rules]
    for rule, (name, pattern) in zip(rules, pairs, strict=True):
        if not name or not pattern:
            raise InputError(f"family: expected NAME=PATTERN, got {rule!r}.", hint="Write assistant=gpt-4*.")
    return [
        replace(e, family=next((name for name, pattern in pairs if fnmatch(e.generator, pattern)), e.family))
        for e in examples
    ]


def calibrate(
    model: LanguageModel,
    examples: Sequence[Example],
    *,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Make a card for a model from labelled texts, with the figures that say how good it is.

    Parameters
    ----------
    model : LanguageModel
    examples : sequence of Example
        Both human and machine; a few hundred at least.
    folder : Path, optional
        Where measured parts are kept, so that an interrupted run goes on.
    progress : callable, optional
        Is given the numbers of tokens done and of tokens in all; after the fit, the same of human texts read again.

    Raises
    ------
    InputError
        If there are too few texts of either kind, or they cannot be told apart.
    """
    layers = middle_layers(model.info.layers)
    corpus = measure(model, in_both_layouts(examples), layers=layers, folder=folder, progress=progress)
    fitter = Fitter(corpus)
    prose = float(np.mean([not reasons_not_prose(e.text) for e in examples]))
    card = fit(corpus, model.info, layers, english_prose=prose >= _PROSE, fitter=fitter)
    card = replace(card, measured=figures(fitter, card))
    people: dict[str, dict[str, str]] = {}  # of each source one text: the others are often the same one cut elsewhere
    for e in examples:
        if e.label == 0 and len(of_kind := people.setdefault(e.domain, {})) < _SPAN_TEXTS:
            of_kind.setdefault(e.group, e.text)
    kinds = {domain: list(texts.values()) for domain, texts in people.items()}
    highest = span_limit(Analyzer(model, calibration=card), kinds, progress=progress)
    return replace(card, span=dict(card.span) | {"highest": highest})


def span_limit(
    analyzer: Analyzer, people: Mapping[str, Sequence[str]], *, error: float = 0.025, progress: Progress | None = None
) -> float:
    """The share of machine that a sentence reaches somewhere in at most `error` of the human texts of every kind."""
    done, total, limits = 0, sum(map(len, people.values())), []
    for texts in people.values():
        highest = []
        for analysis in analyzer.analyze_many(texts):
            highest.append(max(s.probability for s in analysis.sentences() if s.n_tokens))
            done += 1
            if progress is not None:
                progress(done, total)
        limits.append(float(np.quantile(highest, 1 - error, method="higher")))
    return max(limits)


def calibrate_people(
    analyzer: Analyzer, examples: Sequence[Example], *, progress: Progress | None = None
) -> Calibration:
    """The analyzer's card with other people's texts to compare with: is this like what they write?

    Parameters
    ----------
    analyzer : Analyzer
        With a calibration.
    examples : sequence of Example
        Human texts; at least 20 of a length, and 100 to hold a false-positive rate of 1 %.

    Raises
    ------
    InputError
        If the analyzer has no calibration, or there are too few texts.
    """
    card = analyzer.calibration
    if card is None:
        raise InputError(
            "Human texts alone can be compared only with a model that has a calibration.",
            hint="Use the embedded model, or give labelled texts.",
        )
    scores: dict[int, dict[str, list[float]]] = {}
    for number, (example, analysis) in enumerate(
        zip(examples, analyzer.analyze_many(e.text for e in examples), strict=True), 1
    ):
        place = int(np.searchsorted([one.tokens for one in card.bins], len(analysis.scores), side="right")) - 1
        if place >= 0:
            scores.setdefault(place, {}).setdefault(example.domain, []).append(_score(card, analysis))
        if progress is not None:
            progress(number, len(examples))
    bins: list[LengthBin] = []
    for place, found in sorted(scores.items()):
        if sum(map(len, found.values())) >= _FEWEST_OWN:
            bins.append(replace(card.bins[place], human={name: np.array(s) for name, s in found.items()}))
    if not bins:
        raise InputError(
            f"Too few texts: {_FEWEST_OWN} of one length and at least {card.bins[0].tokens} tokens are needed.",
            hint="Give more texts, or longer ones.",
        )
    return replace(card, bins=tuple(bins), calibration_id=f"{card.calibration_id}-own-{len(examples)}", measured={})


def _score(card: Calibration, analysis: Analysis) -> float:
    return float(card.token_evidence(analysis.tokenization, analysis.scores).mean())
