"""How much one sitting at a page may hold; the command has no such limits. Loads nothing."""

__all__ = ["MOST_CHARACTERS", "MOST_ROWS"]

MOST_ROWS = 2000
MOST_CHARACTERS = 5_000_000
"""Of all texts: about 800,000 words."""
