"""Parked events tried again by themselves after a refusal; `replaying` has what an operator does."""

import logging
import threading
from collections.abc import Sequence
from typing import Any

from luban.eventkit.apply import PARKED_COLUMNS, Report, apply, from_parked
from luban.eventkit.dispatch import Subscriptions, is_transient
from luban.eventkit.pulse import Pulse
from luban.eventkit.tracing import batch_spans
from luban.eventkit.uow import Cause, UnitOfWork, UnitsOfWork

log = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
BATCH = 500

DUE = """
select distinct topic, partition from eventkit.parked
where consumer = %s and next_attempt_at <= eventkit.now() order by topic, partition
"""
ROWS = f"""
select {PARKED_COLUMNS} from eventkit.parked
where consumer = %s and topic = %s and partition = %s and next_attempt_at <= eventkit.now()
order by aggregate_id, version limit %s
"""  # noqa: S608


class Retries:
    """Tries due events again until stopped."""

    def __init__(self, subscriptions: Subscriptions, units: UnitsOfWork) -> None:
        self._subscriptions = subscriptions
        self._units = units
        self.pulse = Pulse()

    def run(self, stop: threading.Event) -> None:
        """Runs until stopped; an outage of the database only pauses it."""
        while not stop.is_set():
            self.pulse.beat()
            try:
                applied = self.retry_due()
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("retries pause: %s", type(error).__name__)
                applied = 0
            if not applied:
                stop.wait(IDLE_SECONDS)

    def retry_due(self) -> int:
        """Tries what is due once; how many events were applied."""
        with self._units.read(self._cause()) as uow:
            places = uow.sql(DUE, (self._subscriptions.consumer,)).fetchall()
        return sum(self._retry(topic, partition).applied for topic, partition in places)

    def _retry(self, topic: str, partition: int) -> Report:
        with self._units.begin(self._cause()) as uow:
            self._lock(uow, topic, partition)
            consumer = self._subscriptions.consumer
            rows: Sequence[Any] = uow.sql(ROWS, (consumer, topic, partition, BATCH)).fetchall()
            arrivals = [from_parked(uow.keyring, row) for row in rows]
            with batch_spans(topic, (event.traceparent for event in arrivals)) as uow.continued:
                report = apply(uow, self._subscriptions, arrivals)
        report.tell(self._subscriptions.consumer)
        return report

    def _lock(self, uow: UnitOfWork, topic: str, partition: int) -> None:
        """The partition's offset row: the consumer and a replay never apply events of one aggregate side by side."""
        uow.sql(
            "select 1 from eventkit.consumer_offset where consumer = %s and topic = %s and partition = %s for update",
            (self._subscriptions.consumer, topic, partition),
        )

    def _cause(self) -> Cause:
        return Cause(actor=f"consumer:{self._subscriptions.consumer}", reason="retry")
