"""Mutation run over the code that decides: plant one fault at a time and see whether a test notices.

    python tests/mutate.py [--sample N [--seed S]] [MODULE[:LINE] ...]    default: every module of TARGETS

It prints the survivors and exits 1 where an unexplained one is left; `--sample` plants N of the faults only, the same ones for the same seed.

Each fault is planted in memory, in a forked process, so no file is ever changed. A survivor is a fault that no test noticed: a missing test,
or a change that makes no difference; those are listed in EQUAL with the reason.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGETS = {
    "gateway.core.audience": ["tests/core/test_audience.py"],
    "gateway.core.decide": ["tests/core/test_decide.py"],
    "gateway.core.plan": ["tests/core/test_plan.py"],
    "gateway.core.policy": ["tests/core/test_policy.py", "tests/policies/test_page.py", "tests/core/test_decide.py"],
}
PARTS = "company frames gate judge language ownership places proof relations sentences spans taught times tokens".split()
# the tests of any part may notice a fault in another; those that notice most come first
SHOWN_BY = "gate frames ownership times places sentences tokens language relations company proof taught".split()
RECOGNISER = [f"tests/core/test_recognise{part}.py" for part in ("", *(f"_{part}" for part in SHOWN_BY))]
TARGETS["gateway.core.recognise"] = RECOGNISER
TARGETS |= {  # its own tests first
    f"gateway.core.recognise.{part}": sorted(RECOGNISER, key=lambda name, part=part: not name.endswith(f"_{part}.py")) for part in PARTS
}
TARGETS |= {f"gateway.core.{name}": [f"tests/core/test_{name}.py", *RECOGNISER] for name in ("pack", "vocabulary", "phrases")}
_WORDING = "a word that is only shown"
_EVEN = "both are as long by construction"
_NARROWED = "for the type checker: the condition before it implies this one"
EQUAL = {
    ('NO_RULE = "No rule covers this, so it waits for you."', "'No rule covers this, so ' -> +'x'"): "a wording",
    ("if state.key is None or client is None or client.personal is None:", "operand 1 dropped"): _NARROWED,
    ("if state.key is None or client is None or client.personal is None:", "operand 2 dropped"): _NARROWED,
    ('name = ("client", waiter.id) if waiter else ("path", recipient.forward_path.path)', "'client' -> +'x'"): "any two different words do",
    ('name = ("client", waiter.id) if waiter else ("path", recipient.forward_path.path)', "'path' -> +'x'"): "any two different words do",
    ("return (0 if self.file.startswith(LOCAL) else 2 if self.file == FLOOR else 1, self.file, self.id)", "2 -> 3"): "any number above the topics' does",
    ('return hashlib.sha256(json.dumps([rules, codes], separators=(",", ":")).encode("ascii")).hexdigest()', "':' -> +'x'"): "no JSON object is written",
    ('self.say(key, f"needs a text of at least {least} character{\'s\' if least > 1 else \'\'}")', "1 -> 2"): "nobody asks for two characters",
    ('return _Table(file, {"policy": {"name": "unread", "title": "unread"}}, problems)', "'unread' -> +'x'"): "never shown: the problem is raised",
    ("canonical = lru_cache(maxsize=4096)(_canonical)", "4096 -> 4097"): "the size of a memory of pure results",
    ('MARKS = frozenset({"!", ".", "?", ")", "(", "\\u2026", "\\u00bf", "\\u00a1"})', "'\u2026' -> +'x'"): "reading the text has made three full stops of it",
    ("at: list[dict[tuple[int, int], Thread]] = [{} for _ in range(size + 1)]", "1 -> 2"): "one empty place more is never looked at",
    ('YOURS = "other: you"', "'other: you' -> +'x'"): _WORDING,
    ('BREAKS = frozenset(";:()\\u2013\\u2014=,")', "';:()\u2013\u2014=,' -> +'x'"): "a lone x is no word of any sentence",
    ("def phrase_in(lows: Sequence[str], entries: frozenset[str], longest: int = 3) -> str:", "3 -> 4"): "no entry has four words",
    ("for end in range(index + 2, min(index + longest, len(lows)) + 1):", "1 -> 2"): "no entry has four words",
    ("for end in range(index + 2, min(index + longest, len(lows)) + 1):", "Add -> Sub"): "shorter pieces are no entry of several words",
    ("if entries.isdisjoint(lows) and openers.isdisjoint(lows):", "if never"): "only saves time",
    ("if low in openers:", "if always"): "only saves time",
    ('return frozenset(entry.partition(" ")[0] for entry in entries if " " in entry)', "filter dropped"): "only saves time",
    ("if inside[index] or index == bounds[-1]:", "operand 1 dropped"): "an empty clause is left out later",
    ("ranges = zip(bounds, [*bounds[1:], len(tokens)], strict=True)", "True -> False"): _EVEN,
    ("lows = [t.low for n, (t, within) in enumerate(zip(tokens, inside, strict=True)) if not within and n not in ours]", "True -> False"): _EVEN,
    ('outside = [t for t, within in zip(tokens[begin:end], inside[begin:end], strict=True) if not within and t.kind != "sign"]', "True -> False"): _EVEN,
    ('return ""', "return None"): "the type checker notices; all callers ask only whether it is empty",
    ("return '\"'", "'\"' -> +'x'"): _WORDING,
    ('return f"{low} {after}"', "' ' -> +'x'"): _WORDING,
    ('return f"{low} {verb}"', "' ' -> +'x'"): _WORDING,
    ('blocked = "loose place"', "'loose place' -> +'x'"): _WORDING,
    ('blocked = "duration"', "'duration' -> +'x'"): _WORDING,
    ("blocked = piece.tokens[span.begin - 1].low", "Sub -> Add"): _WORDING,
    ("blocked = piece.tokens[span.begin - 1].low", "1 -> 2"): _WORDING,
    ('opener = next((low for low in lows if low not in words["stop_openers"]), "")', "'' -> +'x'"): "a word of no list",
    ("within = [c for c in parts if c.begin < span.end and c.end > span.begin]", "Gt -> GtE"): "no clause ends where a span begins: the break stands between",
    ('clause, blocked = within[0], next((c.blocked for c in within if c.blocked), "")', "filter dropped"): "a span lies in one clause",
    ("told = [span for span in spans if span.begin < size and not (span.kind is FactKind.PLACE and span.weak)]", "Lt -> LtE"): "no fact begins there",
    ("at = found + 1", "1 -> 2"): "two places one character apart are not both between words",
    ("return character.isalnum() or character == \"_\"", "operand 1 dropped"): "a lone _ is no word of a template either",
    ("return character.isalnum() or character == \"_\"", "'_' -> +'x'"): "a lone _ is no word of a template either",
    ('return following.blocked or ":"', "operand 0 dropped"): _WORDING,
    ('return following.blocked or ":"', "':' -> +'x'"): _WORDING,
    ('before = tokens[span.begin - 1].low if span.begin else ""', "'' -> +'x'"): "a word of no list",
    ("return client.personal if role is Role.CLIENT_PERSONAL and owner is not None and owner.id == client.id else None", "operand 1 dropped"): _NARROWED,
}
SECONDS = 60  # a fault may loop for ever: that is noticed too, after this time or after some times what the tests take without a fault

SWAPS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.And: (ast.Or,), ast.Or: (ast.And,), ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.BitOr: (ast.BitAnd,),
}  # fmt: skip


def faults(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Every replacement for `node` itself: what changed, and the new node."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in SWAPS:
            for other in SWAPS[type(op)]:
                yield f"{type(op).__name__} -> {other.__name__}", _with(node, ops=[other()])
        case ast.BoolOp(op=op, values=values):
            yield f"{type(op).__name__} -> {SWAPS[type(op)][0].__name__}", _with(node, op=SWAPS[type(op)][0]())
            for n in range(len(values)):
                rest = values[:n] + values[n + 1 :]
                yield f"operand {n} dropped", rest[0] if len(rest) == 1 else _with(node, values=rest)
        case ast.BinOp(op=op) if type(op) in SWAPS:
            yield f"{type(op).__name__} -> {SWAPS[type(op)][0].__name__}", _with(node, op=SWAPS[type(op)][0]())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not dropped", operand
        case ast.IfExp(body=body, orelse=orelse):
            yield "always the first", body
            yield "always the second", orelse
        case ast.If(body=body, orelse=orelse):
            yield "if always", _with(node, test=ast.Constant(True))
            yield "if never", _with(node, test=ast.Constant(False))
        case ast.comprehension(ifs=[_, *_]):
            yield "filter dropped", _with(node, ifs=[])
        case ast.Constant(value=bool() as value):
            yield f"{value} -> {not value}", ast.Constant(not value)
        case ast.Constant(value=int() as value):
            yield f"{value} -> {value + 1}", ast.Constant(value + 1)
        case ast.Constant(value=str() as value):
            yield f"{value[:24]!r} -> +'x'", ast.Constant(value + "x")
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield "return None", ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call()) | ast.AugAssign():
            yield "statement dropped", ast.Pass()
        case ast.Attribute(value=ast.Name(id="Role" | "Action" | "Kind" as enum), attr=attr):
            other = {"Role": "UNKNOWN", "Action": "DELIVER", "Kind": "OPAQUE"}[enum]
            if attr != other:
                yield f"{enum}.{attr} -> {other}", _with(node, attr=other)


def _with(node: ast.AST, **changes: object) -> ast.AST:
    new = copy.copy(node)
    for name, value in changes.items():
        setattr(new, name, value)
    return new


def mutants(tree: ast.Module) -> Iterator[tuple[int, str, ast.Module]]:
    """Line, description and tree of every fault; each tree holds until the next is asked for. Docstrings and annotations are no code."""
    for parent, name, position, node in list(_places(tree)):
        for what, new in faults(node):
            siblings = getattr(parent, name)
            if position is None:
                setattr(parent, name, new)
            else:
                siblings[position] = new
            yield getattr(node, "lineno", getattr(parent, "lineno", 0)), what, ast.fix_missing_locations(tree)
            if position is None:
                setattr(parent, name, node)
            else:
                siblings[position] = node


def _places(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for position, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
                continue
            yield node, name, position, child
            yield from _places(child)


class _Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a tree instead of its file."""

    def __init__(self, module: str, tree: ast.Module, path: Path) -> None:
        self.module, self.tree, self.path = module, tree, path

    def find_spec(self, fullname, path, target=None):
        folder = [str(self.path.parent)] if self.path.name == "__init__.py" else None  # a package finds its modules there
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self, submodule_search_locations=folder) if fullname == self.module else None

    def exec_module(self, module):
        exec(compile(self.tree, str(self.path), "exec"), module.__dict__)  # our own source, changed by us


