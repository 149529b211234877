"""The coach answers a notice: her reply, sent through submission to the one-time address in it, says what becomes of a held item.

The token proves that the reply belongs to a notice; the login proves that it is the coach. A From field proves nothing and is not asked.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from gateway import release as story
from gateway.core.model import AuditEvent, Contact, ForwardPath, HeldItem, Receipt, Role, Submission
from gateway.core.notice import Command, Verb, answer_notice, is_reply_shaped, parse_command, token_of
from gateway.house import House, Ports
from gateway.pipeline import process
from gateway.ports import Custody, Hash


async def accept(submission: Submission, ports: Ports, house: House) -> Receipt:
    """Custody of a submission: the answers in it are carried out, the rest goes through the pipeline."""
    if not any(is_reply_shaped(path.mailbox) for path in submission.envelope.forward_paths):
        return await process(submission, ports, house)
    directory = await ports.store.directory(submission.envelope.tenant)
    tokens = {path: token for path in submission.envelope.forward_paths if (token := token_of(path.mailbox, directory.coach.addresses))}
    if not tokens:
        return await process(submission, ports, house)
    key = house.submission_key(submission)
    if earlier := await ports.store.seen(key):
        return earlier
    others = tuple(p for p in submission.envelope.forward_paths if p not in tokens)
    if others:
        await process(replace(submission, envelope=replace(submission.envelope, forward_paths=others)), ports, house)
    analysis = await ports.reader.read(submission.raw, (), command=True)
    command = parse_command(analysis.command_text)
    told = [(path, *await _carry_out(token, command, submission, ports, house)) for path, token in tokens.items()]
    return await _tell(told, key, submission, ports, house)


async def _carry_out(token: str, command: Command | None, submission: Submission, ports: Ports, house: House) -> tuple[str, HeldItem | None]:
    """One of `notice.ANSWERS`, and the item it is about."""
    item = await ports.store.held_by_token(token)
    if item is None or item.tenant != submission.envelope.tenant or submission.envelope.login_role != "coach":
        return "token-refused", None
    if command is None:
        return "not-understood", item
    whole = await ports.store.held_get(item.id, with_raw=True)
    if whole is None:
        return "token-refused", None
    try:
        return await _obey(command, whole, submission.envelope.login, ports, house), item
    except story.CannotRelease:
        return "not-done", item


async def _obey(command: Command, item: HeldItem, by: str, ports: Ports, house: House) -> str:
    match command.verb:
        case Verb.DIVERT:
            await story.divert(item, by, ports, house)
            return "diverted"
        case Verb.RELEASE:
            await story.release(item, None, by, ports, house)
            return "released"
        case Verb.SEND:
            await story.send_as_is(item, command.code, by, ports, house)
            return "sent-as-is"
        case Verb.DISCARD:
            await story.discard(item, by, ports, house)
            return "discarded"
        case Verb.NOT_A_CLIENT:
            await ports.store.put_contact(item.tenant, Contact(str(item.recipient.mailbox), Role.NOT_A_CLIENT))
            return "resolved" if await story.reconsider(item, ports, house) else "not-done"


async def _tell(told: list[tuple[ForwardPath, str, HeldItem | None]], key: Hash, submission: Submission, ports: Ports, house: House) -> Receipt:
    directory = await ports.store.directory(submission.envelope.tenant)
    submission_id, now, coach = ports.ids.new(), ports.clock.now(), directory.coach
    notices, events = [], []
    for _, answer, item in told:
        about = item.recipient.path if item else ""
        notices.append(house.notice(ports.ids.new(), coach, now, partial(answer_notice, answer, about, coach)))
        if answer == "token-refused":
            events.append(AuditEvent("token-refused", submission_id, None, (("by", submission.envelope.login),)))
    events.append(AuditEvent("notice", submission_id, None, (("count", str(len(notices))),)))
    return await ports.store.commit(Custody(submission_id, submission.envelope.tenant, key, now, tuple(notices), (), tuple(events)))
