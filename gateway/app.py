"""The composition root: the only file that builds edges and joins them to the stories."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog

from gateway import __version__, answers
from gateway.chores import Chores
from gateway.config import Config
from gateway.core.model import AuditEvent, Envelope, Outgoing, Receipt, Submission
from gateway.core.notice import delivery_notice
from gateway.core.policy import Ruleset, parse_policies
from gateway.core.policy_page import policy_page
from gateway.core.schedule import Patience
from gateway.core.vocabulary import load_packs
from gateway.delivery import Courier
from gateway.edges.allocator import return_large_blocks
from gateway.edges.clock import RandomIds, SystemClock
from gateway.edges.disk import MIB, free_octets
from gateway.edges.keyring import Keyring, coach_fingerprint, create_coach_key
from gateway.edges.log import start_log
from gateway.edges.mailbox import ImapFolders, MailboxSettings
from gateway.edges.passwords import PasswordAccounts
from gateway.edges.reader import WorkerReader
from gateway.edges.relay import Password, RelaySettings, SmtpRelay, Timeouts, Token
from gateway.edges.sealer import Sealer
from gateway.edges.shelf import language_texts, platform_text, policy_texts
from gateway.edges.store import Notary, Store, migrate
from gateway.edges.submission import SubmissionServer, SubmissionSettings
from gateway.edges.systemd import tell_systemd
from gateway.edges.timers import Timers
from gateway.edges.vault import Vault
from gateway.edges.witness import Witness
from gateway.errors import ConfigurationError, GatewayError, StoreUnavailable, failure
from gateway.house import House, Ports
from gateway.mailbox import STOPPED, MailboxWatch
from gateway.outbox import FolderNames, Outbox
from gateway.ports import Delivery, Lease
from gateway.sent_watch import SentWatch

TENANT = 1  # the schema knows several; one configuration file serves one coach
_DRAIN_SECONDS = 20.0
_log = structlog.get_logger()


# ------------------------------------------------------------------------------------------------ init
async def initialise(config: Config) -> list[str]:
    """Make what is missing of state folder, keys and database; returns a line for each."""
    said = []
    config.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    config.state_dir.chmod(0o700)
    for what, path, make in (
        ("master key", config.master_key_file, Vault.create),
        ("audit signing key", _notary_file(config), Notary.create),
    ):
        if not path.exists():
            make(path)
            said.append(f"{what}: {path}")
    migrate(config.database_url)
    said.append("database: ready")
    home = gnupg_home(config)
    home.mkdir(mode=0o700, exist_ok=True)
    address = str(config.coach.addresses[0])
    said.append(f"OpenPGP key of {config.coach.name}: {await asyncio.to_thread(create_coach_key, home, config.coach.name, address)}")
    async with open_store(config) as store:
        await _introduce(store, config)
    return said


async def _introduce(store: Store, config: Config) -> None:
    """Let the store know the people that the configuration names, and forget whom it named before and names no more."""
    await store.put_coach(TENANT, config.person)
    await store.configure_contacts(TENANT, config.contacts)


# ------------------------------------------------------------------------------------------------ the parts, opened and closed
@asynccontextmanager
async def open_store(config: Config) -> AsyncIterator[Store]:
    """The store alone."""
    store = Store(
        config.database_url,
        Vault.load(config.master_key_file),
        SystemClock(),
        keep_sent=timedelta(days=config.store.keep_sent_bodies_days),
        keep_held=timedelta(days=config.store.keep_held_days),
    )
    try:
        yield store
    finally:
        store.close()


@asynccontextmanager
async def open_house(config: Config, *, seals: bool = True) -> AsyncIterator[tuple[Ports, House]]:
    """Everything a story needs: store, reading processes, keyring and OpenPGP engine, rules and names.

    Without `seals` the engine is not started, and sealing raises `SealerUnavailable`: for a dry run.
    """
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(config))
        house = _house(config)
        reader = WorkerReader(
            language_texts(),
            config.coach.languages,
            workers=config.reading.workers,
            seconds=config.reading.seconds,
            memory_mib=config.reading.memory_mib,
            platforms=platform_text(),
        )
        await reader.start()
        stack.push_async_callback(reader.stop)
        home = gnupg_home(config)
        sealing = config.sealing
        load_key, limit = partial(store.client_key, TENANT), sealing.timeout_seconds
        keyring = Keyring(home, load_key, require_verified=sealing.require_verified_keys, gpg=sealing.gpg, limit=limit)
        await keyring.start()
        signer = await asyncio.to_thread(coach_fingerprint, home)
        sealer = Sealer(home, signer, keyring.ring, gpg=sealing.gpg, threads=sealing.threads, limit=limit)
        if seals:
            await sealer.start()
            stack.push_async_callback(sealer.stop)
        yield Ports(SystemClock(), RandomIds(), reader, keyring, sealer, store), house


def rules(local: Path | None = None) -> Ruleset:
    """The policies in force. Raises `core.policy.PolicyError`."""
    return parse_policies(policy_texts(local))


def rules_in_words(config: Config | None) -> str:
    """The policies in force as a page (Markdown)."""
    return policy_page(rules(config.policies.local if config else None))


def _house(config: Config) -> House:
    vault = Vault.load(config.master_key_file)
    ruleset = rules(config.policies.local)
    return House(
        ruleset,
        load_packs(language_texts(), config.coach.languages, platforms=ruleset.platforms),
        (*config.places.known, *config.places.rooms),
        (),
        loop_key=vault.keyed_hash("loop", b"message-id"),
        digest_key=vault.keyed_hash("digest", b"submission"),
        uid_key=vault.keyed_hash("uid", b"calendar"),
    )


def _notary_file(config: Config) -> Path:
    return config.state_dir / "audit.key"


def gnupg_home(config: Config) -> Path:
    """The gateway's own GNUPGHOME."""
    return config.state_dir / "g"  # one letter: the path of the agent's socket must stay below 108 octets (unix(7))


