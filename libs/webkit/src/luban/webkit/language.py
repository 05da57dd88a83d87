"""Which of the two languages an answer speaks."""

from functools import lru_cache
from typing import Literal

Language = Literal["zh", "en"]


@lru_cache(maxsize=256)
def preferred_language(accept_language: str | None) -> Language:
    """English where Accept-Language (RFC 9110 §12.5.4) ranks it above Chinese; Chinese otherwise."""
    weights: dict[str, float] = {}
    for part in (accept_language or "")[:200].split(","):
        tag, _, parameters = part.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        weights[primary] = max(weights.get(primary, 0.0), _weight(parameters))
    return "en" if weights.get("en", 0.0) > max(weights.get("zh", 0.0), weights.get("*", 0.0)) else "zh"


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
