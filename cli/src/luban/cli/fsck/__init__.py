"""Proof of the promises over all databases and topics, in numbers."""

from luban.cli.fsck.check import Check
from luban.cli.fsck.run import run_fsck

__all__ = ["Check", "run_fsck"]
