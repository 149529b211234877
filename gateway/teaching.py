"""What happens when a coach teaches the recogniser her language: look at what it would open, then keep the lesson and look again at what waits.

A lesson is one coach's own and only ever adds to what may be said; what the law closes stays closed (`core.recognise.taught`). Mail that has left is not
kept, so the effect of a lesson can be shown on held items alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from gateway.core.audience import context_for, identify, with_lessons
from gateway.core.model import Directory, HeldItem, Lesson, Plan, Reading, RecogniserContext, Sentence
from gateway.core.recognise.language import sure
from gateway.core.recognise.taught import Unteachable, check_place, pattern_of
from gateway.errors import GatewayError
from gateway.house import House, Ports
from gateway.pipeline import plan_for, read
from gateway.ports import Store
from gateway.release import reconsider, submission_of

MOST_LESSONS = 300  # of one coach: all of them travel with each of her mails to the reading process
NEVER_TAUGHT = {
    "quoted-history": "it is quoted history: what somebody else wrote is never logistics",
    "too-long": "it is too long to be read",
    "mixed-script": "it mixes letters of two alphabets",
    "unknown-language": "its language has no pack",
}


class CannotTeach(GatewayError):
    """Nothing was taught. The text says why, in a sentence for the coach."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a lesson would change about one held item."""

    item: HeldItem
    opened: tuple[Sentence, ...]  # withheld now, with the rule and the word that decided; they would pass
    company_text: str  # what a company could be told then, "" where that is no other text than now
    leaves: bool  # nothing of it would have to wait any more
    told: str  # what the company was told when the mail came in


def phrase(text: str, language: str | None, by: str, directory: Directory, house: House) -> Lesson:
    """The lesson that a word, a phrase or a sentence is. Without `language` it is told from the text. Raises `CannotTeach`."""
    packs = house.packs.packs
    pack = next((p for p in packs if p.language == language), None) if language else sure(text, house.packs)
    if pack is None:
        which = ", ".join(p.language for p in packs)
        raise CannotTeach(f"There is no language pack {language!r}; there are {which}." if language else f"Which language is that? Say one of {which}.")
    return _lesson(lambda: Lesson("phrase", pack.language, pattern_of(text, pack, _everybody(directory, house)), by))


def place(text: str, by: str, directory: Directory, house: House) -> Lesson:
    """The lesson that a place is. Raises `CannotTeach`, also for what is the name of a client."""
    words = set(text.casefold().split())
    for client in directory.clients:
        name = set(client.name.casefold().split())
        if name and words and (name <= words or words <= name):
            raise CannotTeach(f"That is the name of client {client.id}: a place of that name would tell who is coached.")
    return _lesson(lambda: Lesson("place", "", check_place(text, house.packs), by))


def sentence_lesson(sentence: Sentence, by: str, directory: Directory, house: House) -> Lesson:
    """The lesson that a withheld sentence of a held item is logistics. Raises `CannotTeach`."""
    if sentence.rule in NEVER_TAUGHT:
        raise CannotTeach(f"This sentence cannot be taught: {NEVER_TAUGHT[sentence.rule]}.")
    return phrase(sentence.text, sentence.language, by, directory, house)


async def withheld(item: HeldItem, ports: Ports, house: House) -> tuple[Sentence, ...]:
    """The sentences of a held item (with its octets) that are not understood as scheduling, in their order."""
    reading, _ = await _reading(item, await ports.store.directory(item.tenant), ports, house)
    return tuple(s for s in reading.sentences if not s.approved) if reading else ()


async def effect(lesson: Lesson, tenant: int, ports: Ports, house: House) -> tuple[Effect, ...]:
    """What `lesson` would change about everything that waits now; items that stay as they are, are left out."""
    directory, known = await ports.store.directory(tenant), await ports.store.lessons(tenant)
    found = []
    for waiting in await ports.store.held_list(tenant):
        item = await ports.store.held_get(waiting.id, with_raw=True)
        if item is None:
            continue
        now, _ = await _reading(item, directory, ports, house)
        then, plan = await _reading(item, _knowing(directory, (*known, lesson)), ports, house)
        if now is None or then is None or now == then:
            continue
        first, _ = await _reading(item, _knowing(directory, (k for k in known if k.since and k.since <= item.since)), ports, house)
        passing = {(s.source, s.text) for s in then.sentences if s.approved}
        opened = tuple(s for s in now.sentences if not s.approved and (s.source, s.text) in passing)
        says_more = then.company_text if then.company_text != now.company_text else ""
        leaves = not plan.holds and bool(plan.copies)
        if opened or says_more or leaves:
            found.append(Effect(replace(item, raw=None), opened, says_more, leaves, first.company_text if first else ""))
    return tuple(found)


async def teach(lesson: Lesson, effects: Iterable[Effect], tenant: int, ports: Ports, house: House) -> tuple[Lesson, tuple[str, ...]]:
    """Keep `lesson`, with its audit event, then let the items leave that have nothing to wait for any more: the lesson with its id, and theirs.

    Raises `CannotTeach` where the coach has taught more than a reading process can be told with each mail.
    """
    if len(await ports.store.lessons(tenant)) >= MOST_LESSONS:
        raise CannotTeach(f"More than {MOST_LESSONS} words, phrases and places cannot be kept: remove some first.")
    kept = await ports.store.teach(tenant, lesson)
    left = []
    for change in effects:
        item = await ports.store.held_get(change.item.id, with_raw=True) if change.leaves else None
        if item and await reconsider(item, ports, house, told=change.told):
            left.append(item.id)
    return kept, tuple(left)


async def forget(kind: str, name: str, by: str, tenant: int, store: Store) -> Lesson:
    """Take back the lesson whose id starts with `name`; what left because of it has left. Raises `CannotTeach`."""
    fitting = [lesson for lesson in await store.lessons(tenant) if lesson.kind == kind and name and lesson.id.startswith(name)]
    if len(fitting) != 1 or not await store.forget(tenant, fitting[0].id, by):
        raise CannotTeach(f"{'More than one' if len(fitting) > 1 else 'Nothing'} that was taught has an id that starts with {name!r}.")
    return fitting[0]


async def _reading(item: HeldItem, directory: Directory, ports: Ports, house: House) -> tuple[Reading | None, Plan]:
    """How an item is read, and what would be planned for it, were `directory` all that is known."""
    recipients = identify(submission_of(item).envelope, directory)
    analysis = await read(submission_of(item), recipients, directory, ports, house)
    context = context_for(recipients[0], directory.coach, house.places, house.approved_links)
    return analysis.reading(context), await plan_for(analysis, recipients, directory, ports, house)


def _knowing(directory: Directory, lessons: Iterable[Lesson]) -> Directory:
    return replace(directory, coach=with_lessons(directory.coach, lessons))


def _everybody(directory: Directory, house: House) -> RecogniserContext:
    """A name in what is taught becomes a slot, whosever it is: the slot is only filled by those whom a mail concerns."""
    coach = directory.coach
    return RecogniserContext(tuple(c.name for c in directory.clients), (coach.name,), (*house.places, *coach.places), house.approved_links, coach.time_zone)


def _lesson(make: Callable[[], Lesson]) -> Lesson:
    try:
        return make()
    except Unteachable as error:
        raise CannotTeach(str(error)) from None
