"""One plan while it is on its way."""

from dataclasses import dataclass, field
from uuid import UUID

from luban.cli.load.faults import Stopped
from luban.cli.load.ledger import Book
from luban.cli.load.values import Person
from luban.cli.load.weeks import Week
from luban.cli.load.world import Body, Official, World, hire
from luban.reference.track import Track

THEORY, SKILL = "THEORY", "SKILL"


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate of the plan."""

    certificate_id: str
    certificate_no: str


@dataclass(eq=False)
class Plan:
    """Who runs it, who is in it, and what the services called them."""

    world: World
    name: str
    """Of its book."""
    body: Body
    level: int | None
    """None on the special-ability track."""
    people: list[Person]
    filed: Week
    exam: Week
    staff: Official
    """Files the plan, posts its results."""
    second: Official
    """Another person of the body: confirms."""
    raters: tuple[Official, ...]
    plan_id: str = ""
    entry_ids: dict[Person, str] = field(default_factory=dict)
    subjects: dict[Person, UUID] = field(default_factory=dict)
    """Of those whom a roster made candidates; others chose their own."""
    withdrawn: set[Person] = field(default_factory=set)
    """Whose withdrawal was acknowledged."""
    assessed: list[Person] = field(default_factory=list)
    """Who stands on the exam service's list when registration is over."""
    results: dict[Person, str] = field(default_factory=dict)
    """Ids of the results that publicity confirmed."""
    corrected: set[Person] = field(default_factory=set)
    """Whose correction was acknowledged."""
    certificates: dict[Person, Held] = field(default_factory=dict)
    given_up: str = ""
    """Why it stays where it is; empty for a plan on its way."""

    @property
    def track(self) -> Track:
        """The body's."""
        return self.body.track

    @property
    def book(self) -> Book:
        """Its ledger."""
        return self.world.ledger.book(self.name)

    def subject_of(self, person: Person) -> UUID:
        """Whom the person's token names."""
        return self.subjects.get(person, person.subject)

    def give_up(self, why: Stopped) -> None:
        """It stays where it is."""
        self.given_up = self.given_up or str(why)
        self.world.progress.stop(self._where, why)

    def note(self, stopped: list[Stopped]) -> None:
        """Somebody of the plan could not go on."""
        for why in stopped:
            self.world.progress.stop(self._where, why)

    @property
    def _where(self) -> str:
        return f"{self.name} ({self.track.value})"


def new_plan(world: World, track: Track, people: list[Person], filed: Week, exam: Week) -> Plan:
    """A plan that nobody has heard of yet. Levels take turns, so that numbers count under several."""
    body, number = world.bodies[track], next(world.plan_numbers)
    staff, second = (hire("body_staff", body.body_id) for _ in range(2))
    raters = () if track is Track.ENTERPRISE else tuple(hire("rater", body.body_id) for _ in range(3))
    level = None if track is Track.SPECIAL_ABILITY else 3 + number // 3 % 2
    return Plan(world, f"plans/{number:05d}", body, level, people, filed, exam, staff, second, raters)