# ------------------------------------------------------------------------------------------------ the daemon
def run(config: Config) -> None:
    """The daemon, until SIGTERM or SIGINT. Raises `ConfigurationError` where it cannot start safely."""
    start_log(config.log.level)
    return_large_blocks()
    with contextlib.suppress(ImportError):  # an extra: faster, not different
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(_serve(config))


async def _serve(config: Config) -> None:
    async with AsyncExitStack() as stack:
        ports, house = await stack.enter_async_context(open_house(config))
        store = ports.store
        assert isinstance(store, Store)  # noqa: S101  # for the type checker: open_house built it
        wake = asyncio.Event()
        chores = Chores(TENANT, ports, house, store, Notary.load(_notary_file(config)), Witness(config.state_dir / "checkpoint"), wake)
        await _introduce(store, config)
        await chores.doubt_an_older_database()
        await store.release_leases()
        await store.record(
            TENANT,
            (
                AuditEvent("started", None, None, (("version", __version__),)),
                AuditEvent("policy-loaded", None, None, (("ruleset", house.ruleset.digest[:16]), ("count", str(len(house.ruleset.rules))))),
            ),
        )
        relay = SmtpRelay(relay_settings(config))
        courier = Courier(
            store,
            relay,
            ports.clock,
            wake,
            partial(_delivery_notice, config, ports, house),
            concurrency=config.relay.connections,
            patience=Patience(timedelta(hours=config.relay.warn_after_hours), timedelta(hours=config.relay.give_up_after_hours)),
            hang_up=relay.close,
        )
        late: set[asyncio.Task[None]] = set()
        accept = partial(_accept, ports, house, wake, store, late)
        server = SubmissionServer(
            _submission_settings(config),
            PasswordAccounts(store.user, ports.clock),
            accept,
            ports.clock,
            partial(room, config),
        )
        timers = _timers(config, chores)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _reload_certificate, server)
        await server.start()
        delivering = asyncio.create_task(courier.run(), name="courier")
        timers.start()
        watching = asyncio.create_task(_watch(config, ports, house, store, wake, accept), name="mailbox")
        tell_systemd("READY=1")
        _log.info("started", version=__version__, ruleset=house.ruleset.digest[:16])
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({waiting, delivering}, return_when=asyncio.FIRST_COMPLETED)
        tell_systemd("STOPPING=1")
        watching.cancel()  # what it has in hand lies in the outbox folder, and is found there again
        timers.stop()
        await server.drain(_DRAIN_SECONDS)
        await courier.stop()
        waiting.cancel()
        await delivering
        await asyncio.gather(*late)
        await asyncio.wait({watching})
        if config.mailbox.host:
            await store.put_mailbox_state(TENANT, STOPPED)
        await store.record(TENANT, (AuditEvent("stopped", None, None),))
        await chores.checkpoint()
        _log.info("stopped")


def room(config: Config) -> int:
    """Octets of mail that may still be taken before the disk of the state folder is too full; below zero where it is already."""
    return free_octets(config.state_dir) - config.store.min_free_mib * MIB


def _reload_certificate(server: SubmissionServer) -> None:
    """SIGHUP: connections that stand go on; a pair that cannot be used changes nothing."""
    try:
        server.reload_certificate()
    except OSError as error:  # among them ssl.SSLError
        _log.error("certificate not reloaded, the old one stays in use", error=type(error).__name__, reason=getattr(error, "reason", None) or error.strerror)
    else:
        _log.info("certificate reloaded")


