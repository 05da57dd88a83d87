"""What the service listens to and what its clock does."""

from collections.abc import Mapping

from luban.eventkit.dispatch import Subscriptions
from luban.eventkit.timers import TimerHandler
from luban.events.v1 import registration_pb2 as registration
from luban.exam.handlers import confirming, replication, sitting_timers
from luban.exam.handlers.submissions import END_PUBLICITY

SUBSCRIPTIONS = Subscriptions(
    "exam",
    handles={
        registration.PlanPublished: replication.on_plan_published,
        registration.PlanChanged: replication.on_plan_changed,
        registration.PlanClosed: replication.on_plan_closed,
        registration.PlanCancelled: replication.on_plan_cancelled,
        registration.EntryAccepted: replication.on_entry_accepted,
        registration.EntryWithdrawn: replication.on_entry_withdrawn,
    },
    ignores=(
        registration.BodyFiled,
        registration.BodyChanged,
        registration.BodySuspended,
        registration.BodyWithdrawn,
        registration.ProjectPublished,
        registration.ProjectWithdrawn,
        registration.EntrySubmitted,
        registration.EntryRejected,
    ),
)

TIMERS: Mapping[str, TimerHandler] = {
    **sitting_timers.TIMERS,
    END_PUBLICITY: confirming.on_publicity_end,
    confirming.END_RESULT_PUBLICITY: confirming.on_result_publicity_end,
}
