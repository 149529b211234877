"""A next hop in memory: `ports.Relay` that keeps what it got and answers as it was told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from gateway.core.model import ForwardPath, Mailbox, Outgoing, Purpose
from gateway.ports import Delivery, Result


class FakeRelay:
    """Answers with `answers` one after another, then delivers. An answer that is an exception is raised (no real relay does that)."""

    def __init__(self, answers: Iterable[Delivery | Exception] = ()) -> None:
        self.sent: list[Outgoing] = []
        self._answers = list(answers)
        self.gate = asyncio.Event()  # closed, it holds every send; open to begin with
        self.gate.set()
        self.begun = asyncio.Semaphore(0)  # one more for each send that began
        self.under_way = 0
        self.most_under_way = 0

    async def send(self, outgoing: Outgoing) -> Delivery:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        self.begun.release()
        try:
            await self.gate.wait()
        finally:
            self.under_way -= 1
        self.sent.append(outgoing)
        answer = self._answers.pop(0) if self._answers else Delivery(Result.DELIVERED, "250 2.0.0")
        if isinstance(answer, Exception):
            raise answer
        return answer


def copy_for(
    path: str = "dana@acme.example",
    octets: bytes = b"Subject: x\r\n\r\nhello\r\n",
    *,
    id: str = "c0ffee01",
    purpose: Purpose = Purpose.COMPANY,
    **more: object,
) -> Outgoing:
    """A finished copy for `path`; `notify`, `orcpt` and every field of `Outgoing` may be given."""
    local_part, _, domain = path.rpartition("@")
    forward_path = ForwardPath(path, Mailbox(local_part, domain), more.pop("notify", None), more.pop("orcpt", None))  # type: ignore[arg-type]
    fields: dict[str, object] = {"reverse_path": "coach@coach.example", "message_id": f"<{id}@coach.example>", "client_id": "c-0001"} | more
    return Outgoing(id=id, purpose=purpose, forward_path=forward_path, octets=octets, **fields)  # type: ignore[arg-type]
