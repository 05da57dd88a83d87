"""A wire between a browser and a service on which everything that the browser sends is kept."""

import socket
import threading
from contextlib import suppress

from luban.cli.ports import LOOPBACK


class Wiretap:
    """Listens on a port of its own for as long as the test's process lives."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.sent = bytearray()
        """All bytes from browsers, in the order they came."""
        self._listening = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Lets nobody in any more."""
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                browser, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(browser,), daemon=True).start()

    def _carry(self, browser: socket.socket) -> None:
        try:
            service = socket.create_connection((LOOPBACK, self._to))
        except OSError:  # the service is down: so is the wire
            browser.close()
            return
        back = threading.Thread(target=_pass_on, args=(service, browser), daemon=True)
        back.start()
        _pass_on(browser, service, self.sent)
        back.join()
        for end in (browser, service):
            end.close()


def _pass_on(source: socket.socket, to: socket.socket, kept: bytearray | None = None) -> None:
    with suppress(OSError):  # either end may go
        while piece := source.recv(65536):
            if kept is not None:
                kept += piece
            to.sendall(piece)
    with suppress(OSError):
        to.shutdown(socket.SHUT_WR)
