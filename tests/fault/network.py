"""A network of one test's own, in which packets to or from one process are lost.

The kernel's own packet filter drops them on the receiving side, so that TCP behaves as it does on a broken line: it
sends again after growing pauses, times out, keeps connections half open. Root only (Linux, `iptables`).
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

_NEW_NETWORK = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)
_CHAIN = "CUT"
FIRST_GROUP = 21_000
"""Each process of a service runs in a group of its own from here on, by which its packets are known."""


class Way(StrEnum):
    """Which packets are lost, seen from the process that is cut off."""

    BOTH = "both ways"
    OUT = "nothing gets out"
    IN = "nothing gets in"


@dataclass(frozen=True)
class End:
    """One end of connections: the ports it listens on, and the group of whoever opens others from there."""

    ports: tuple[int, ...]
    group: int | None = None


class Network:
    """The packet filter of the network that this thread is in."""

    def __init__(self) -> None:
        _iptables("-N", _CHAIN)
        _iptables("-A", "INPUT", "-j", _CHAIN)

    def mark(self, groups: Sequence[int]) -> None:
        """Marks every connection that a process of these groups opens with its group."""
        for group in groups:
            opened = ("-m", "owner", "--gid-owner", str(group), "-m", "conntrack", "--ctdir", "ORIGINAL")
            _iptables("-t", "mangle", "-A", "OUTPUT", "-p", "tcp", *opened, "-j", "CONNMARK", "--set-mark", str(group))

    @contextmanager
    def cut_off(self, end: End, way: Way) -> Iterator[None]:
        """While the block runs, packets of one end are lost."""
        with self._losing(rule for each in _each(way) for rule in _rules(end, each)):
            yield

    @contextmanager
    def cut_everywhere(self, way: Way) -> Iterator[None]:
        """While the block runs all packets are lost; with OUT only answers, with IN only what opens and asks."""
        lost = {Way.BOTH: (), Way.OUT: ("--ctdir", "REPLY"), Way.IN: ("--ctdir", "ORIGINAL")}[way]
        with self._losing([("-m", "conntrack", *lost) if lost else ()]):
            yield

    @contextmanager
    def cut_between(self, group: int, port: int) -> Iterator[None]:
        """While the block runs, nothing gets from a process of this group to a server."""
        with self._losing([("--dport", str(port), "-m", "connmark", "--mark", str(group))]):
            yield

    @contextmanager
    def _losing(self, rules: "Iterator[Sequence[str]] | list[Sequence[str]]") -> Iterator[None]:
        try:
            for rule in rules:
                _iptables("-A", _CHAIN, "-p", "tcp", *rule, "-j", "DROP")
            yield
        finally:
            _iptables("-F", _CHAIN)


def _each(way: Way) -> tuple[Way, ...]:
    return (Way.OUT, Way.IN) if way is Way.BOTH else (way,)


def _rules(end: End, way: Way) -> Iterator[Sequence[str]]:
    """Of one direction: by port for those who came to it, by mark for those to whom it went."""
    port, direction = ("--dport", "REPLY") if way is Way.IN else ("--sport", "ORIGINAL")
    for number in end.ports:
        yield (port, str(number))
    if end.group is not None:
        yield ("-m", "connmark", "--mark", str(end.group), "-m", "conntrack", "--ctdir", direction)


def require_network() -> None:
    """Fails where no network can be made: a suite that cut nothing must not look green."""
    assert os.geteuid() == 0, "cutting a network takes root: run `make fault` as root"
    for program, package in (("ip", "iproute2"), ("iptables", "iptables")):
        assert shutil.which(program), f"{program} is missing: apt-get install {package}"


@contextmanager
def own_network() -> Iterator[Network]:
    """This thread, and whatever it starts, is in a network of its own while the block runs; only loopback is there."""
    require_network()
    with open("/proc/thread-self/ns/net", "rb") as before:  # noqa: PTH123  # a descriptor, not a file
        _call(_LIBC.unshare, _NEW_NETWORK)
        try:
            _run("ip", "link", "set", "lo", "up")
            yield Network()
        finally:
            _call(_LIBC.setns, before.fileno(), _NEW_NETWORK)


def _call(function: "ctypes._FuncPointer", *arguments: int) -> None:
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _iptables(*arguments: str) -> None:
    _run("iptables", "-w", *arguments)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
