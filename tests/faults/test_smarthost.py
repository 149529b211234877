"""Every stage of the way out times everything a smarthost can do there: the right result, no octet of mail or password before TLS, in bounded time."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest

from gateway.edges.relay import Password, RelaySettings, SmtpRelay, Timeouts
from gateway.ports import Delivery, Result
from tests.fakes.relay import copy_for
from tests.fakes.smarthost import Authority, Close, Drip, Flood, Reply, Reset, Silence, Smarthost, Step

SHORT = Timeouts(connect=0.4, command=0.4, data=0.4, block=0.4, dot=0.4)
BOUND = 10.0  # seconds for any case: a few of the time-outs above on a busy machine, and far below "for ever"
USER, PASSWORD = "coach", "correct horse"
CANARY = b"she-told-me-about-her-mother"
OCTETS = b"Subject: x\r\n\r\n" + CANARY + b"\r\n"

STAGES = ("banner", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "dot")
OWN_WORD = {"banner": "220", "ehlo": "250", "starttls": "220", "auth": "334", "mail": "250", "rcpt": "250", "data": "354", "dot": "250"}
FAULTS: dict[str, Step] = {
    "4xx": Reply("451 4.3.0 please wait, secret prose"),
    "421": Reply("421 4.3.2 going down", then_close=True),
    "5xx": Reply("554 5.7.1 never, secret prose"),
    "close": Close(),
    "reset": Reset(),
    "silence": Silence(),
    "drip": Drip(),
    "flood": Flood(),
    "garbage": Reply("what is this"),
    "no such code": Reply("999 9.9.9 what is this"),
}


def expected(stage: str, fault: str) -> Result:
    """The rule in one place: what is not about the copy defers; a clear no fails it; after the dot whatever is no clear answer is unclear."""
    if fault in ("4xx", "421") or stage in ("banner", "ehlo", "starttls", "auth"):
        return Result.DEFERRED
    if fault == "5xx":
        return Result.FAILED
    return Result.UNCLEAR if stage == "dot" else Result.DEFERRED


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def settings(port: int, authority: Authority, **more: object) -> RelaySettings:
    fields = {"tls": "starttls", "ca_file": authority.file, "auth": Password(USER, PASSWORD), "timeouts": SHORT} | more
    return RelaySettings("127.0.0.1", port, **fields)  # type: ignore[arg-type]


def assert_nothing_in_clear(hop: Smarthost) -> None:
    for secret in (CANARY, PASSWORD.encode(), b"AUTH", b"MAIL", b"DATA", base64.b64encode(f"\0{USER}\0{PASSWORD}".encode())):
        assert secret not in hop.clear


async def send_one(relay: SmtpRelay, octets: bytes = OCTETS) -> tuple[Delivery, float]:
    began = time.monotonic()
    try:
        return await relay.send(copy_for(octets=octets)), time.monotonic() - began
    finally:
        await relay.close()


def scripted(stage: str, fault: str) -> Step:
    """The fault with the stage's own reply code, so that a drip or a flood is one in good form."""
    step = FAULTS[fault]
    if isinstance(step, Drip | Flood):
        return type(step)(OWN_WORD[stage])
    return step


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("stage", STAGES)
async def test_each_fault_at_each_stage(stage: str, fault: str, authority: Authority) -> None:
    async with Smarthost(script={stage: scripted(stage, fault)}, tls="starttls", context=authority.server(), auth="PLAIN", accepts=(USER, PASSWORD)) as hop:
        delivery, took = await send_one(SmtpRelay(settings(hop.port, authority)))
        await hop.deserted()
    assert delivery.result is expected(stage, fault), delivery
    assert took < BOUND
    assert hop.mail == []
    assert "prose" not in delivery.reply
    assert "what" not in delivery.reply
    assert_nothing_in_clear(hop)


