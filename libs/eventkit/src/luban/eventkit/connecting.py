"""How a connection to a database or to a broker is opened: when the other end is gone, both ends notice within seconds.

Without this a cut network leaves a process waiting for an answer that never comes, and the database holding the locks
of a transaction whose process died with its machine. And when the network is back, bytes that TCP has sent in vain for
eight seconds are sent again after another eight: a new connection is there at once.
"""

import socket
from typing import Any, Final

UNHEARD_MS: Final = 5_000
"""Bytes that are not acknowledged for so long end a connection."""

CLIENT: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": UNHEARD_MS,
}
"""libpq's parameters, in seconds but for the last."""

SERVER: Final = (
    "-c timezone=UTC -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
    f" -c tcp_user_timeout={UNHEARD_MS} -c idle_in_transaction_session_timeout=60000"
)
"""Settings of the session itself. A transaction in which a process does nothing for a minute is undone: it waits for an
answer that was lost, or it holds the locks of others."""

COMMITS: Final = f"{SERVER} -c synchronous_commit=on"
"""For sessions whose commits are promises."""

BROKER: Final[dict[str, Any]] = {
    "socket_options": [
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        *([(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_MS)] if hasattr(socket, "TCP_USER_TIMEOUT") else []),
    ]
}
"""kafka-python's parameters."""