def survives(module: str, tree: ast.Module, path: Path, tests: list[str], seconds: int = SECONDS) -> bool:
    """Run `tests` in a forked process with `tree` in the place of `module`."""
    child = os.fork()
    if child == 0:
        signal.alarm(seconds)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        sys.meta_path.insert(0, _Planted(module, tree, path))
        import pytest

        os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--timeout=0", "-o", "filterwarnings=", *tests])))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def read_packs_once() -> None:
    """Load the language packs before the forks, for faults in modules that have no part in loading them: half a second a fault."""
    from gateway.core import vocabulary
    from tests.policies.cast import shipped

    folder = ROOT / "policies/languages"
    texts = {str(f.relative_to(folder)): f.read_text("utf-8") for f in folder.rglob("*.toml")}
    packs, load = vocabulary.load_packs(texts, platforms=shipped().platforms), vocabulary.load_packs
    vocabulary.load_packs = lambda files, *more, **named: packs if files == texts else load(files, *more, **named)


def drawn(modules: list[str], sample: int | None, seed: int) -> dict[str, set[int]]:
    """The numbers of the faults to plant, by argument: all of them, or `sample` over all arguments together."""
    every = []
    for argument in modules:
        module, _, only = argument.partition(":")
        lines = [line for line, _, _ in mutants(ast.parse(_path(module).read_text("utf-8")))]
        every += [(argument, number) for number, line in enumerate(lines) if not only or line == int(only)]
    if sample is not None:
        every = random.Random(seed).sample(every, min(sample, len(every)))
    return {argument: {number for name, number in every if name == argument} for argument in modules}