@pytest.mark.parametrize(
    ("stage", "fault", "reply"),
    [
        ("banner", "5xx", "554 5.7.1"),
        ("ehlo", "4xx", "451 4.3.0"),
        ("starttls", "5xx", "554 5.7.1"),
        ("auth", "5xx", "auth:554/5.7.1"),
        ("auth", "4xx", "auth:451/4.3.0"),
        ("rcpt", "5xx", "554 5.7.1"),
        ("dot", "4xx", "451 4.3.0"),
        ("mail", "close", "closed"),
        ("banner", "reset", "closed"),
        ("banner", "silence", "timeout"),
        ("data", "drip", "timeout"),
        ("dot", "silence", "timeout"),
        ("dot", "reset", "closed"),
        ("dot", "garbage", "protocol"),
        ("rcpt", "flood", "protocol"),
    ],
)
async def test_the_record_says_what_happened_in_codes(stage: str, fault: str, reply: str, authority: Authority) -> None:
    async with Smarthost(script={stage: scripted(stage, fault)}, tls="starttls", context=authority.server(), auth="PLAIN", accepts=(USER, PASSWORD)) as hop:
        delivery, _ = await send_one(SmtpRelay(settings(hop.port, authority)))
    assert delivery.reply == reply


@pytest.mark.parametrize("step", [Close(), Reset(), Silence()], ids=["close", "reset", "silence"])
async def test_a_line_cut_early_in_a_long_copy_is_no_doubt(step: Step, authority: Authority) -> None:
    """The dot leaves after the octets: lost in the middle of 16 MB is deferred, not unclear."""
    octets = b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * 230_000
    async with Smarthost(script={"block": step}, tls="starttls", context=authority.server(), auth="PLAIN", accepts=(USER, PASSWORD)) as hop:
        if isinstance(step, Silence):
            hop.silent_without_reading = True
        delivery, took = await send_one(SmtpRelay(settings(hop.port, authority)), octets)
    assert delivery.result is Result.DEFERRED
    assert took < BOUND


async def test_a_refusal_in_the_middle_of_the_octets_is_heard(authority: Authority) -> None:
    octets = b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * 230_000
    script = {"block": Reply("552 5.3.4 too much", then_close=True)}
    async with Smarthost(script=script, tls="starttls", context=authority.server(), auth="PLAIN", accepts=(USER, PASSWORD)) as hop:
        delivery, _ = await send_one(SmtpRelay(settings(hop.port, authority)), octets)
    assert delivery == Delivery(Result.FAILED, "552 5.3.4")


async def test_a_refusal_in_the_middle_is_heard_though_the_peer_reads_on(authority: Authority) -> None:
    octets = b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * 230_000
    script = {"block": [Reply("452 4.3.1 disk full")]}
    async with Smarthost(script=script, tls="starttls", context=authority.server(), auth="PLAIN", accepts=(USER, PASSWORD)) as hop:
        delivery, _ = await send_one(SmtpRelay(settings(hop.port, authority)), octets)
    assert delivery == Delivery(Result.DEFERRED, "452 4.3.1")
    assert hop.mail == []


@pytest.mark.parametrize("stage", ["rset", "quit"])
@pytest.mark.parametrize("step", [Close(), Silence(), Reply("500 what?"), Reset()], ids=["close", "silence", "5xx", "reset"])
async def test_trouble_after_the_verdict_does_not_change_it(stage: str, step: Step, authority: Authority) -> None:
    """RSET after a refusal, or QUIT, may fail as they like; the next copy goes out on a connection that is in step."""
    script = {stage: [step], "rcpt": [Reply("550 5.1.1 no")]}
    async with Smarthost(script=script, tls="starttls", context=authority.server(), auth="PLAIN", accepts=(USER, PASSWORD)) as hop:
        relay = SmtpRelay(settings(hop.port, authority))
        assert await relay.send(copy_for(octets=OCTETS)) == Delivery(Result.FAILED, "550 5.1.1")
        assert (await relay.send(copy_for(octets=OCTETS))).result is Result.DELIVERED
        await relay.close()
        await hop.deserted()
    assert hop.mail[0].octets == OCTETS


# ------------------------------------------------------------------------------------------------ TLS
async def test_starttls_that_is_not_offered_ends_the_conversation(authority: Authority) -> None:
    async with Smarthost(tls="starttls", context=authority.server(), offer_starttls=False, auth="PLAIN", accepts=(USER, PASSWORD)) as hop:
        delivery, _ = await send_one(SmtpRelay(settings(hop.port, authority)))
    assert delivery == Delivery(Result.DEFERRED, "no-starttls")
    assert_nothing_in_clear(hop)
    assert hop.mail == []


