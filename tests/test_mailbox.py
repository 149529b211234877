"""The stories of the coach's mailbox, every crash point of the outbox among them. Real reading, policies and packs; mailbox, store and sealer in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage

import pytest

from gateway.answers import accept
from gateway.core.loop import stamp
from gateway.core.model import Receipt, Submission
from gateway.core.notice import reply_mailbox
from gateway.errors import GatewayError, Looping, MailboxUnavailable, StoreUnavailable
from gateway.house import Ports
from gateway.mailbox import MailboxWatch
from gateway.outbox import FolderNames, Outbox
from gateway.sent_watch import SentWatch
from tests.e2e.stage import COACH, mail
from tests.fakes.clock import CountingIds, FixedClock
from tests.fakes.folders import FakeFolders
from tests.fakes.keyring import FakeKeyring
from tests.fakes.sealer import FakeSealer
from tests.fakes.store import FakeStore
from tests.test_teaching import HOUSE, MILO, ROBIN, HereReader

OUT, SENT, HELD = "Gateway/Outbox", "Gateway/Sent", "Gateway/Held"
MEET, NOTES = "We meet on Tuesday at 10:00.\n", "What you said about the quokka stays with me.\n"
WORK = "milo@beta.example"


@dataclass
class Desk:
    """Everything one mailbox has to do with."""

    clock: FixedClock
    store: FakeStore
    folders: FakeFolders
    outbox: Outbox
    sent: SentWatch
    watch: MailboxWatch
    accepted: list[Submission] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)  # raised by the next calls of `accept`, one each
    room: int = 10**9

    def events(self, word: str) -> int:
        return sum(entry.row.event == word for entry in self.store.log[1])

    def notices(self, word: str) -> list[bytes]:
        return [k.outgoing.octets for k in self.store.copies.values() if word.encode() in k.outgoing.octets]


@pytest.fixture
async def desk() -> Desk:
    clock = FixedClock()
    store, folders, wake = FakeStore(clock), FakeFolders(), asyncio.Event()
    await store.put_coach(1, ROBIN)
    await store.put_client(1, MILO)
    ports = Ports(clock, CountingIds(), HereReader(), FakeKeyring(), FakeSealer(), store)

    async def take(submission: Submission) -> Receipt:
        if desk.trouble:
            raise desk.trouble.pop(0)
        receipt = await accept(submission, ports, HOUSE)
        if not receipt.repeated:
            desk.accepted.append(submission)
        return receipt

    outbox = Outbox(1, FolderNames(OUT, SENT, HELD), folders, ports, HOUSE, store, take, lambda: desk.room, 4000, 5)
    sent = SentWatch(1, OUT, folders, ports, HOUSE, store, wake, 4000)
    desk = Desk(clock, store, folders, outbox, sent, MailboxWatch(outbox, sent, wake, 5))
    await folders.open((OUT, SENT, HELD))
    return desk


# ------------------------------------------------------------------------------------------------ the outbox
async def test_a_message_is_taken_marked_and_moved(desk: Desk) -> None:
    desk.folders.put(OUT, mail(MEET, to=WORK))
    await desk.outbox.look()
    await desk.outbox.look()
    assert len(desk.accepted) == 1
    assert desk.accepted[0].envelope.login == "mailbox"
    assert desk.accepted[0].envelope.login_role == ""
    assert [len(desk.folders.folder_of(f)) for f in (OUT, SENT, HELD)] == [0, 1, 0]


def breaks_at(desk: Desk, where: Callable[..., Awaitable[object]], name: str, on: object) -> None:
    """The next call of `on.name` breaks off as a crash would; the one after works."""

    async def broken(*args: object, **options: object) -> None:
        setattr(on, name, where)
        raise MailboxUnavailable("closed")

    setattr(on, name, broken)


@pytest.mark.parametrize("point", ["before the commit", "before the mark", "before the move"])
async def test_no_crash_loses_or_doubles(desk: Desk, point: str) -> None:
    """Wherever it breaks off, the next look finds the message and finishes, and custody is taken once."""
    desk.folders.put(OUT, mail(MEET, to=WORK))
    match point:
        case "before the commit":
            breaks_at(desk, desk.folders.message, "message", desk.folders)
        case "before the mark":
            breaks_at(desk, desk.store.advance, "advance", desk.store)
        case "before the move":
            breaks_at(desk, desk.folders.move, "move", desk.folders)
    with pytest.raises(MailboxUnavailable):
        await desk.outbox.look()
    assert len(desk.folders.folder_of(OUT)) == 1
    await desk.folders.open((OUT,))
    await desk.outbox.look()
    assert len(desk.accepted) == 1
    assert [len(desk.folders.folder_of(f)) for f in (OUT, SENT)] == [0, 1]


async def test_what_was_marked_is_known_however_late(desk: Desk) -> None:
    """The submission key lasts a day; a provider may be away for longer."""
    desk.folders.put(OUT, mail(MEET, to=WORK))
    breaks_at(desk, desk.folders.move, "move", desk.folders)
    with pytest.raises(MailboxUnavailable):
        await desk.outbox.look()
    desk.clock.advance(days=30)
    await desk.folders.open((OUT,))
    await desk.outbox.look()
    assert len(desk.accepted) == 1
    assert len(desk.folders.folder_of(SENT)) == 1


async def test_a_mark_means_nothing_once_the_folder_is_numbered_anew(desk: Desk) -> None:
    """Another message has that number now, and must not be taken for sent; the same one is known by its key."""
    same, other = mail(MEET, to=WORK), mail(MEET, to=WORK)
    desk.folders.put(OUT, same)
    breaks_at(desk, desk.folders.move, "move", desk.folders)
    with pytest.raises(MailboxUnavailable):
        await desk.outbox.look()
    del desk.folders.folders[OUT]
    await desk.folders.open((OUT,))
    desk.folders.folders[OUT].uidvalidity = 2
    desk.folders.put(OUT, other, same)
    await desk.outbox.look()
    assert [s.raw for s in desk.accepted] == [same, other]
    assert len(desk.folders.folder_of(SENT)) == 2


@pytest.mark.parametrize("error", [StoreUnavailable(), RuntimeError("quokka")])
async def test_what_cannot_be_taken_now_waits_and_holds_up_nobody(desk: Desk, error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """A temporary failure and a bug alike; it is tried again after a pause, not at once."""
    first, second = mail(MEET, to=WORK), mail("We meet on Friday at 11:00.\n", to=WORK)
    desk.trouble.append(error)
    desk.folders.put(OUT, first, second)
    await desk.outbox.look()
    await desk.outbox.look()
    assert [s.raw for s in desk.accepted] == [second]
    assert desk.folders.folder_of(OUT) == [first]
    desk.clock.advance(seconds=31)
    await desk.outbox.look()
    assert [s.raw for s in desk.accepted] == [second, first]
    assert "quokka" not in caplog.text


async def test_pauses_grow(desk: Desk) -> None:
    """A message that never can be taken is not tried every few seconds."""
    desk.trouble += [StoreUnavailable()] * 4
    desk.folders.put(OUT, mail(MEET, to=WORK))
    tries = []
    for _ in range(400):
        before = len(desk.trouble)
        await desk.outbox.look()
        if len(desk.trouble) < before:
            tries.append(desk.clock.now())
        desk.clock.advance(seconds=1)
    pauses = [b - a for a, b in zip(tries, tries[1:], strict=False)]
    assert pauses == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]


async def test_without_room_on_the_disk_the_message_stays(desk: Desk) -> None:
    desk.folders.put(OUT, mail(MEET, to=WORK))
    desk.room = 10
    await desk.outbox.look()
    assert len(desk.folders.folder_of(OUT)) == 1
    desk.room = 10**6
    await desk.outbox.look()
    assert len(desk.folders.folder_of(SENT)) == 1


async def test_one_that_is_too_large_is_refused_unread(desk: Desk) -> None:
    """Memory stays bounded whatever lies in the folder."""
    desk.folders.put(OUT, mail("x" * 70 * 100, to=WORK))
    await desk.outbox.look()
    assert "message" not in desk.folders.calls
    assert len(desk.folders.folder_of(HELD)) == 2
    assert desk.events("refused-size") == 1


async def test_an_explanation_is_given_once(desk: Desk) -> None:
    """Also where it broke off between the explanation and the move."""
    desk.folders.put(OUT, mail(MEET, to=""))
    breaks_at(desk, desk.folders.move, "move", desk.folders)
    with pytest.raises(MailboxUnavailable):
        await desk.outbox.look()
    await desk.folders.open((OUT,))
    await desk.outbox.look()
    assert sum(b"names no recipient" in octets for octets in desk.folders.folder_of(HELD)) == 1
    assert len(desk.folders.folder_of(HELD)) == 2


@pytest.mark.parametrize(("error", "said"), [(Looping(), b"been through the gateway"), (GatewayError(), b"")])
async def test_a_refusal_of_the_pipeline_is_explained_and_anything_else_waits(desk: Desk, error: Exception, said: bytes) -> None:
    desk.trouble.append(error)
    desk.folders.put(OUT, mail(MEET, to=WORK))
    await desk.outbox.look()
    held = desk.folders.folder_of(HELD)
    assert any(said in octets for octets in held) if said else held == []


async def test_the_gateways_own_mail_is_not_sent_again(desk: Desk) -> None:
    """Its mark in the Message-ID says so."""
    raw = mail(MEET, to=WORK)
    own = raw.replace(raw.partition(b"Message-ID: ")[2].partition(b"\r\n")[0], stamp("a" * 32, "coach.example", HOUSE.loop_key).encode())
    desk.folders.put(OUT, own)
    await desk.outbox.look()
    assert desk.accepted == []
    assert len(desk.folders.folder_of(HELD)) == 2


async def test_an_answer_to_a_notice_is_not_taken_from_the_folder(desk: Desk) -> None:
    """An assistant may have the mailbox too, and only the coach may release."""
    desk.folders.put(OUT, mail("discard\n", to=str(reply_mailbox(ROBIN.addresses[0], "k" * 26))))
    await desk.outbox.look()
    assert desk.accepted == []
    assert any(b"answers a notice" in octets for octets in desk.folders.folder_of(HELD))


async def test_one_that_vanishes_while_it_is_read_is_no_error(desk: Desk) -> None:
    """The coach took it back."""
    desk.folders.put(OUT, mail(MEET, to=WORK), mail(MEET, to=WORK))

    async def gone(folder: str, uid: int) -> None:
        return None

    whole, desk.folders.message = desk.folders.message, gone  # type: ignore[method-assign]
    await desk.outbox.look()
    assert desk.accepted == []
    desk.folders.message, desk.folders.head = whole, gone  # type: ignore[method-assign]
    await desk.outbox.look()
    assert desk.accepted == []


# ------------------------------------------------------------------------------------------------ sent mail
async def looked_over(desk: Desk, *messages: bytes) -> None:
    """`messages` come into the Sent folder after the first look, and it is looked over twice."""
    await desk.sent.look("Sent")
    desk.folders.put("Sent", *messages)
    await desk.sent.look("Sent")
    await desk.sent.look("Sent")


async def test_what_lay_there_before_is_not_judged(desk: Desk) -> None:
    """The watch begins when it is switched on."""
    desk.folders.put("Sent", mail(NOTES, to=WORK))
    for _ in range(3):
        await desk.sent.look("Sent")
    assert desk.events("bypass") == 0


async def test_a_bypass_is_told_once_at_the_second_look(desk: Desk) -> None:
    """The first leaves time to a program that files before it hands in."""
    await desk.sent.look("Sent")
    desk.folders.put("Sent", mail(NOTES, to=WORK), mail(MEET, to=WORK))
    await desk.sent.look("Sent")
    assert desk.events("bypass") == 0
    for _ in range(3):
        await desk.sent.look("Sent")
    assert desk.events("bypass") == 1
    (notice,) = desk.notices("went round the gateway")
    assert b"quokka" not in notice
    assert desk.sent.wake.is_set()
    assert await desk.store.cursor(1, "Sent") is not None


async def test_one_handed_in_after_it_was_filed_is_no_bypass(desk: Desk) -> None:
    await desk.sent.look("Sent")
    raw = mail(NOTES, to=WORK)
    desk.folders.put("Sent", raw)
    await desk.sent.look("Sent")
    desk.folders.put(OUT, raw)
    await desk.outbox.look()
    await desk.sent.look("Sent")
    assert desk.events("bypass") == 0


async def test_each_of_several_is_told_though_others_come_between(desk: Desk) -> None:
    """The place in the folder never moves past one that waits for its second look."""
    await desk.sent.look("Sent")
    for _ in range(4):
        desk.folders.put("Sent", mail(NOTES, to=WORK), mail(MEET, to=WORK))
        await desk.sent.look("Sent")
    await desk.sent.look("Sent")
    await desk.sent.look("Sent")
    assert desk.events("bypass") == 4
    assert desk.sent._seen == set()


async def test_a_restart_between_the_looks_tells_all_the_same(desk: Desk) -> None:
    await desk.sent.look("Sent")
    desk.folders.put("Sent", mail(NOTES, to=WORK))
    await desk.sent.look("Sent")
    desk.sent._seen.clear()  # what a new process knows
    await desk.sent.look("Sent")
    await desk.sent.look("Sent")
    assert desk.events("bypass") == 1


def without_id(text: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = COACH, WORK
    message.set_content(text)
    return message.as_bytes().replace(b"\n", b"\r\n")


async def test_one_without_a_message_id_is_told_once_after_a_change_of_numbers_too(desk: Desk) -> None:
    raw = without_id(NOTES)
    await looked_over(desk, raw)
    assert desk.events("bypass") == 1
    desk.folders.folders["Sent"].uidvalidity = 9
    await desk.folders.open(())
    await desk.sent.look("Sent")
    await desk.sent.look("Sent")
    assert desk.events("bypass") == 1


async def test_one_that_is_too_large_to_read_counts_as_unreadable(desk: Desk) -> None:
    await looked_over(desk, mail("x" * 70 * 100, to=WORK))
    (notice,) = desk.notices("went round the gateway")
    assert b"cannot be read" in notice
    assert "message" not in desk.folders.calls


async def test_one_that_vanishes_is_not_told(desk: Desk) -> None:
    """She erased it before the second look."""
    await desk.sent.look("Sent")
    desk.folders.put("Sent", mail(NOTES, to=WORK))
    await desk.sent.look("Sent")
    desk.folders.folders["Sent"].messages.clear()
    await desk.sent.look("Sent")
    assert desk.events("bypass") == 0


# ------------------------------------------------------------------------------------------------ for as long as the daemon runs
async def test_a_refused_login_is_told_at_once_and_once(desk: Desk) -> None:
    """The state says so, the log has it, pauses grow up to a quarter of an hour."""
    desk.folders.trouble = "login"
    pauses = [await desk.watch._until_trouble() for _ in range(12)]
    assert pauses[:3] == [5.0, 10.0, 20.0]
    assert pauses[-1] == 900.0
    assert (await desk.store.mailbox_state(1) or ("",))[0] == "login"
    assert len(desk.notices("The login was refused")) == 1
    assert desk.events("mailbox-lost") == 1


async def test_a_broken_line_is_no_news_and_a_long_absence_is(desk: Desk) -> None:
    desk.folders.trouble = "connect"
    assert await desk.watch._until_trouble() == 1.0
    assert await desk.store.mailbox_state(1) is None
    for _ in range(3):
        await desk.watch._until_trouble()
    assert (await desk.store.mailbox_state(1) or ("",))[0] == "connect"
    assert desk.notices("cannot read your mailbox") == []
    desk.clock.advance(minutes=16)
    await desk.watch._until_trouble()
    await desk.watch._until_trouble()
    assert len(desk.notices("cannot be reached")) == 1


async def test_once_it_can_be_read_again_all_is_forgotten(desk: Desk) -> None:
    desk.folders.trouble = "login"
    await desk.watch._until_trouble()
    desk.folders.trouble = ""
    working = asyncio.create_task(desk.watch.run())
    async with asyncio.timeout(20):
        while (await desk.store.mailbox_state(1) or ("",))[0] != "watched":
            await asyncio.sleep(0)
    assert desk.watch._failures == 0
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert desk.folders.trouble == "closed", "cancelled, it hangs up"


async def test_a_store_that_is_away_ends_no_watch(desk: Desk) -> None:
    desk.store.unavailable = True
    desk.folders.put(OUT, mail(MEET, to=WORK))
    assert await desk.watch._until_trouble() == 1.0
    desk.folders.trouble = "login"
    assert await desk.watch._until_trouble() == 10.0
    assert len(desk.folders.folders[OUT].messages) == 1


async def test_a_fault_in_judging_sent_mail_does_not_keep_what_is_to_be_sent(desk: Desk) -> None:
    async def faulty(folder: str) -> None:
        raise RuntimeError("quokka")

    desk.watch.sent = type("Faulty", (), {"look": staticmethod(faulty)})()  # type: ignore[assignment]
    desk.folders.put(OUT, mail(MEET, to=WORK))
    working = asyncio.create_task(desk.watch.run())
    async with asyncio.timeout(20):
        while not desk.accepted:
            await asyncio.sleep(0)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
