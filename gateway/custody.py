"""What one submission leaves behind, as one value that the store commits whole: copies, held items, notices, audit events (law 3)."""

from __future__ import annotations

import hashlib

from gateway.copies import Workshop
from gateway.core.appointment import Appointment
from gateway.core.calendar.life import SILENT, Course, remembered
from gateway.core.invitation import ANSWERS
from gateway.core.model import AuditEvent, Copy, HeldItem, Hold, Outgoing, Plan, Purpose
from gateway.core.notice import held_notice
from gateway.ports import Custody, Hash, HeldDeposit

_EVENT = {Purpose.COMPANY: "company-copy", Purpose.PRIVATE: "private-copy", Purpose.RAW: "raw-copy"}


def custody_of(plan: Plan, outgoing: tuple[Outgoing, ...], key: Hash, w: Workshop) -> Custody:
    """Everything to be kept of one submission; `outgoing` are the finished copies of `plan`, in its order."""
    ids, envelope = w.ports.ids, w.submission.envelope
    submission_id = ids.new()
    told = {c.recipient.path for c in plan.copies if c.purpose is Purpose.COMPANY}
    deposits, notices = [], []
    for hold in plan.holds:
        item, token = _item(hold, w), ids.new()[:26]  # 104 bits, and short: it must fit into a local part of 64 octets beside the coach's own
        deposits.append(HeldDeposit(item, hashlib.sha256(token.encode()).digest()))
        notices.append(_notice(item, token, hold.recipient.path in told, w))
    events = (
        AuditEvent(
            "accepted", submission_id, None, (("octets", str(len(w.submission.raw))), ("user", envelope.login), ("ruleset", w.house.ruleset.digest[:16]))
        ),
        *(_copy_event(submission_id, c, o, w) for c, o in zip(plan.copies, outgoing, strict=True)),
        *(_hold_event(submission_id, h, d.item, w) for h, d in zip(plan.holds, deposits, strict=True)),
        *_course_events(submission_id, plan),
    )
    told_links = [(c, link) for c in plan.copies if c.purpose is Purpose.COMPANY and c.reading for link in c.reading.remarkable_links]
    links = dict.fromkeys((f"link {link.code}", c.recipient.path) for c, link in told_links)
    summary = (*((c.purpose.value, c.recipient.path) for c in plan.copies), *links)
    return Custody(
        submission_id=submission_id,
        tenant=envelope.tenant,
        key=key,
        at=w.ports.clock.now(),
        outgoing=(*outgoing, *notices),
        held=tuple(deposits),
        events=events,
        # the coach need not be told of a mail that went as she wrote it; she is told where the gateway chose otherwise
        untold=any(c.purpose is not Purpose.RAW for c in plan.copies),
        summary=summary,
        message_id=w.analysis.message_id or "",
        appointments=appointments_of(plan, w),
    )


def appointments_of(plan: Plan, w: Workshop) -> tuple[Appointment, ...]:
    """What is to be remembered of the calendar objects that leave with `plan`, one for each recipient; of an answer nothing."""
    original = w.analysis.original
    told = ((c, c.reading) for c in plan.copies if c.purpose is Purpose.COMPANY and c.reading is not None)
    return tuple(
        remembered(original, w.house.uid_key, r.language, str(c.recipient.mailbox).lower(), c.client.id if c.client else None, r.invitation)
        for c, r in told
        if original is not None and r.invitation is not None and r.invitation.method not in ANSWERS
    )


def _course_events(submission_id: str, plan: Plan) -> list[AuditEvent]:
    """What the calendar object was in the life of its appointment, for each who would get it."""
    word = {course: "appointment-silent" if course in SILENT else "appointment" for course in Course}
    return [
        AuditEvent(
            word[Course(course)],
            submission_id,
            recipient.client.id if recipient.client else None,
            (("role", recipient.role.value), ("recipient", recipient.forward_path.path), ("reason", course)),  # the store writes the recipient's pseudonym
        )
        for recipient, course in plan.courses
    ]


def _item(hold: Hold, w: Workshop) -> HeldItem:
    envelope = w.submission.envelope
    return HeldItem(
        id=w.ports.ids.new(),
        tenant=envelope.tenant,
        recipient=hold.recipient,
        role=hold.role,
        client_id=hold.client.id if hold.client else None,
        reason=hold.reason,
        since=w.submission.received_at,
        part_count=w.analysis.part_count,
        login=envelope.login,
        reverse_path=str(envelope.reverse_path or ""),
        raw=w.submission.raw,
    )


def _notice(item: HeldItem, token: str, told: bool, w: Workshop) -> Outgoing:
    coach = w.directory.coach
    return w.house.notice(w.ports.ids.new(), coach, w.ports.clock.now(), lambda stamp: held_notice(item, token, coach, stamp, told=told))


def _copy_event(submission_id: str, copy: Copy, outgoing: Outgoing, w: Workshop) -> AuditEvent:
    # a private copy that nobody addressed was meant for the company: that is what "diverted" says
    addressed = {p.path for p in w.submission.envelope.forward_paths}
    diverted = copy.purpose is Purpose.PRIVATE and copy.recipient.path not in addressed
    detail: tuple[tuple[str, str], ...] = (
        ("copy", outgoing.id),
        ("purpose", copy.purpose.value),
        ("role", copy.role.value),
        ("recipient", copy.recipient.path),  # the store writes its pseudonym
        ("rules", ",".join(copy.rule_ids)),
    )
    if copy.purpose is Purpose.COMPANY and copy.reading and copy.reading.links:
        detail = (*detail, ("links", ",".join(dict.fromkeys(link.code for link in copy.reading.links))))
    return AuditEvent("diverted" if diverted else _EVENT[copy.purpose], submission_id, outgoing.client_id, detail)


def _hold_event(submission_id: str, hold: Hold, item: HeldItem, w: Workshop) -> AuditEvent:
    detail = (
        ("held", item.id),
        ("role", hold.role.value),
        ("recipient", hold.recipient.path),  # the store writes its pseudonym
        ("reason", hold.reason),
        ("kinds", ",".join(sorted(hold.kinds))),
        ("rules", ",".join(hold.rule_ids)),
    )
    return AuditEvent("held", submission_id, item.client_id, detail)
