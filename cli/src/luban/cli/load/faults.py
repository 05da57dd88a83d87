"""What ends a step, a plan or a run."""

from luban.cli.stack import StackError


class LoadError(StackError):
    """The load cannot begin or go on; the message says why and what to do."""


class Unanswered(Exception):  # noqa: N818  # no error of ours: what became of a request
    """No answer came to one attempt. `kind` is `connect`, `lost`, `timeout` or `http-5xx` with its status."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Stopped(Exception):  # noqa: N818  # ends what somebody was doing; the load goes on
    """Somebody cannot go on; the text says at what and why."""


class InDoubt(Stopped):
    """No answer came within the patience: it stands once, or not at all."""


class Refused(Stopped):
    """A definite answer that was not due."""

    def __init__(self, what: str, status: int, code: str) -> None:
        super().__init__(f"{what}: {status} {code}")
        self.status = status
        self.code = code


class NotArrived(Stopped):
    """Something that must follow from what was acknowledged did not come in time."""
