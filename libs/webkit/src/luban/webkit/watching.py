"""What a worker tells of itself: is it alive, could it do its job, how far behind is it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry

from luban.eventkit.backlog import BacklogReader
from luban.eventkit.settings import Settings
from luban.eventkit.uow import UnitsOfWork
from luban.eventkit.worker import Worker
from luban.webkit.application import database_checks
from luban.webkit.gauges import BacklogGauges, CheckGauges, WorkerGauges
from luban.webkit.health import Readiness
from luban.webkit.monitoring import Page, as_json, metrics

BROKER_SECONDS = 10.0
"""Loops hear of the broker every second; silent for this long, it is away."""


class Watching:
    """The pages of a worker. Its gauges are registered for as long as the process lives."""

    def __init__(
        self,
        service: str,
        worker: Worker,
        units: UnitsOfWork,
        settings: Settings,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._worker = worker
        self._most_behind = settings.ready_lag
        self._backlog = BacklogReader(settings.database)
        readiness = Readiness(
            {
                **database_checks(service, units),
                "broker": lambda: worker.broker_age < BROKER_SECONDS,
                "loops": lambda: not worker.troubles,
                "lag": self._keeps_up,
            },
            {"lag_events": self._lag, "backlog": lambda: asdict(self._backlog.read())},
        )
        for gauges in (BacklogGauges(self._backlog, units.keyring), WorkerGauges(worker), CheckGauges(readiness)):
            registry.register(gauges)
        self.pages: Mapping[str, Page] = {
            "/metrics": lambda: metrics(registry),
            "/readyz": as_json(readiness.answer),
            "/healthz": as_json(self._health),
        }

    def close(self) -> None:
        """Lets the connection to the database go."""
        self._backlog.close()

    def _health(self) -> tuple[int, Mapping[str, Any]]:
        """200 while every loop keeps its promise to be heard of; one that is restarted goes on from the database."""
        troubles = self._worker.troubles
        return (503, {"status": "frozen", "loops": troubles}) if troubles else (200, {"status": "ok"})

    def _lag(self) -> int | None:
        return None if self._worker.lag is None else sum(self._worker.lag.values())

    def _keeps_up(self) -> bool:
        lag = self._lag()
        return lag is not None and lag <= self._most_behind
