"""docs/policies.md is what `coachgate policies` prints, and every citation leads somewhere."""

from __future__ import annotations

import re

import pytest

from gateway.core.model import Kind, Role
from gateway.core.policy import ACTIONS
from gateway.core.policy_page import policy_page
from tests.policies.cast import POLICIES, ROOT, shipped

SHIPPED = shipped()
RFC = re.compile(r"RFC [1-9][0-9]{2,4}")
ANCHOR = re.compile(r"(docs/[a-z-]+\.md)#([a-z-]+)")
CITES = sorted({c for entry in (*SHIPPED.rules, *SHIPPED.release_reasons) for c in entry.cites})


def test_the_page_in_docs_is_the_page_of_the_policies():
    page = (ROOT / "docs" / "policies.md").read_text("utf-8")
    assert page == policy_page(SHIPPED), "run `make docs`"


@pytest.mark.parametrize("cite", CITES)
def test_every_citation_leads_somewhere(cite):
    """To a place in our documents, an RFC, or a code of ethics by its name."""
    if anchor := ANCHOR.fullmatch(cite):
        assert f'<a id="{anchor[2]}"></a>' in (ROOT / anchor[1]).read_text("utf-8")
    else:
        assert RFC.fullmatch(cite) or cite.startswith("ICF Code of Ethics: ")


def test_the_readme_explains_every_word_and_file():
    readme = (POLICIES / "README.md").read_text("utf-8")
    for word in (*Role, *Kind, *ACTIONS):
        assert f"`{word}`" in readme
    for file, title in SHIPPED.titles:
        assert f"`{file}`" in readme
        assert title


def test_every_shipped_file_is_read():
    assert {f for f, _ in SHIPPED.titles} == {p.name for p in POLICIES.glob("*.toml")}