async def test_454_to_starttls_defers(authority: Authority) -> None:
    async with Smarthost(script={"starttls": Reply("454 4.7.0 no entropy")}, tls="starttls", context=authority.server(), auth="PLAIN") as hop:
        delivery, _ = await send_one(SmtpRelay(settings(hop.port, authority)))
    assert delivery == Delivery(Result.DEFERRED, "454 4.7.0")
    assert_nothing_in_clear(hop)


async def test_words_slipped_in_behind_the_starttls_reply_are_forgotten(authority: Authority) -> None:
    """RFC 3207 section 4.2 and the STARTTLS command injection of 2011: the smuggled EHLO answer must not turn AUTH off or the size up."""
    async with Smarthost(tls="starttls", context=authority.server(), auth="PLAIN", accepts=(USER, PASSWORD)) as hop:
        hop.script["starttls"] = Reply("220 2.0.0 go on\r\n250-hop.example\r\n250 SIZE 1")
        delivery, _ = await send_one(SmtpRelay(settings(hop.port, authority)))
    assert delivery.result is Result.DELIVERED
    assert_nothing_in_clear(hop)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("fault", ["wrong name", "expired", "unknown authority", "no TLS at all"])
async def test_a_certificate_that_does_not_check_out_gets_nothing(tls: str, fault: str, authority: Authority, tmp_path: Path) -> None:
    context = {
        "wrong name": lambda: authority.server("other.example"),
        "expired": lambda: authority.server(expired=True),
        "unknown authority": lambda: Authority(tmp_path).server(),
        "no TLS at all": lambda: authority.server(),
    }[fault]()
    server_tls = "none" if fault == "no TLS at all" else tls
    async with Smarthost(tls=server_tls, context=context, auth="PLAIN", accepts=(USER, PASSWORD)) as hop:  # type: ignore[arg-type]
        delivery, took = await send_one(SmtpRelay(settings(hop.port, authority, tls=tls)))
    assert delivery.result is Result.DEFERRED
    if fault != "no TLS at all":
        assert delivery.reply == "tls"
    assert took < BOUND
    assert hop.mail == []
    assert_nothing_in_clear(hop)


async def test_without_a_ca_file_the_machine_s_authorities_count_and_ours_is_none_of_them(authority: Authority) -> None:
    async with Smarthost(tls="implicit", context=authority.server(), auth="PLAIN", accepts=(USER, PASSWORD)) as hop:
        delivery, _ = await send_one(SmtpRelay(settings(hop.port, authority, tls="implicit", ca_file=None)))
    assert delivery == Delivery(Result.DEFERRED, "tls")


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_peer_silent_within_the_handshake_is_left(tls: str, authority: Authority) -> None:
    """A server that says 220 to STARTTLS, or accepts the connection, and then never shakes hands."""
    script = {"starttls": [Reply("220 go on"), Silence()], "banner": Silence()} if tls == "implicit" else {"starttls": Reply("220 go on\r\n")}
    async with Smarthost(script=script, tls="none", auth="PLAIN") as hop:
        hop.extensions = ("STARTTLS",)
        hop.mute_after_starttls = True
        delivery, took = await send_one(SmtpRelay(settings(hop.port, authority, tls=tls)))
    assert delivery.result is Result.DEFERRED
    assert delivery.reply == "timeout"
    assert took < BOUND
    assert_nothing_in_clear(hop)


# ------------------------------------------------------------------------------------------------ nobody there
async def test_nobody_listens(authority: Authority) -> None:
    async with Smarthost() as hop:
        port = hop.port
    delivery, _ = await send_one(SmtpRelay(settings(port, authority)))
    assert delivery == Delivery(Result.DEFERRED, "connect")


async def test_a_name_that_does_not_exist(authority: Authority) -> None:
    relay = SmtpRelay(RelaySettings("nowhere.invalid", 587, ca_file=authority.file, timeouts=SHORT))
    delivery, took = await send_one(relay)
    assert delivery.result is Result.DEFERRED
    assert delivery.reply in ("connect", "timeout")
    assert took < BOUND
