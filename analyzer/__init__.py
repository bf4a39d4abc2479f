"""Who wrote this, a person or a model, and how can one tell?

>>> import analyzer
>>> analyzer.Analyzer.__name__
'Analyzer'

Importing the package loads neither torch nor transformers nor streamlit: names are resolved at first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOME = {
    "Analysis": "analyzer.analysis",
    "Analyzer": "analyzer.analysis",
    "AnalyzerError": "analyzer.errors",
    "ModelInfo": "analyzer.models",
    "NextTokens": "analyzer.continuation",
    "TokenScores": "analyzer.scoring",
    "Tokenization": "analyzer.tokens",
}

__all__ = [
    "Analysis",
    "Analyzer",
    "AnalyzerError",
    "ModelInfo",
    "NextTokens",
    "TokenScores",
    "Tokenization",
    "__version__",
]

if TYPE_CHECKING:
    from analyzer.analysis import Analysis, Analyzer
    from analyzer.continuation import NextTokens
    from analyzer.errors import AnalyzerError
    from analyzer.models import ModelInfo
    from analyzer.scoring import TokenScores
    from analyzer.tokens import Tokenization


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'analyzer' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
