"""The story: what happens to a mail between the final dot and the 250.

    submission --raw--> identify > read (parse > classify > recognise) > recall > decide > plan > compose > seal > verify > commit

Before `commit` returns, the coach's mail program owns the mail; an exception anywhere leaves it there (law 3). Nothing is sent from here:
`gateway.delivery` does that, from the store.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.copies import Workshop, make_copies
from gateway.core.address import may_write_as
from gateway.core.appointment import Appointment
from gateway.core.audience import context_for, contexts, identify
from gateway.core.calendar.life import with_memory
from gateway.core.decide import decide, kinds_of
from gateway.core.loop import MAX_HOPS, is_own
from gateway.core.model import Analysis, Directory, KeyState, Plan, Reading, Receipt, Recipient, Submission
from gateway.core.plan import make_plan
from gateway.custody import custody_of
from gateway.errors import Looping, SenderNotCoach
from gateway.house import House, Ports


async def process(submission: Submission, ports: Ports, house: House) -> Receipt:
    """From raw octets to custody. Returns only after the store has committed; raises `GatewayError` with nothing kept or sent."""
    key = house.submission_key(submission)
    if earlier := await ports.store.seen(key):
        return earlier
    directory = await ports.store.directory(submission.envelope.tenant)
    recipients = identify(submission.envelope, directory)
    analysis = await read(submission, recipients, directory, ports, house)
    admit(submission, analysis, house)
    known = await recall(analysis, submission.envelope.tenant, ports)
    plan = await plan_for(analysis, recipients, directory, ports, house, known)
    workshop = Workshop(submission, analysis, directory, ports, house)
    outgoing = await make_copies(plan, workshop)
    return await ports.store.commit(custody_of(plan, outgoing, key, workshop))


async def read(submission: Submission, recipients: tuple[Recipient, ...], directory: Directory, ports: Ports, house: House) -> Analysis:
    """Read the message once, for every context that its recipients ask for."""
    return await ports.reader.read(submission.raw, contexts(recipients, directory.coach, house.places, house.approved_links))


def admit(submission: Submission, analysis: Analysis, house: House) -> None:
    """Raises `Looping` for the gateway's own mail or too many hops, `SenderNotCoach` for a From the login may not use (RFC 6409 section 8.1)."""
    if analysis.hops > MAX_HOPS or is_own(analysis.message_id, house.loop_key):
        raise Looping
    if not all(may_write_as(author, submission.envelope.authors) for author in analysis.author_mailboxes):
        raise SenderNotCoach


async def recall(analysis: Analysis, tenant: int, ports: Ports) -> Appointment | None:
    """What earlier mails said of the appointment that this one speaks of; None where it has no calendar object, or it is the first."""
    return await ports.store.appointment(tenant, analysis.original.uid) if analysis.original else None


async def plan_for(
    analysis: Analysis, recipients: tuple[Recipient, ...], directory: Directory, ports: Ports, house: House, known: Appointment | None = None
) -> Plan:
    """Ask the policies about every recipient and the keyring about every client, then plan all copies at once (law 4)."""
    readings: dict[Recipient, Reading | None] = {}
    courses = []
    for r in recipients:
        readings[r] = reading = analysis.reading(context_for(r, directory.coach, house.places, house.approved_links))
        if reading is not None:
            readings[r], course = with_memory(reading, known, str(r.forward_path.mailbox).lower())
            courses += [(r, course.value)] if course else []
    verdicts = [v for r, reading in readings.items() for v in decide(r, kinds_of(analysis, reading), house.ruleset)]
    now = ports.clock.now()
    keys: dict[str, KeyState] = {c.id: await ports.keyring.state(c, now) for c in {r.client for r in recipients if r.client}}
    return replace(make_plan(analysis, readings, verdicts, keys, directory), courses=tuple(courses))
