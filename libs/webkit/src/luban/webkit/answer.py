"""What a handler's result becomes on the wire."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic_core import to_json
from starlette.responses import Response

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes that are no JSON (a sheet, a PDF), or a status that only the handler knows.

    From `Call.execute`, one with a status of 400 or more undoes the transaction and is not kept for replay:
    a rejected file comes back with the reasons in it, and nothing has changed.
    """

    content: bytes
    media_type: str = JSON
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """The HTTP response."""
        return Response(self.content, self.status, dict(self.headers), self.media_type)


def answer(result: object, status: int, headers: Mapping[str, str] | None = None) -> Answer:
    """Encodes a result by pydantic (models, dataclasses, UUIDs, dates, Decimal as text); None is 204 instead of 200.

    An `Answer` stays as it is, with `headers` added.
    """
    if isinstance(result, Answer):
        return Answer(result.content, result.media_type, result.status, {**result.headers, **(headers or {})})
    if result is None:
        return Answer(b"", JSON, 204 if status == 200 else status, dict(headers or {}))
    return Answer(to_json(result, by_alias=True), JSON, status, dict(headers or {}))
