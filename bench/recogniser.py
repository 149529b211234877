"""How the recogniser does on labelled mails, without the daemon: mails a second, and what leaked, was kept, delivered and spoken.

    python bench/recogniser.py [--misses] [--half build|check] [--lang LANGUAGE] CORPUS [CORPUS ...]

A CORPUS is a .jsonl file of labelled mails or of single sentences ("text", "harmful"). The judge is the same as for the daemon: a phrase counts as
found when it stands in the company text or subject after case folding, NFKC and white space, or, when long, with all but letters and digits removed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import time
import unicodedata
from pathlib import Path

from gateway.core.model import Reading, RecogniserContext, TextBlock
from gateway.core.recognise import is_composed, recognise
from gateway.core.vocabulary import Packs, load_packs

PACKS = Path(__file__).parents[1] / "policies/languages"
CONTEXT = RecogniserContext(client_names=("Dana Petrocelli",), coach_names=("Robin Vale",), time_zone="Europe/Berlin")
TAG = re.compile(
    r"<(?:style|script|head|title)\b.*?</(?:style|script|head|title)>|<!--.*?-->|<br\b[^>]*>|</(?:p|div|tr|li|h\d|table|td)>|<[^>]*>", re.DOTALL | re.IGNORECASE
)


def packs(folder: Path = PACKS) -> Packs:
    """The packs of a folder, by default those of the repository."""
    return load_packs({str(f.relative_to(folder)): f.read_text("utf-8") for f in folder.rglob("*.toml")})


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


def run_mails(rows: list[dict], loaded: Packs, misses: bool, show: str) -> dict[str, str]:
    """Figures over labelled mails."""
    readings: list[Reading] = []
    began = time.process_time()
    worst = 0.0
    for row in rows:
        start = time.process_time()
        readings.append(recognise(blocks(row), CONTEXT, loaded))
        worst = max(worst, time.process_time() - start)
    took = time.process_time() - began
    counts = dict.fromkeys(("leaked", "kept", "facts", "delivered", "spoke", "complete", "approved", "sentences", "unproved"), 0)
    for row, reading in zip(rows, readings, strict=True):
        text = f"{reading.company_subject}\n{reading.company_text}"
        leaks = [s for s in row["secrets"] if reading.company_text and has(text, s)]
        lost = [k for k in row["keep"] if not has(text, k) and ":20" not in k and "RRULE" not in k]
        counts["leaked"] += bool(leaks)
        counts["facts"] += len(row["keep"])
        counts["kept"] += sum(has(text, k) for k in row["keep"])
        counts["delivered"] += row["label"] == "scheduling" and bool(reading.company_text)
        counts["spoke"] += row["label"] == "notes" and bool(reading.company_text)
        counts["complete"] += row["label"] == "scheduling" and reading.complete
        counts["unproved"] += not is_composed(reading, CONTEXT, loaded)
        if row["label"] == "scheduling":
            counts["approved"] += sum(s.approved for s in reading.sentences)
            counts["sentences"] += len(reading.sentences)
        wrong = leaks or lost or (row["label"] == "notes" and reading.company_text) or (row["label"] == "scheduling" and not reading.company_text)
        if misses and row_half(row) == show and wrong:
            print(f"--- {row['id']} {row['label']} leaked={leaks} lost={lost} status={reading.status}\n{text.strip()}")
            for fact in reading.facts:
                if fact.owner != "appointment":
                    print(f"      foreign {fact.kind} {fact.text!r}: {fact.owner}")
    labels = [row["label"] for row in rows]
    return {
        "mails": f"{len(rows)}, {len(rows) / took:.0f}/s, slowest {worst * 1000:.1f} ms",
        "leaked": share(counts["leaked"], len(rows)),
        "kept": share(counts["kept"], counts["facts"]),
        "delivered": share(counts["delivered"], labels.count("scheduling")),
        "spoke": share(counts["spoke"], labels.count("notes")),
        "complete": share(counts["complete"], labels.count("scheduling")),
        "approved": share(counts["approved"], counts["sentences"]),
        "unproved": str(counts["unproved"]),
    }


def run_sentences(rows: list[dict], loaded: Packs, misses: bool, show: str) -> dict[str, str]:
    """Figures over single sentences: approved whole by a closed frame or not."""
    verdicts = [recognise((TextBlock("1", row["text"]),), CONTEXT, loaded) for row in rows]
    approved = [all(s.approved for s in v.sentences) for v in verdicts]
    for row, ok, reading in zip(rows, approved, verdicts, strict=True):
        if misses and row_half(row) == show and ok == row["harmful"]:
            print("   ", "HARMFUL APPROVED" if ok else "withheld", row["text"], [(s.rule, s.word) for s in reading.sentences])
    harmful = [ok for row, ok in zip(rows, approved, strict=True) if row["harmful"]]
    harmless = [ok for row, ok in zip(rows, approved, strict=True) if not row["harmful"]]
    spoke = [bool(r.company_text) for row, r in zip(rows, verdicts, strict=True) if row["harmful"]]
    return {
        "harmful approved": share(sum(harmful), len(harmful)),
        "harmless approved": share(sum(harmless), len(harmless)),
        "harmful alone in a mail spoke": share(sum(spoke), len(spoke)),
    }


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
                    print(f"{path.name} {language} {name:6}", ", ".join(f"{key} {value}" for key, value in figures.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
