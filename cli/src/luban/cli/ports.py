"""Free TCP ports on the loopback address.

Ports are taken below Linux's range for outgoing connections (32768 and up), so a port kept for a restart is not lost
to somebody's
outgoing connection meanwhile.
"""

import random
import socket
from collections.abc import Iterable, Mapping

LOOPBACK = "127.0.0.1"
_FIRST, _LAST = 15_000, 32_000


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(taken: Iterable[int] = ()) -> int:
    """A free port that is not in `taken`. Raises OSError when a thousand tries found none."""
    excluded = set(taken)
    for _ in range(1_000):
        port = random.randint(_FIRST, _LAST)  # noqa: S311 -- a port is no secret
        if port not in excluded and is_free(port):
            return port
    raise OSError(f"no free TCP port between {_FIRST} and {_LAST} on {LOOPBACK}")


def assign(names: Iterable[str], previous: Mapping[str, int]) -> dict[str, int]:
    """One port per name: the one it had before if that is still free, another otherwise."""
    ports: dict[str, int] = {}
    for name in names:
        kept = previous.get(name)
        if kept is not None and kept not in ports.values() and is_free(kept):
            ports[name] = kept
        else:
            ports[name] = free_port(set(ports.values()) | set(previous.values()))
    return ports
