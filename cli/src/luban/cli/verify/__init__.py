"""`luban verify`: what a file proves, by keys at hand and without a network."""

from luban.cli.verify.file import verify_file
from luban.cli.verify.finding import Finding
from luban.cli.verify.trust import Trust

__all__ = ["Finding", "Trust", "verify_file"]
