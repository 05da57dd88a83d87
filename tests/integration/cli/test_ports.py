"""Ports stay what they were, unless somebody else has taken one."""

import socket

from luban.cli.ports import LOOPBACK, assign, free_port, is_free


def test_a_port_in_use_is_not_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_a_port_is_kept_while_it_is_free() -> None:
    before = assign(["postgres", "broker"], {})
    assert before["postgres"] != before["broker"]
    assert assign(["postgres", "broker"], before) == before


def test_only_the_port_that_was_taken_changes() -> None:
    before = {"postgres": free_port(), "broker": free_port()}
    with socket.create_server((LOOPBACK, before["postgres"])):
        after = assign(["postgres", "broker"], before)
    assert after["broker"] == before["broker"]
    assert after["postgres"] not in before.values()
