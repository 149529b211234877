"""The documentation cannot rot where a program can read it: anchors, vocabularies, dependencies, locks, file names."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from gateway.core.notice import HOLD_REASONS
from gateway.core.policy import EXCEPTION_CODES

ROOT = Path(__file__).parents[1]
DOCS = {p.name: p.read_text() for p in (ROOT / "docs").glob("*.md")}
PAGES = sorted([*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md"), *(ROOT / "deploy").glob("*.md")])


def wanted(requirement: str) -> str:
    return re.split(r"[<>=!~\[; ]", requirement)[0].lower()


def test_every_citation_of_a_policy_leads_somewhere() -> None:
    """`cites` names an anchor that exists, in a page that exists."""
    cited = {c for p in (ROOT / "policies").glob("*.toml") for c in re.findall(r'"docs/([\w.-]+#[\w-]+)"', p.read_text())}
    anchors = {f"{name}#{a}" for name, text in DOCS.items() for a in re.findall(r'<a id="([\w-]+)">', text)}
    assert cited
    assert cited - anchors == set()


def test_threats_are_numbered_without_a_gap() -> None:
    """T1, T2, ... each once, with a heading."""
    numbers = [int(n) for n in re.findall(r'<a id="T(\d+)">', DOCS["threat-model.md"])]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [int(n) for n in re.findall(r"(?m)^### T(\d+) ", DOCS["threat-model.md"])] == numbers


def test_the_glossary_has_every_reason_for_waiting() -> None:
    """The closed vocabulary of the code and the table are one."""
    table = DOCS["glossary.md"].partition("## Why something waits")[2].partition("\n## ")[0]
    assert set(re.findall(r"(?m)^\| `([\w-]+)`", table)) == set(HOLD_REASONS)


@pytest.mark.parametrize("page", ["glossary.md", "coach.md"])
def test_reason_codes_are_named_where_they_are_explained(page: str) -> None:
    """Every code the coach may give, and none besides."""
    assert [c for c in EXCEPTION_CODES if f"`{c}`" not in DOCS[page]] == []


def test_the_modules_named_beside_a_standard_exist() -> None:
    """A row that claims a standard names where it is followed."""
    rows = [line.split("|") for line in DOCS["standards.md"].splitlines() if line.startswith("| ") and not line.startswith("| standard")]
    modules = {m.strip() for row in rows for m in row[3].split(",") if m.strip() not in ("-", "docs/glossary.md")}
    assert [m for m in sorted(modules) if not (ROOT / f"gateway/{m}.py").exists() and not (ROOT / f"gateway/{m}").is_dir()] == []
    assert len(rows) > 30


def test_every_dependency_has_its_reason() -> None:
    """A line in the table for each package of the project, and no line for one that is gone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {wanted(r) for r in (*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra))}
    table = DOCS["dependencies.md"].partition("## Packages")[2].partition("\n## ")[0]
    explained = set(re.findall(r"(?m)^\| ([a-z0-9-]+)(?: \(extra `\w+`\))? \|", table)) - {"package"}
    assert declared - explained == set()
    assert explained - declared <= {"tzlocal"}  # comes with apscheduler, and is imported


def test_the_locks_hold_every_package_by_hash_and_name_no_host() -> None:
    """pip installs from them with --require-hashes, from whatever index the machine uses."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for name, requirements in (("requirements.lock", project["project"]["dependencies"]), ("requirements-dev.lock", project["dependency-groups"]["dev"])):
        text = (ROOT / name).read_text()
        blocks = re.split(r"(?m)^(?=[a-z0-9])", re.sub(r"(?m)^#.*\n", "", text))
        locked = {b.partition("==")[0].partition("[")[0] for b in blocks if b.strip()}
        assert {wanted(r) for r in requirements} - locked == set(), name
        assert [b.split()[0] for b in blocks if b.strip() and "--hash=sha256:" not in b] == []
        assert not re.search(r"://|--index-url|--find-links|--extra-index", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_what_a_page_points_to_exists(page: Path) -> None:
    """Links between pages, and files named in backquotes with a folder in front."""
    text = page.read_text()
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link and not link.startswith(("#", "mailto:"))]
    named = re.findall(r"`((?:gateway|policies|tests|deploy|docs)/[\w./-]*\w\.(?:py|toml|md|service))`", text)
    missing = [x for x in links if not (page.parent / x).exists() and not (ROOT / x).exists()] + [x for x in named if not (ROOT / x).exists()]
    assert missing == []