async def _accept(ports: Ports, house: House, wake: asyncio.Event, store: Store, late: set[asyncio.Task[None]], submission: Submission) -> Receipt:
    """`late`: traces of failures that are still being written."""
    try:
        receipt = await answers.accept(submission, ports, house)
    except StoreUnavailable as error:  # the mail program need not wait while the trace tries what has just failed
        trace = asyncio.create_task(_record_failure(error, submission.envelope, len(submission.raw), store))
        late.add(trace)
        trace.add_done_callback(late.discard)
        raise
    except Exception as error:
        await _record_failure(error, submission.envelope, len(submission.raw), store)
        raise
    wake.set()
    return receipt


async def _watch(
    config: Config, ports: Ports, house: House, store: Store, wake: asyncio.Event, accept: Callable[[Submission], Awaitable[Receipt]]
) -> None:
    """The mailbox, where there is one."""
    m, size_limit = config.mailbox, config.submission.size_limit_mib * MIB
    if m.host is None:
        return
    folders = ImapFolders(mailbox_settings(config))
    names = FolderNames(m.outbox, m.sent, m.held, m.watch)
    outbox = Outbox(TENANT, names, folders, ports, house, store, accept, partial(room, config), size_limit, config.submission.max_recipients)
    sent = SentWatch(TENANT, m.outbox, folders, ports, house, store, wake, size_limit)
    await MailboxWatch(outbox, sent, wake, m.look_seconds).run()


def mailbox_settings(config: Config) -> MailboxSettings:
    """The mailbox as the configuration describes it; its secret is read from its file for each connection. Only where `mailbox.host` is set."""
    m = config.mailbox
    file = m.password_file if m.auth == "password" else m.token_file
    if m.host is None or m.username is None or file is None:
        raise ConfigurationError(("mailbox: is not configured",))

    def secret() -> str:
        return file.read_text().strip("\r\n")

    return MailboxSettings(m.host, m.port, m.tls, str(m.ca_file) if m.ca_file else None, m.auth, m.username, secret)


async def _record_failure(error: Exception, envelope: Envelope, octets: int, store: Store) -> None:
    """Every submission leaves a trace, also one that was not taken; where the store is the trouble, the operator's log must do."""
    word = failure(error).audit
    _log.warning("not taken", audit=word, error=type(error).__name__, octets=octets)
    try:
        await store.record(envelope.tenant, (AuditEvent(word, None, None, (("user", envelope.login), ("octets", str(octets)))),))
    except GatewayError as second:
        _log.error("audit event lost", audit=word, error=type(second).__name__)


def _timers(config: Config, chores: Chores) -> Timers:
    timers = Timers()
    timers.every(config.notices.digest_seconds, "digest", chores.digest)
    timers.every(10, "held items", chores.look_again)
    timers.every(10, "damage", chores.tell_damage)
    timers.every(3600, "retention", chores.erase)
    timers.every(600, "checkpoint", chores.checkpoint)
    return timers


def _delivery_notice(config: Config, ports: Ports, house: House, kind: str, lease: Lease, delivery: Delivery) -> Outgoing | None:
    copy, coach = lease.outgoing, config.person
    return house.notice(
        ports.ids.new(),
        coach,
        ports.clock.now(),
        lambda stamp: delivery_notice(kind, copy.forward_path.path, copy.purpose, lease.queued_at, delivery.reply, coach, stamp, copy_id=copy.id),
    )


def _submission_settings(config: Config) -> SubmissionSettings:
    s = config.submission
    return SubmissionSettings(
        listen=tuple((e.host, e.port) for e in s.listen),
        tls=s.tls,
        certificate=s.certificate,
        key=s.key,
        hostname=config.hostname,
        size_limit=s.size_limit_mib * 2**20,
        max_connections=s.max_connections,
        per_address=s.per_address,
        max_recipients=s.max_recipients,
        idle_seconds=s.idle_seconds,
        session_seconds=s.session_seconds,
    )


def relay_settings(config: Config) -> RelaySettings:
    """The smarthost as the configuration describes it; secrets are read from their files."""
    r = config.relay
    auth: Password | Token | None = None
    if r.auth == "password" and r.username and r.password_file:
        auth = Password(r.username, r.password_file.read_text().rstrip("\r\n"))
    elif r.auth == "xoauth2" and r.username and r.token_file:
        token_file = r.token_file

        async def token() -> str:
            return (await asyncio.to_thread(token_file.read_text)).strip()

        auth = Token(r.username, token)
    timeouts = Timeouts(
        connect=min(30.0, r.timeout_seconds), command=r.timeout_seconds, data=r.timeout_seconds, block=r.timeout_seconds, dot=5.0 * r.timeout_seconds
    )
    return RelaySettings(
        r.host, r.port, r.tls, str(r.ca_file) if r.ca_file else None, auth=auth, hostname=config.hostname, timeouts=timeouts, connections=r.connections
    )
