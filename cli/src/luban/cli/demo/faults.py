"""What ends the demo before its table."""

from luban.cli.stack import StackError


class DemoError(StackError):
    """The demo cannot go on; the message says at what, and what came instead."""
