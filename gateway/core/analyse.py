"""The whole reading of one message as a pure function: parse, classify, recognise, calendar. This is what a reading process runs.

It decides nothing and keeps no octets. Content never raises; the time it takes is bounded by the limits of `parse`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from gateway.core import header_section
from gateway.core.calendar import with_calendar
from gateway.core.calendar.original import original_of
from gateway.core.classify import classify
from gateway.core.links import links_in
from gateway.core.model import Analysis, Message, Reading, RecogniserContext, TextBlock
from gateway.core.pack import Packs
from gateway.core.parse import parse
from gateway.core.recognise import recognise

COMMAND_CHARACTERS = 200

Recogniser = Callable[[tuple[TextBlock, ...], RecogniserContext, Packs], Reading]


def analyse(raw: bytes, contexts: tuple[RecogniserContext, ...], packs: Packs, *, command: bool = False, recogniser: Recogniser = recognise) -> Analysis:
    """All that is known of `raw` under each of `contexts`. With `command`, also the first line the author wrote (a reply to a notice)."""
    message = parse(raw)
    blocks, findings = classify(message)
    objects = [part for part in message.parts if part.octets]
    return Analysis(
        findings=findings,
        readings=tuple((context, with_calendar(_with_links(recogniser(blocks, context, packs), blocks, context, packs), objects, context, packs))
                       for context in contexts),
        message_id=message.first("message-id"),
        author_mailboxes=_authors(message),
        part_count=len(message.parts),
        hops=sum(field.name == "received" for field in message.header_section),
        automatic=_is_automatic(message),
        subject=message.first("subject") or "",
        command_text=_command(blocks) if command else "",
        defects=tuple(str(defect) for defect in message.defects),
        original=original_of(objects),
    )


def _with_links(reading: Reading, blocks: tuple[TextBlock, ...], context: RecogniserContext, packs: Packs) -> Reading:
    found = (link for block in blocks for link in links_in(block.text, packs.platforms, context))
    return replace(reading, links=tuple(dict.fromkeys(found)))


def _authors(message: Message) -> tuple[str, ...]:
    """Every address of every From (RFC 5322 section 3.6.2), domain in lower case; one that cannot be read is "", which is nobody's.

    Not of Sender: a calendar service or an assistant's program names itself there, and no copy carries it.
    """
    found = [address for field in message.header_section if field.name == "from" for address in header_section.addresses(field.body)]
    split = [address.addr_spec.rpartition("@") for address in found]
    return tuple(dict.fromkeys(f"{local}{at}{domain.lower()}" for local, at, domain in split))


def _is_automatic(message: Message) -> bool:
    """RFC 3834 section 5 and RFC 2919: written by a program or sent to a list."""
    submitted = (message.first("auto-submitted") or "no").partition(";")[0].strip().lower()
    precedence = (message.first("precedence") or "").strip().lower()
    return submitted != "no" or precedence in ("bulk", "list", "junk") or message.first("list-id") is not None


def _command(blocks: tuple[TextBlock, ...]) -> str:
    """The first line of the text that is neither empty nor quoted."""
    body = next((block.text for block in blocks if block.source != "subject"), "")
    lines = (re.sub(r"\s+", " ", line).strip() for line in body.split("\n"))
    return next((line for line in lines if line and not line.startswith((">", "|"))), "")[:COMMAND_CHARACTERS]
