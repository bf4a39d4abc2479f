"""Scripts and style sheets of the components, which each get some of them as one."""

from pathlib import Path

__all__ = ["joined"]

_HERE = Path(__file__).parent


def joined(*names: str) -> str:
    """These files of this folder, one after the other."""
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in names)
