"""How the recogniser does on labelled mails, without the daemon: mails a second, a report a language, every miss and every foreign time.

    python -m bench.recogniser [--misses] [--half build|check] [--lang LANGUAGE] [--packs FOLDER] CORPUS [CORPUS ...]

A CORPUS is a .jsonl file of labelled mails or of single sentences ("text", "harmful"). The judge is the same as for the daemon: a phrase counts as
found when it stands in the company text or subject after case folding, NFKC and white space, or, when long, with all but letters and digits removed.
Figures are printed for the half that may be read while building, for the half that only checks, and for both; misses of the half asked for alone.

Why a fact was not kept:
  gate     the mail was not seen to speak of an appointment
  foreign  the fact was found and given to another matter
  cut      only a part of it was found
  unfound  no fact was seen there
  part     it stands in a calendar object or attached text, which is not read here
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import statistics
import sys
import time
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from gateway.core.model import FactKind, Reading, RecogniserContext, TextBlock
from gateway.core.pack import Packs
from gateway.core.platforms import parse_platforms
from gateway.core.recognise import is_composed, recognise
from gateway.core.vocabulary import load_packs

PACKS = Path(__file__).parents[1] / "policies/languages"
CONTEXT = RecogniserContext(client_names=("Dana Petrocelli",), coach_names=("Robin Vale",), time_zone="Europe/Berlin")
TAG = re.compile(
    r"<(?:style|script|head|title)\b.*?</(?:style|script|head|title)>|<!--.*?-->|<br\b[^>]*>|</(?:p|div|tr|li|h\d|table|td)>|<[^>]*>", re.DOTALL | re.IGNORECASE
)


def packs(folder: Path = PACKS) -> Packs:
    """The packs of a folder, by default those of the repository."""
    platforms = parse_platforms((PACKS.parent / "meeting-platforms.toml").read_text("utf-8"))
    return load_packs({str(f.relative_to(folder)): f.read_text("utf-8") for f in folder.rglob("*.toml")}, platforms=platforms)


def half(text: str) -> str:
    """Which half of a corpus an id belongs to: two thirds are read while building, one third only checks."""
    return "build" if int(hashlib.sha256(text.encode()).hexdigest(), 16) % 3 else "check"


def row_half(row: dict) -> str:
    """The half of a row: as it says itself, else by its id or text."""
    return {"dev": "build"}.get(row["half"], row["half"]) if "half" in row else half(row.get("id", row["text"]))


def visible(markup: str) -> str:
    """A rough reading of HTML, for mails without a plain part."""
    import html

    return html.unescape(
        TAG.sub(
            lambda m: (
                "\n"
                if m[0].lower().startswith(("<br", "</")) and not m[0].lower().startswith(("</s", "</h", "</td", "</b", "</a", "</i"))
                else " "
                if m[0].lower() == "</td>"
                else ""
            ),
            markup,
        )
    )


def normal(text: str) -> str:
    """Case folded, NFKC, white space as one space."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).casefold())


def has(hay: str, phrase: str) -> bool:
    """Whether a reader would find `phrase` in `hay`."""
    if normal(phrase).strip() in normal(hay):
        return True
    tight = re.sub(r"\W+", "", normal(phrase))
    return len(tight) >= 8 and tight in re.sub(r"\W+", "", normal(hay))


def blocks(row: dict) -> tuple[TextBlock, ...]:
    """Subject and text of a labelled mail."""
    return (TextBlock("subject", row["subject"] or ""), TextBlock("1", row["text"] or visible(row["html"] or "")))


def share(n: int, of: int) -> str:
    return f"{n}/{of} ({100 * n / of:.1f} %)" if of else "none"


@dataclass
class Tally:
    """What became of the mails of one language."""

    mails: int = 0
    seconds: list[float] = field(default_factory=list)
    leaked: int = 0
    facts: int = 0
    kept: int = 0
    lost: Counter[str] = field(default_factory=Counter)  # why -> facts
    spoken: Counter[tuple[str, bool]] = field(default_factory=Counter)  # (label, the company gets a copy) -> mails
    complete: int = 0  # scheduling mails approved to the last word: no private copy is needed
    approved: int = 0  # sentences of scheduling mails
    sentences: int = 0
    foreign: int = 0  # times carried that are no fact of the appointment

    def line(self) -> str:
        """The figures in one line."""
        label = {name: sum(n for (said, _), n in self.spoken.items() if said == name) for name in ("scheduling", "notes", "mixed")}
        table = " ".join(f"{name} {self.spoken[name, True]}+{self.spoken[name, False]}" for name in label)
        return (
            f"mails {self.mails}, {self.mails / sum(self.seconds):.0f}/s, "
            f"median {1000 * statistics.median(self.seconds):.2f} ms, slowest {1000 * max(self.seconds):.1f} ms, "
            f"leaked {share(self.leaked, self.mails)}, kept {share(self.kept, self.facts)}, "
            f"delivered {share(self.spoken['scheduling', True], label['scheduling'])}, "
            f"spoke {share(self.spoken['notes', True], label['notes'])}, complete {share(self.complete, label['scheduling'])}, "
            f"approved {share(self.approved, self.sentences)}, foreign times {self.foreign}, "
            f"with+without a copy: {table}, not kept: {', '.join(f'{why} {n}' for why, n in self.lost.most_common()) or 'none'}"
        )


