"""What answers of several routes have in common."""

from pydantic import BaseModel


class ShownScore(BaseModel):
    """How a subject ended; tenths of a point, 0 without a score."""

    outcome: str
    score_tenths: int
