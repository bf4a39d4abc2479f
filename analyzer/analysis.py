"""The one main flow: text -> tokens -> scores -> statistics, detectors, likelihood = ``Analysis``.

Everything a person sees is a rendering of one ``Analysis``.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from analyzer import cards, session_file
from analyzer.analysis_result import Analysis, Sentence
from analyzer.calibration import Calibration
from analyzer.continuation import NextTokens, next_tokens
from analyzer.errors import AnalyzerError, InputError
from analyzer.guided import Session
from analyzer.models import LanguageModel
from analyzer.sampling import Sampler
from analyzer.scorer import Scorer

__all__ = ["Analysis", "Analyzer", "Sentence"]

Progress = Callable[[int, int], None]
"""Is given how many tokens are done, and of how many."""

TextsProgress = Callable[[int], None]
"""Is given how many more tokens are done, batch by batch."""

_CACHE_BYTES = 512 << 20  # some 10,000 tokens of the default model in float32
_CALIBRATED_TOP_K = 10  # alternatives that the features of a calibration are computed from
_LOOK_AHEAD = 64  # texts among which batches of similar length are formed


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
        A card for this model (see ``analyzer.cards.load_card``); the embedded model's own by default.
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

        What it shares with texts analysed lately is not read again; so a long text whose analysis was interrupted goes
        on with the window at which it stopped.

        Parameters
        ----------
        text : str
            Scored whole: what is longer than the model's window goes through it in overlapping windows.
        context : str, optional
            What stood before the text: a prompt, an earlier chapter. Conditions, is not scored.
        progress : callable, optional
            Is given the numbers of tokens scored and of tokens in all, after each window.

        Raises
        ------
        EmptyText
            If there is no token to score.
        InvalidText
            If the text holds lone surrogates.
        """
        return self._scorer.analyze(text, context, progress=progress)

    def analyze_many(self, texts: Iterable[str], *, progress: TextsProgress | None = None) -> Iterator[Analysis]:
        """Score texts in batches of similar length; yields in the order given, with bounded memory.

        The numbers are those of ``analyze`` to within rounding: padding changes nothing.

        Parameters
        ----------
        texts : iterable of str
            Read as they are needed, up to 64 ahead.
        progress : callable, optional
            Is given the number of tokens of each batch once it is scored; what it raises ends the work there.

        Raises
        ------
        EmptyText, InvalidText
            For the first text that cannot be scored, once all before it have been yielded.
        """
        for found in self.analyze_each(texts, progress=progress):
            if isinstance(found, AnalyzerError):
                raise found
            yield found

    def analyze_each(
        self, texts: Iterable[str], *, progress: TextsProgress | None = None
    ) -> Iterator[Analysis | AnalyzerError]:
        """As ``analyze_many``, but a text that cannot be scored gives its error, in its place, and the rest goes on.

        For rows with other columns, from files or into files, see ``analyzer.batch``.

        Examples
        --------
        >>> from analyzer.models.toy import ToyModel
        >>> [type(found).__name__ for found in Analyzer(ToyModel("to be")).analyze_each(["to", "", "be"])]
        ['Analysis', 'EmptyText', 'Analysis']
        """
        waiting, scorer = iter(texts), self._scorer
        while group := list(islice(waiting, _LOOK_AHEAD)):
            scored = scorer.score([scorer.prepare(text) for text in group], progress=progress)
            yield from map(scorer.finish, scored)

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
        """A session from the JSON that ``analyzer.session_file.to_json`` made of it.

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