def why_not(fact: str, reading: Reading, row: dict) -> str:
    """Why a fact of the appointment is not in the company copy."""
    shown = blocks(row)
    if not any(has(block.text, fact) for block in shown):
        return "part"
    near = [f for f in reading.facts if normal(f.text).strip() in normal(fact) or normal(fact).strip() in normal(f.text)]
    if not reading.company_text:
        return "gate"
    return "foreign" if any(f.owner != "appointment" for f in near) else "cut" if near else "unfound"


def run_mails(rows: list[dict], loaded: Packs, misses: bool, show: str) -> str:
    """Figures over labelled mails; the misses of the half `show` are printed."""
    tally = Tally(mails=len(rows))
    for row in rows:
        start = time.process_time()
        reading = recognise(blocks(row), CONTEXT, loaded)
        tally.seconds.append(time.process_time() - start)
        assert is_composed(reading, CONTEXT, loaded), row["id"]
        text = f"{reading.company_subject}\n{reading.company_text}"
        leaks = [s for s in row["secrets"] if reading.company_text and has(text, s)]
        lost = [(fact, why_not(fact, reading, row)) for fact in row["keep"] if not has(text, fact)]
        said = [f.text for f in reading.facts if reading.company_text and f.owner == "appointment" and f.kind is FactKind.TIME and f.rank]
        foreign = [t for t in said if row["label"] != "scheduling" and not any(has(fact, t) or has(t, fact) for fact in row["keep"])]
        tally.leaked += bool(leaks)
        tally.facts += len(row["keep"])
        tally.kept += len(row["keep"]) - len(lost)
        tally.lost.update(why for _, why in lost)
        tally.spoken[row["label"], bool(reading.company_text)] += 1
        tally.foreign += len(foreign)
        if row["label"] == "scheduling":
            tally.complete += reading.complete
            tally.approved += sum(s.approved for s in reading.sentences)
            tally.sentences += len(reading.sentences)
        wrong = leaks or lost or foreign or bool(reading.company_text) == (row["label"] == "notes") and row["label"] != "mixed"
        if misses and row_half(row) == show and wrong:
            print(f"--- {row['id']} {row['label']} pack {reading.language or 'none'} leaked={leaks} lost={lost} foreign={foreign}\n{text.strip()}")
            for fact in reading.facts:
                if fact.owner != "appointment":
                    print(f"      not ours: {fact.kind} {fact.text!r}: {fact.owner}")
    return tally.line()


def run_sentences(rows: list[dict], loaded: Packs, misses: bool, show: str) -> str:
    """Figures over single sentences: approved whole by a closed frame or not."""
    verdicts = [recognise((TextBlock("1", row["text"]),), CONTEXT, loaded) for row in rows]
    approved = [all(s.approved for s in v.sentences) for v in verdicts]
    for row, ok, reading in zip(rows, approved, verdicts, strict=True):
        if misses and row_half(row) == show and ok == row["harmful"]:
            print("   ", "HARMFUL APPROVED" if ok else "withheld", row["text"], [(s.rule, s.word) for s in reading.sentences])
    harmful = [ok for row, ok in zip(rows, approved, strict=True) if row["harmful"]]
    harmless = [ok for row, ok in zip(rows, approved, strict=True) if not row["harmful"]]
    spoke = [bool(r.company_text) for row, r in zip(rows, verdicts, strict=True) if row["harmful"]]
    return (
        f"harmful approved {share(sum(harmful), len(harmful))}, harmless approved {share(sum(harmless), len(harmless))}, "
        f"harmful alone in a mail spoke {share(sum(spoke), len(spoke))}"
    )


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("corpus", nargs="+", type=Path)
    ask.add_argument("--misses", action="store_true", help="list what was missed in the half named by --half")
    ask.add_argument("--half", choices=["build", "check"], default="build")
    ask.add_argument("--lang", help="only mails of this language (en, de, mix, ...)")
    ask.add_argument("--packs", type=Path, default=PACKS, help="folder of language packs")
    args = ask.parse_args()
    loaded = packs(args.packs)
    for path in args.corpus:
        rows = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]
        single = "harmful" in rows[0]
        languages = sorted({row.get("lang", "en").partition(":")[0] for row in rows})
        for language in languages if args.lang is None else [args.lang]:
            for name in ("build", "check", "all"):
                spoken = [row for row in rows if row.get("lang", "en").partition(":")[0] == language]
                part = [row for row in spoken if name in ("all", row_half(row))]
                if part:
                    figures = (run_sentences if single else run_mails)(part, loaded, args.misses and name == args.half, args.half)
                    print(f"{path.name} {language} {name:6}", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
