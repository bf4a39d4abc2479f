"""Where in a text: which stretch reads like a machine's, when one part is a person's and another is not.

Each token brings evidence, a log-likelihood ratio of machine against person, far too noisy to be shown as it is. A
hidden Markov model with two states smooths it: writers seldom change, so that one token can hardly turn its neighbours
(Rabiner 1989, "A tutorial on hidden Markov models", section III). One change from person to machine, as when somebody
lets a model go on, is found by the best cut (Page 1954, "Continuous inspection schemes").
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit, logsumexp

__all__ = ["Cut", "machine_share", "one_cut"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cut:
    """The best place to cut a text into a person's beginning and a machine's continuation.

    Attributes
    ----------
    token : int
        First scored token of the continuation, 0 to S; S if the evidence is for no continuation at all.
    low, high : int
        Ends of an interval that holds nine tenths of the cut's posterior probability, every cut being as likely before.
    gain : float
        Nats of evidence for this cut over a text that is a person's throughout, at least 0.
    """

    token: int
    low: int
    high: int
    gain: float


def machine_share(evidence: Floats, *, change: float) -> Floats:
    """Posterior probability (S,) that each token is a machine's.

    Parameters
    ----------
    evidence : float64 (S,)
        Log-likelihood ratio of each token, machine over person, nats.
    change : float
        Probability that the writer changes between two tokens, 0 to 0.5 exclusive.

    Raises
    ------
    ValueError
        If `change` is out of range.

    Examples
    --------
    >>> machine_share(np.array([-2.0, -2.0, 2.0, 2.0]), change=0.1).round(2)
    array([0.11, 0.19, 0.81, 0.89])
    """
    if not 0 < change < 0.5:
        raise ValueError(f"change: expected a probability between 0 and 0.5, got {change}")
    ahead = _carry(evidence, change)
    behind = _carry(evidence[::-1], change)[::-1]
    return np.asarray(expit(evidence + ahead + behind))


def _carry(evidence: Floats, change: float) -> Floats:
    """Log-odds (S,) of machine at each token by all tokens before it; 0 at the first."""
    odds = np.zeros(len(evidence))
    stay, go = np.log1p(-change), np.log(change)
    for t in range(1, len(evidence)):
        before = odds[t - 1] + evidence[t - 1]
        machine, person = log_expit(before), log_expit(-before)
        odds[t] = np.logaddexp(machine + stay, person + go) - np.logaddexp(machine + go, person + stay)
    return odds


def one_cut(evidence: Floats) -> Cut:
    """Cut a text once, where the evidence of what follows is greatest.

    Examples
    --------
    >>> one_cut(np.array([-1.0, -1.0, 2.0, 2.0, -0.5]))
    Cut(token=2, low=0, high=3, gain=3.5)
    """
    gain = np.append(np.cumsum(evidence[::-1])[::-1], 0.0)  # of a continuation from each token on; 0 for none
    best = int(gain.argmax())
    share = np.cumsum(np.exp(gain - logsumexp(gain)))
    low, high = np.searchsorted(share, [0.05, 0.95])
    return Cut(best, min(int(low), best), max(int(high), best), float(gain[best]))
