"""Writing with the model, token by token: a tree of tokens over one live state."""

from analyzer.guided.session import Found, Run, Session

__all__ = [
    "Found",
    "Run",
    "Session",
]
