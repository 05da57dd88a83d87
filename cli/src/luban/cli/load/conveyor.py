"""Week by week: a new wave registers, those before it get seats, are examined, and get their certificates."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from luban.cli.demo.clock import move_to
from luban.cli.load.employers import Employers, Question
from luban.cli.load.faults import Stopped
from luban.cli.load.plans import certifying, filing, marking, registering, results, seating, sitting
from luban.cli.load.plans.plan import Plan, new_plan
from luban.cli.load.sizing import Sizing, shares
from luban.cli.load.values import Person
from luban.cli.load.weeks import EXAM_AFTER, WEEKS_OF_A_WAVE, Week
from luban.cli.load.world import World
from luban.reference.track import Track

Step = Callable[[Plan], Awaitable[None]]


@dataclass
class Wave:
    """The plans that were filed in one week."""

    plans: Sequence[Plan]
    begun: int
    """The number of its week."""


class Conveyor:
    """The load proper."""

    def __init__(self, world: World, weeks: Sequence[Week], sizing: Sizing) -> None:
        self._world, self._weeks, self._sizing = world, weeks, sizing
        self._employers = Employers(world)
        self._waves: list[Wave] = []
        self._last_week: float | None = None
        self.calendar_ended = False
        """The year was over before as much was done as was asked."""

    async def invite_employers(self) -> None:
        """Gives the first keys. Raises Stopped."""
        await self._employers.invite()

    async def run(self) -> None:
        """Until as many have begun as are wanted, and all of them are through. Raises StackError."""
        for number, week in enumerate(self._weeks):
            self._begin_wave(number)
            if not self._waves:
                self._world.progress.stage = "everybody is through"
                return
            await self._move_to(week.morning)
            began = time.monotonic()
            await self._work(number, week)
            self._last_week = time.monotonic() - began
            self._waves = [wave for wave in self._waves if wave.begun > number - WEEKS_OF_A_WAVE + 1]

    def _begin_wave(self, number: int) -> None:
        weeks_left = len(self._weeks) - number - WEEKS_OF_A_WAVE + 1
        people = self._sizing.next_wave(max(0, weeks_left), self._last_week)
        self.calendar_ended = self.calendar_ended or (not people and self._sizing.wants_more())
        if not people:
            return
        filed, exam = self._weeks[number], self._weeks[number + EXAM_AFTER]
        plans = [
            new_plan(self._world, track, self._people(size), filed, exam)
            for track, sizes in zip(Track, shares(people, len(Track)), strict=True)
            for size in sizes
        ]
        self._world.progress.people_begun += people
        self._waves.append(Wave(plans, number))

    def _people(self, size: int) -> list[Person]:
        return [self._world.values.person(next(self._world.numbers)) for _ in range(size)]

    async def _work(self, number: int, week: Week) -> None:
        """Every wave at its place of the conveyor, all at once; then the evening of those who were examined."""
        places: dict[int, Sequence[Step]] = {
            0: (filing.publish, registering.register),
            1: (seating.seat,),
            2: (_examine,),
            3: (certifying.wait_for_certificates, self._check_and_change),
        }
        with self._world.stage(f"week {number + 1}: {self._describe(number)}"):
            await self._all(*(self._take(plan, places[number - wave.begun]) for wave, plan in self._plans()))
            examined = [plan for wave, plan in self._plans() if number - wave.begun == EXAM_AFTER]
            if examined:
                await self._move_to(week.evening)
                await self._all(*(self._take(plan, (results.post_and_confirm,)) for plan in examined))
            await self._end_week(number)

    async def _end_week(self, number: int) -> None:
        """Those who are through leave; the employers' keys take turns, while nobody asks."""
        through = [plan for wave, plan in self._plans() if number - wave.begun == WEEKS_OF_A_WAVE - 1]
        question = None
        for plan in through:
            self._world.progress.people_through += 0 if plan.given_up else len(plan.people)
            self._world.progress.certificates += len(plan.certificates)
            question = question or certifying.question_about(plan)
            self._world.ledger.put_away(plan.name)
        if through:
            await self._take_turns(question)

    async def _take_turns(self, question: Question | None) -> None:
        try:
            await self._employers.turn_over(question)
        except Stopped as why:
            self._world.progress.stop("employers", why)

    def _plans(self) -> list[tuple[Wave, Plan]]:
        return [(wave, plan) for wave in self._waves for plan in wave.plans]

    async def _take(self, plan: Plan, steps: Sequence[Step]) -> None:
        """What stops a plan stops no other."""
        for step in steps:
            if plan.given_up:
                return
            try:
                await step(plan)
            except Stopped as why:
                plan.give_up(why)

    async def _check_and_change(self, plan: Plan) -> None:
        await certifying.check_and_change(plan, self._employers)

    async def _move_to(self, instant: datetime) -> None:
        with self._world.stage("moving the clock"):
            await asyncio.to_thread(move_to, self._world.target, instant)
        self._world.progress.now = instant

    @staticmethod
    async def _all(*work: Awaitable[None]) -> None:
        """All of it at once; the first failure cancels the rest."""
        tasks = [asyncio.ensure_future(each) for each in work]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    def _describe(self, number: int) -> str:
        words = ("registering", "seated", "examined", "certified")
        places = {number - wave.begun for wave in self._waves}
        return ", ".join(word for place, word in enumerate(words) if place in places)


async def _examine(plan: Plan) -> None:
    """Papers are sat and skill is marked at the same time."""
    if plan.track is Track.SOCIAL:
        await asyncio.gather(sitting.sit(plan), marking.rate(plan))
    elif plan.raters:
        await marking.rate(plan)
