"""Chance that a seed decides."""

from random import Random


def chance(seed: int, what: object) -> Random:
    """The same draws for the same seed and purpose, on every machine."""
    return Random(f"{seed}:{what}")  # noqa: S311 -- synthetic people are no secret