def _path(module: str) -> Path:
    path = ROOT / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def survivors(module: str, numbers: set[int], seconds: int) -> int:
    """Plant the faults of these numbers in `module`, print which were not noticed, and count those without a reason."""
    path, alive, started = _path(module), 0, time.monotonic()
    source = path.read_text("utf-8")
    for number, (line, what, tree) in enumerate(mutants(ast.parse(source))):
        if number in numbers and survives(module, tree, path, TARGETS[module], seconds):
            text = source.splitlines()[line - 1].strip()
            reason = EQUAL.get((text.partition("  #")[0], what))
            alive += reason is None
            print(f"{module}:{line}: {what}: {'equal: ' + reason if reason else 'SURVIVED'}: {text}", flush=True)
    print(f"{module}: {len(numbers)} faults, {alive} unexplained survivors, {time.monotonic() - started:.0f} s", flush=True)
    return alive


def main(arguments: list[str]) -> int:
    """The run. Imports the test tools once; the code under test only in the forks."""
    parser = argparse.ArgumentParser(description="Plant faults and see whether the tests notice.")
    parser.add_argument("modules", nargs="*", default=list(TARGETS), metavar="MODULE[:LINE]")
    parser.add_argument("--sample", type=int, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    import hypothesis
    import pytest  # noqa: F401 - imported once, so that each fork need not

    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)  # one failure is enough: nobody reads the smallest
    hypothesis.settings.register_profile("mutate", max_examples=30, derandomize=True, database=None, deadline=None, phases=phases)
    hypothesis.settings.load_profile("mutate")
    if all(argument.startswith("gateway.core.recognise") for argument in asked.modules):
        read_packs_once()
    left = 0
    for argument, numbers in drawn(asked.modules, asked.sample, asked.seed).items():
        module = argument.partition(":")[0]
        began = time.monotonic()
        if not survives(module, ast.parse(_path(module).read_text("utf-8")), _path(module), TARGETS[module]):
            print(f"{module}: its tests fail without any fault planted")
            return 2
        left += survivors(module, numbers, min(SECONDS, 4 + int(3 * (time.monotonic() - began))))
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
