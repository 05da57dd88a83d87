"""Corrections of group membership: one of kafka-python 3.0.12, one for the embedded broker."""

from typing import Any

from kafka.structs import MemberState


def keep_rejoins(consumer: Any) -> None:
    """Lets a group member that must join again, because its topics' metadata changed, do so until it has joined.

    The client takes note of such a need nowhere (Apache's own had the same defect: KAFKA-9815): where its join outlasts
    the `poll` that began it, the metadata look unchanged to the next, the new assignment is never taken, and the member
    reads nothing for ever, without a word.
    """
    coordinator = consumer._coordinator  # the version is pinned exactly
    is_needed = coordinator.need_rejoin

    def need_rejoin() -> bool:
        if needed := bool(is_needed()):
            coordinator.rejoin_needed = True
        return needed

    coordinator.need_rejoin = need_rejoin


def leave_only_when_joined(consumer: Any) -> None:
    """Lets a member whose join is not answered yet end without a word; its session runs out.

    The embedded broker that is told of its leaving waits for it all the same: nobody gets a partition of that group
    any more, as after a worker that was restarted twice within seconds.
    """
    coordinator = consumer._coordinator
    leave = coordinator.maybe_leave_group_async

    async def maybe_leave_group_async(reason: str | None = None, timeout_ms: float | None = None) -> None:
        if coordinator.state is MemberState.STABLE:
            await leave(reason, timeout_ms)
        else:
            coordinator.reset_generation()

    coordinator.maybe_leave_group_async = maybe_leave_group_async
