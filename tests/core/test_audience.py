"""Who a recipient is: by the envelope and the directory alone, the stricter answer where two fit."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.audience import context_for, contexts, identify, private_mailbox, role_of
from gateway.core.meeting import Meetings
from gateway.core.model import Client, Contact, Directory, RecogniserContext, Role
from tests.policies.cast import ADDRESS, COACH, DIRECTORY, JANE, box, envelope, recipient

TOM = Client(
    id="c-0002",
    name="Tom Reed",
    work=(box("tom@corp.example"),),
    work_domains=("corp.example", "xn--bcher-kva.example"),
    personal=box("tom@home.example"),
    sponsors=(box("boss@corp.example"), box("payer@trust.example")),
)
BOTH = replace(DIRECTORY, clients=(JANE, TOM))


def role(address: str, directory: Directory = DIRECTORY) -> tuple[Role, str | None]:
    found, client = role_of(box(address), directory)
    return found, client.id if client else None


@pytest.mark.parametrize("expected", list(Role))
def test_each_role_by_its_plain_address(expected):
    (found,) = identify(envelope(ADDRESS[expected]), DIRECTORY)
    assert found == recipient(expected)


@pytest.mark.parametrize(
    ("address", "expected", "client"),
    [
        ("JANE@corp.example", Role.CLIENT_WORK, "c-0001"),
        ("jane+private@corp.example", Role.CLIENT_WORK, "c-0001"),
        ("jane@hr.corp.example", Role.COLLEAGUE, "c-0001"),
        ("anybody@deep.hr.corp.example", Role.COLLEAGUE, "c-0001"),
        ("boss+jane@corp.example", Role.SPONSOR, "c-0001"),
        ("jane@notcorp.example", Role.UNKNOWN, None),
        ("jane@corp.example.com", Role.UNKNOWN, None),
        ("Jane.Moss+notes@MAIL.example", Role.CLIENT_PERSONAL, "c-0001"),
        ("jane.moss@sub.mail.example", Role.UNKNOWN, None),
        ("coach+me@coach.example", Role.COACH, None),
        ("other@coach.example", Role.UNKNOWN, None),
        ("TAX@office.example", Role.NOT_A_CLIENT, None),
        ("tax@sub.office.example", Role.UNKNOWN, None),
    ],
)
def test_spellings_of_one_mailbox(address, expected, client):
    assert role(address) == (expected, client)


def test_order_of_the_envelope_is_kept():
    addresses = [ADDRESS[r] for r in Role]
    assert [r.forward_path.path for r in identify(envelope(*addresses), DIRECTORY)] == addresses


@pytest.mark.parametrize(
    ("address", "expected", "client"),
    [
        ("jane@corp.example", Role.CLIENT_WORK, "c-0001"),
        ("tom@corp.example", Role.CLIENT_WORK, "c-0002"),
        ("boss@corp.example", Role.SPONSOR, None),  # pays for both: no consent of one covers the other
        ("payer@trust.example", Role.SPONSOR, "c-0002"),
        ("third@corp.example", Role.COLLEAGUE, None),
        ("third@xn--bcher-kva.example", Role.COLLEAGUE, "c-0002"),
    ],
)
def test_two_clients_of_one_company(address, expected, client):
    assert role(address, BOTH) == (expected, client)


def test_a_mailbox_shared_by_two_clients_at_work_is_a_colleagues():
    """What is meant for one of them must not be diverted to the other."""
    ann = Client("c-0009", "Ann Poe", work=(box("jane@corp.example"),))
    assert role("jane@corp.example", replace(DIRECTORY, clients=(JANE, ann))) == (Role.COLLEAGUE, None)


def test_a_personal_mailbox_of_two_clients_is_nobodys():
    twin = replace(JANE, id="c-0003", work=(), work_domains=(), sponsors=())
    assert role("jane.moss@mail.example", replace(DIRECTORY, clients=(JANE, twin))) == (Role.UNKNOWN, None)


def test_a_sponsor_who_is_coached_herself_counts_as_sponsor():
    boss = Client("c-0004", "Bo Oss", work=(box("boss@corp.example"),), personal=box("bo@mail.example"))
    directory = replace(DIRECTORY, clients=(boss, JANE))
    assert role("boss@corp.example", directory) == (Role.SPONSOR, "c-0001")
    assert role("bo@mail.example", directory) == (Role.CLIENT_PERSONAL, "c-0004")


def test_who_pays_for_herself_is_no_second_person():
    self_payer = replace(JANE, sponsors=(*JANE.work, JANE.personal))
    directory = replace(DIRECTORY, clients=(self_payer,))
    assert role("jane@corp.example", directory)[0] is Role.CLIENT_WORK
    assert role("jane.moss@mail.example", directory)[0] is Role.CLIENT_PERSONAL


def test_a_sponsor_outside_every_work_domain_is_a_sponsor():
    alone = Client("c-0005", "Al One", sponsors=(box("aunt@mail.example"),))
    assert role("aunt@mail.example", replace(DIRECTORY, clients=(alone,))) == (Role.SPONSOR, "c-0005")


@pytest.mark.parametrize(
    ("clients", "expected"),
    [
        ((replace(JANE, personal=box("jane.moss@corp.example")),), Role.COLLEAGUE),
        ((replace(JANE, personal=box("jane@corp.example")),), Role.CLIENT_WORK),
        ((replace(JANE, personal=box("jane.moss@corp.example"), work_domains=()), TOM), Role.COLLEAGUE),
        ((replace(JANE, personal=box("payer@trust.example")), TOM), Role.SPONSOR),
    ],
)
def test_a_personal_mailbox_at_any_company_is_the_companys(clients, expected):
    directory = replace(DIRECTORY, clients=clients)
    assert role_of(clients[0].personal, directory)[0] is expected
    assert private_mailbox(clients[0], directory) is None


def test_the_private_mailbox_of_a_client():
    assert private_mailbox(JANE, DIRECTORY) == JANE.personal
    assert private_mailbox(TOM, BOTH) == TOM.personal
    assert private_mailbox(replace(JANE, personal=None), DIRECTORY) is None
    twin = replace(TOM, personal=JANE.personal)
    assert private_mailbox(JANE, replace(DIRECTORY, clients=(JANE, twin))) is None
    assert private_mailbox(TOM, DIRECTORY) is None, "a client whom the directory does not know"
    assert private_mailbox(twin, DIRECTORY) is None, "a mailbox that is another client's"


@pytest.mark.parametrize(
    "pattern", ["jane@corp.example", "@corp.example", "@mail.example", "jane.moss@mail.example", "boss@corp.example", "tom@corp.example", "@coach.example"]
)
@pytest.mark.parametrize("contact_role", [Role.NOT_A_CLIENT, Role.SUPPORT])
def test_a_contact_never_overrides_a_client_a_company_or_the_coach(pattern, contact_role):
    marked = replace(DIRECTORY, contacts=(Contact(pattern, contact_role),))
    for known in (Role.CLIENT_WORK, Role.CLIENT_PERSONAL, Role.SPONSOR, Role.COLLEAGUE, Role.COACH):
        assert role(ADDRESS[known], marked)[0] is known


@pytest.mark.parametrize(
    ("contacts", "address", "expected"),
    [
        ([("@office.example", Role.NOT_A_CLIENT)], "anybody@office.example", Role.NOT_A_CLIENT),
        ([("@OFFICE.example", Role.NOT_A_CLIENT)], "anybody+x@office.example", Role.NOT_A_CLIENT),
        ([("@office.example", Role.NOT_A_CLIENT)], "anybody@hr.office.example", Role.UNKNOWN),
        ([("@help.example", Role.SUPPORT)], "anybody@help.example", Role.SUPPORT),
        ([("@help.example", Role.SUPPORT), ("kim@help.example", Role.NOT_A_CLIENT)], "kim@help.example", Role.SUPPORT),
        ([("kim@help.example", Role.NOT_A_CLIENT)], "kim@help.example", Role.NOT_A_CLIENT),
        ([("kim@help.example", Role.NOT_A_CLIENT)], "tim@help.example", Role.UNKNOWN),
        ([("kim@help.example", Role.CLIENT_PERSONAL)], "kim@help.example", Role.UNKNOWN),
        ([("help.example", Role.NOT_A_CLIENT)], "kim@help.example", Role.UNKNOWN),
        ([("", Role.NOT_A_CLIENT)], "kim@help.example", Role.UNKNOWN),
        ([("@", Role.NOT_A_CLIENT)], "kim@help.example", Role.UNKNOWN),
    ],
)
def test_contacts(contacts, address, expected):
    assert role(address, Directory(COACH, (), tuple(Contact(p, r) for p, r in contacts)))[0] is expected


def test_a_company_domain_that_the_coach_shares_is_the_companys():
    inside = replace(DIRECTORY, clients=(replace(JANE, work_domains=("coach.example",)),))
    assert role("coach@coach.example", inside)[0] is Role.COLLEAGUE


def test_a_context_names_only_the_recipients_own_client():
    to_jane, to_tom, to_boss = identify(envelope("jane@corp.example", "tom@corp.example", "boss@corp.example"), BOTH)
    assert context_for(to_jane, COACH, ["Room 4"], ["meet.coach.example/robin"]) == RecogniserContext(
        client_names=("Jane Moss",), coach_names=("Robin Vale",), places=("Room 4",), approved_links=("meet.coach.example/robin",), time_zone="Europe/Berlin",
        coach_addresses=("coach@coach.example",), company=("jane@corp.example", "@corp.example"), theirs=Meetings(zoom_vanity=("corp",)),
    )
    hers = Meetings(hosts=("meet.coach.example",))
    assert context_for(to_jane, replace(COACH, meetings=hers)).own == hers
    assert context_for(to_tom, COACH).client_names == ("Tom Reed",)
    assert context_for(to_boss, COACH).client_names == ()


def test_contexts_are_made_once_and_not_for_those_who_get_the_octets():
    recipients = identify(envelope(*(ADDRESS[r] for r in Role), "ann@corp.example"), DIRECTORY)
    assert contexts(recipients, COACH, ("Room 4",), ("x.example",)) == tuple(
        RecogniserContext(
            names, ("Robin Vale",), ("Room 4",), ("x.example",), "Europe/Berlin", coach_addresses=tuple(map(str, COACH.addresses)), company=company,
            theirs=Meetings(zoom_vanity=("corp",) if names else ()),
        )
        for names, company in ((("Jane Moss",), ("jane@corp.example", "@corp.example")), (("Jane Moss",), ()), ((), ()))
    )
    raw = identify(envelope(ADDRESS[Role.COACH], ADDRESS[Role.NOT_A_CLIENT]), DIRECTORY)
    assert contexts(raw, COACH) == ()


addresses = st.sampled_from([*ADDRESS.values(), "tom@home.example", "x@corp.example", "x@hr.corp.example", "payer@trust.example"])
patterns = addresses | st.sampled_from(["@corp.example", "@mail.example", "@home.example", "@new.example"])


@settings(deadline=None)
@given(address=addresses, contacts=st.lists(st.builds(Contact, patterns, st.sampled_from([Role.SUPPORT, Role.NOT_A_CLIENT])), max_size=4), data=st.data())
def test_no_contact_opens_a_company_and_order_means_nothing(address, contacts, data):
    """Whatever is written about contacts, in whatever order, what is a client's or a company's without them stays so."""
    bare, _ = role_of(box(address), replace(BOTH, contacts=()))
    found = role_of(box(address), replace(BOTH, contacts=tuple(contacts)))
    shuffled = replace(BOTH, clients=tuple(data.draw(st.permutations(BOTH.clients))), contacts=tuple(data.draw(st.permutations(contacts))))
    assert role_of(box(address), shuffled) == found
    assert bare is Role.UNKNOWN or found[0] is bare


def test_looking_up_among_ten_thousand_clients_does_not_go_through_them():
    """Both directories know the same people; once each has been read, the larger answers about as fast (it took a hundred times as long)."""

    def clients(count: int) -> tuple[Client, ...]:
        one = [
            Client(f"c-{n}", f"Kim {n}", work=(box(f"kim{n}@firm{n}.example"),), work_domains=(f"firm{n}.example",), personal=box(f"kim{n}@home.example"))
            for n in range(count)
        ]
        return (*one[:-1], JANE)

    def seconds(directory: Directory) -> float:
        asked = envelope(*(f"anybody{n}@some{n}.example" for n in range(200)), ADDRESS[Role.COLLEAGUE])
        assert identify(asked, directory)[-1] == recipient(Role.COLLEAGUE)
        began = time.process_time()
        identify(asked, directory)
        return time.process_time() - began

    few, many = (Directory(COACH, clients(count), ()) for count in (10, 10_000))
    assert seconds(many) < 20 * seconds(few) + 0.05


def test_a_directory_of_equal_value_is_another_directory():
    """What is remembered belongs to one directory object: a change, even back to an older state, is read anew."""
    changed = replace(DIRECTORY, clients=(replace(JANE, work=(), work_domains=(), sponsors=()),))
    before = role("jane@corp.example")
    assert role("jane@corp.example", changed) == (Role.UNKNOWN, None)
    assert role("jane@corp.example", replace(DIRECTORY)) == before == (Role.CLIENT_WORK, "c-0001")
