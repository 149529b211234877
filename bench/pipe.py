"""Mails a second through the whole daemon, beside stock aiosmtpd, Postfix alone and Postfix with zeyple, in one run, printed as ratios.

    python bench/pipe.py [--full] [--zeyple PATH/zeyple.py] [--gateway .venv/bin/coachgate] [--sessions 10] [--scale 1.0] [--only KIND ...] [--json FILE]

One quick round (under two minutes); with --full three rounds of twice as many mails, of which the median counts. Everything is on loopback. One load
generator of our own serves all (the daemon demands AUTH and a Message-ID of its own for each mail, which smtp-source cannot give); behind each stands a
fresh smtp-sink. The clock runs from the first MAIL to the last mail at the sink. Within a round the contestants take turns, so that a machine that slows
down slows all. Only the ratios mean something; the milliseconds of processor time say where the time goes, whatever else the machine does.

zeyple is not part of this project: the operator gives the path of a zeyple.py; it runs under /usr/bin/python3 with Debian's python3-gpg. Postfix needs root.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import mails  # found from here whether this is called as a script or as a module
from bench.contestants import Contestant, daemon, front_door, postfix_alone, postfix_with_zeyple, stock, tree
from tests.contracts.postfix import why_not

COUNTS = {"note4k": 200, "text": 400, "both": 200, "invite4k": 200, "mixed1m": 60, "big20m": 4}
STOCK = "stock aiosmtpd (receives only)"
GOALS = {
    ("note4k", "Postfix + zeyple"): 20.0,
    ("text", "Postfix alone"): 0.5,
    ("invite4k", "Postfix alone"): 1.0,
    ("mixed1m", "Postfix + zeyple"): 5.0,
    ("big20m", STOCK): 4.0,
}
MIB = 2**20

Rates = dict[str, dict[str, list[float]]]  # kind of mail -> contestant -> mails a second, one for each round


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--gateway", default=str(Path(sys.executable).with_name("coachgate")))
    ask.add_argument("--zeyple", type=Path, help="a zeyple.py; without it that contestant is left out")
    length = ask.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="one round; so it is without a word")
    length.add_argument("--full", action="store_true", help="three rounds of twice as many mails")
    ask.add_argument("--sessions", type=int, default=10)
    ask.add_argument("--scale", type=float, default=1.0, help="times the number of mails")
    ask.add_argument("--only", nargs="+", choices=list(COUNTS), default=list(COUNTS))
    ask.add_argument("--json", type=Path)
    args = ask.parse_args()
    rounds, scale = (3, 2 * args.scale) if args.full else (1, args.scale)
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    rates: Rates = {}
    with ExitStack() as stack:
        ours = stack.enter_context(daemon(args.gateway.split()))
        doors = [stack.enter_context(stock()), stack.enter_context(front_door())]
        others = _others(args.zeyple, stack)
        for kind in args.only:
            contestants = doors if kind == "big20m" else [ours, *others]
            count, sessions = max(2, int(COUNTS[kind] * scale)), 1 if kind == "big20m" else args.sessions
            for turn in range(rounds):
                for number, contestant in enumerate(contestants):
                    rate = contestant.rate(kind, count, sessions, f"{list(COUNTS).index(kind)}{turn}{number}r")
                    rates.setdefault(kind, {}).setdefault(contestant.name, []).append(rate)
                    print(f"{kind:9} round {turn + 1}  {contestant.name:32} {rate:9.1f} mails/s", file=sys.stderr, flush=True)
        report(rates)
        report_costs([ours, *others])
        if "big20m" in args.only:
            report_memory(ours)
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}, our own among it")
    if args.json:
        args.json.write_text(json.dumps(rates, indent=1))


def _others(zeyple: Path | None, stack: ExitStack) -> list[Contestant]:
    if reason := why_not():
        print(f"left out: Postfix and zeyple: {reason}")
        return []
    others = [stack.enter_context(postfix_alone())]
    if zeyple:
        others.append(stack.enter_context(postfix_with_zeyple(zeyple)))
    else:
        print("left out: zeyple: no --zeyple PATH given")
    return others


def report(rates: Rates) -> None:
    """The ratios, and the goals beside them."""
    print(f"\n{'kind':9} {'beside':32} {'ours/s':>9} {'theirs/s':>9} {'ratio':>8}  goal")
    for kind, by_name in rates.items():
        ours_name = next(n for n in by_name if n.startswith(("coachgate", "our ")))
        ours = statistics.median(by_name[ours_name])
        for name, values in by_name.items():
            if name != ours_name:
                theirs, goal = statistics.median(values), GOALS.get((kind, name))
                verdict = "" if goal is None else f"{goal:g}x {'reached' if ours / theirs >= goal else 'missed'}"
                print(f"{kind:9} {name:32} {ours:9.1f} {theirs:9.1f} {ours / theirs:7.2f}x  {verdict}")


def report_costs(contestants: list[Contestant]) -> None:
    """Processor time a mail by kind of process, load and sink left out."""
    print(f"\n{'kind':9} {'copies':>6}  {'':20} processor time, ms a mail")
    for contestant in contestants:
        for kind, costs in contestant.costs.items():
            parts = ", ".join(f"{what} {ms:.1f}" for what, ms in costs.items() if ms >= 0.05 and len(costs) > 1)
            print(f"{kind:9} {contestant.copies.get(kind, 0):6}  {contestant.name:20} {sum(costs.values()):6.1f}{f'  ({parts})' if parts else ''}")


def report_memory(ours: Contestant) -> None:
    """How much larger the daemon and its readers are while one mail of 20 MB goes through, in multiples of the mail; of three mails the last."""
    size = len(mails.template("big20m"))
    assert ours.sink is not None
    pids = [pid for pid, p in tree(ours.pid).items() if pid == ours.pid or "edges.reader" in p.command]
    rest = {pid: _resident(pid, "VmRSS") for pid in pids}
    for turn in range(3):
        for pid in pids:
            Path(f"/proc/{pid}/clear_refs").write_text("5")  # forget the peak so far (proc(5))
        before = ours.sink.count
        child = ours.load("big20m", 1, 1, f"m{turn}r")
        began = time.monotonic()
        child.communicate(b"go\n")
        took = time.monotonic() - began
        ours.sink.wait(before + 1)
        time.sleep(1.0)
    peak = {pid: (_resident(pid, "VmHWM") - rest[pid]) / size for pid in pids}
    readers = max(peak[pid] for pid in pids if pid != ours.pid)
    print(f"\na mail of {size / MIB:.1f} MiB through the daemon: taken in {took:.1f} s; above the {rest[ours.pid] / MIB:.0f} MiB at rest")
    print(f"the daemon grows by {peak[ours.pid]:.1f} times the mail at its peak and keeps {(_resident(ours.pid, 'VmRSS') - rest[ours.pid]) / size:.1f};")
    print(f"a reader grows by {readers:.1f}")


def _resident(pid: int, field: str) -> int:
    """VmRSS or VmHWM of a process, octets."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(field))


if __name__ == "__main__":
    try:
        main()
    except (TimeoutError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"the measurement failed: {error}") from None
