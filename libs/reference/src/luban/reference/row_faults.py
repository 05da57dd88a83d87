"""What was wrong with single rows of a list that was refused as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass

from luban.reference.refusal import Invalid


@dataclass(frozen=True, slots=True)
class RowFault:
    """One thing wrong with one row; never quotes what stands there.

    `row` is the number the spreadsheet shows (in JSON the place from 1); None for somebody who is missing, then
    `entry_id` names them.
    """

    row: int | None
    column: str
    code: str
    zh: str
    en: str
    entry_id: str = ""


class RowsRefused(Invalid):
    """A list of which some rows are wrong: nothing of it was taken."""

    def __init__(self, code: str, /, *, zh: str, en: str, faults: Sequence[RowFault]) -> None:
        """The texts may use `{count}`, the number of faults."""
        super().__init__(code, zh=zh, en=en, count=len(faults))
        self.faults = sorted(faults, key=lambda fault: (fault.row is None, fault.row))
