"""The one main flow: text -> tokens -> scores -> statistics, detectors, likelihood = ``Analysis``.

Everything a person sees is a rendering of one ``Analysis``.
"""

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Literal, overload

from analyzer.analysis_result import Analysis, Sentence
from analyzer.calibration import Calibration, cards
from analyzer.continuation import NextTokens, next_tokens
from analyzer.errors import AnalyzerError, InputError
from analyzer.guided import Session, session_file
from analyzer.models import LanguageModel
from analyzer.sampling import Sampler
from analyzer.scorer import Scorer
from analyzer.windows import stretches

__all__ = ["Analysis", "Analyzer", "Sentence"]

Progress = Callable[[int, int], None]
"""Is given how many tokens are done, and of how many."""

TextsProgress = Callable[[int], None]
"""Is given how many more tokens are done, batch by batch."""

_CACHE_BYTES = 512 << 20  # some 10,000 tokens of the default model in float32
_CALIBRATED_TOP_K = 10  # alternatives that the features of a calibration are computed from
_LOOK_AHEAD = 64  # texts among which batches of similar length are formed
_LOOK_AHEAD_CHARACTERS = 250_000  # of these texts together: their scores take some 15 MB


class Analyzer:
    """Scores texts under one model. Safe to share between threads, but its cache is one user's: one each.

    Parameters
    ----------
    model : str or LanguageModel
        The embedded default, a hub id, a folder or a GGUF file (see ``analyzer.models.loading.load``), or a loaded
        model, which several analyzers may share.
    device, dtype : str
        "auto", or as torch names them; only for a model given by name.
    allow_pickle : bool
        Also load weights that exist only as pickle files, which can run code.
    calibration : Calibration, optional
        A card for this model (see ``analyzer.calibration.cards.load_card``); the embedded model's own by default.
    top_k : int
        How many alternatives are kept for each token; ten are needed by some statistics and by a calibration.
    cache_bytes : int
        Bound on the memory for key-value states of recent texts, from which an edited text goes on; 0 keeps none.

    Raises
    ------
    ModelError
        If the model cannot be loaded.
    CalibrationMismatch
        If the card is not for this model.
    InputError
        If `top_k` is out of range.

    Examples
    --------
    >>> from analyzer.models.toy import ToyModel
    >>> analysis = Analyzer(ToyModel("to be or not to be")).analyze("to be")
    >>> [analysis.tokenization.piece(i) for i in range(5)], analysis.scores.rank.tolist()
    (['t', 'o', ' ', 'b', 'e'], [1, 1, 1, 1, 1])
    """

    def __init__(
        self,
        model: str | LanguageModel = "SmolLM2-135M-Instruct",
        *,
        device: str = "auto",
        dtype: str = "auto",
        allow_pickle: bool = False,
        calibration: Calibration | None = None,
        top_k: int = 10,
        cache_bytes: int = _CACHE_BYTES,
    ) -> None:
        if isinstance(model, str):
            from analyzer.models.loading import load

            model = load(model, device=device, dtype=dtype, allow_pickle=allow_pickle)
        if not 1 <= top_k <= model.info.vocabulary:
            raise InputError(f"top_k: got {top_k}.", hint=f"Give a number from 1 to {model.info.vocabulary}.")
        if calibration is not None:
            calibration.check(model.info)
            if top_k < _CALIBRATED_TOP_K:
                raise InputError(f"top_k: a calibration needs {_CALIBRATED_TOP_K}, got {top_k}.", hint="Give 10.")
        elif top_k >= _CALIBRATED_TOP_K:
            calibration = cards.for_model(model.info)
        self.model: LanguageModel = model
        self.calibration = calibration
        self._scorer = Scorer(model, calibration, top_k=top_k, cache_bytes=cache_bytes)

    def analyze(self, text: str, context: str | None = None, *, progress: Progress | None = None) -> Analysis:
        """Score one text.

        What it shares with texts analysed lately is not read again; so a text of several windows whose analysis was
        interrupted goes on with the window in which it stopped.

        Parameters
        ----------
        text : str
            Scored whole: what is longer than the model's window goes through it in overlapping windows.
        context : str, optional
            What stood before the text: a prompt, an earlier chapter. Conditions, is not scored.
        progress : callable, optional
            Is given how many tokens' worth of work is done, and of how many, layer by layer; what it raises ends the
            work there.

        Raises
        ------
        EmptyText
            If there is no token to score.
        InvalidText
            If the text holds lone surrogates.
        """
        return self._scorer.analyze(text, context, progress=progress)

    @overload
    def analyze_many(
        self,
        texts: Iterable[str],
        *,
        errors: Literal["raise"] = ...,
        progress: TextsProgress | None = ...,
        bar: bool = ...,
    ) -> Iterator[Analysis]: ...

    @overload
    def analyze_many(
        self,
        texts: Iterable[str],
        *,
        errors: Literal["return"],
        progress: TextsProgress | None = ...,
        bar: bool = ...,
    ) -> Iterator[Analysis | AnalyzerError]: ...

    def analyze_many(
        self,
        texts: Iterable[str],
        *,
        errors: Literal["raise", "return"] = "raise",
        progress: TextsProgress | None = None,
        bar: bool = False,
    ) -> Iterator[Analysis | AnalyzerError]:
        """Score texts in batches of similar length; yields in the order given, with bounded memory.

        The numbers are those of ``analyze`` to within rounding: padding changes nothing. For rows with other columns,
        from files or into files, see ``analyzer.batch``.

        Parameters
        ----------
        texts : iterable of str
            Read as they are needed: up to 64 ahead, fewer where they are long.
        errors : "raise" or "return"
            Whether a text that cannot be scored ends the work, once all before it have been yielded, or gives its
            error in its place, and the rest goes on.
        progress : callable, optional
            Is given the number of tokens of each batch once it is scored; what it raises ends the work there.
        bar : bool
            Show a bar on standard error, where that is a terminal or a notebook.

        Raises
        ------
        InputError
            If `errors` is neither, or `texts` is one text.
        EmptyText, InvalidText, ModelError
            For the first text that cannot be scored, unless errors are returned.

        Examples
        --------
        >>> from analyzer.models.toy import ToyModel
        >>> found = Analyzer(ToyModel("to be")).analyze_many(["to", "", "be"], errors="return")
        >>> [type(one).__name__ for one in found]
        ['Analysis', 'EmptyText', 'Analysis']
        """
        if errors not in ("raise", "return"):
            raise InputError(f"errors: got {errors!r}.", hint="Give raise or return.")
        if isinstance(texts, str):
            raise InputError("Expected many texts, got one.", hint="Give a list, or call analyze.")
        found = self._each(texts, progress, bar=bar)
        return found if errors == "return" else _raising(found)

    def _each(
        self, texts: Iterable[str], progress: TextsProgress | None, *, bar: bool
    ) -> Iterator[Analysis | AnalyzerError]:
        from tqdm.auto import tqdm

        scorer, read = self._scorer, 0
        count = len(texts) if isinstance(texts, Sized) else None
        with tqdm(total=count, unit=" texts", disable=None if bar else True) as shown:  # None: unless on a terminal

            def tell(tokens: int) -> None:
                nonlocal read
                read += tokens
                shown.set_postfix_str(f"{read:,} tokens")
                if progress is not None:
                    progress(tokens)

            for group in stretches(texts, length=_length, most=_LOOK_AHEAD, longest=_LOOK_AHEAD_CHARACTERS):
                prepared = [scorer.prepare(text) if isinstance(text, str) else _no_text(text) for text in group]
                for scored in scorer.score(prepared, progress=tell):
                    found = scorer.finish(scored)
                    shown.update()
                    yield found

    @property
    def scorer(self) -> Scorer:
        """The flow itself, for what takes its stages apart; see ``analyzer.batch.engine``."""
        return self._scorer

    def guide(
        self, prompt: str = "", context: str | None = None, *, sampler: Sampler | None = None, seed: int = 0
    ) -> Session:
        """Go on writing with the model, token by token, from a prompt that may be empty; see ``analyzer.guided``.

        Raises
        ------
        EmptyText
            If there is nothing to begin with and the model has no start token.
        InvalidText
            If the prompt or the context holds lone surrogates.
        """
        return Session.begin(self._scorer, prompt, context=context, sampler=sampler, seed=seed)

    def resume(self, saved: str) -> Session:
        """A session from the JSON that ``analyzer.guided.session_file.to_json`` made of it.

        Raises
        ------
        InputError
            If it is no session, or a damaged one.
        ModelMismatch
            If it was made with another model.
        """
        return session_file.from_json(self._scorer, saved)

    def branch(self, analysis: Analysis, token: int, *, sampler: Sampler | None = None, seed: int = 0) -> Session:
        """An analysed text as a tree to write in, before one of its tokens, counted from 0: choose another there.

        Raises
        ------
        InputError
            If there is no such token, or nothing predicts it.
        """
        scores, first = analysis.scores, analysis.scores.start
        if not first <= token < len(analysis.tokenization):
            last = len(analysis.tokenization) - 1
            raise InputError(f"token: got {token}.", hint=f"Give a number from {first} to {last}.")
        session = Session(
            self._scorer, analysis.tokenization, scores, context=analysis.context, sampler=sampler, seed=seed
        )
        session.branch(session.tree.nodes[1 + token - first])
        return session

    def next_tokens(self, prompt: str, k: int = 10, *, sampler: Sampler | None = None) -> NextTokens:
        """The k most likely tokens to follow `prompt`.

        Parameters
        ----------
        prompt : str
            May be empty where the model has a start token.
        k : int
            Cut to the vocabulary.
        sampler : Sampler, optional
            What a sampler would make of the distribution; the candidates and their order stay the model's own.

        Raises
        ------
        EmptyText
            If there is nothing to continue.
        InputError
            If `k` is less than 1.
        """
        return next_tokens(self.model, prompt, k, sampler=sampler)


def _raising(found: Iterable[Analysis | AnalyzerError]) -> Iterator[Analysis]:
    for one in found:
        if isinstance(one, AnalyzerError):
            raise one
        yield one


def _length(text: object) -> int:
    return len(text) if isinstance(text, str) else 0


def _no_text(value: object) -> InputError:
    return InputError(f"Expected text, got {type(value).__name__}.", hint="Give strings only.")
