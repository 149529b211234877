"""Mutation run over the code that decides: plant one fault at a time and see whether a test notices.

    python tests/mutate.py [MODULE[:LINE] ...]    default: every module of TARGETS; prints the survivors, exits 1 where an unexplained one is left

Each fault is planted in memory, in a forked process, so no file is ever changed. A survivor is a fault that no test noticed: a missing test,
or a change that makes no difference; those are listed in EQUAL with the reason.
"""

from __future__ import annotations

import ast
import copy
import importlib.abc
import importlib.util
import os
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
    ("return client.personal if role is Role.CLIENT_PERSONAL and owner is not None and owner.id == client.id else None", "operand 1 dropped"): _NARROWED,
}
SECONDS = 60  # a fault may loop for ever: that is noticed too

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
    """Line, description and tree of every fault. Docstrings and annotations are no code."""
    for parent, name, position, node in list(_places(tree)):
        for what, new in faults(node):
            siblings = getattr(parent, name)
            if position is None:
                setattr(parent, name, new)
            else:
                siblings[position] = new
            yield getattr(node, "lineno", getattr(parent, "lineno", 0)), what, ast.fix_missing_locations(copy.deepcopy(tree))
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
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self) if fullname == self.module else None

    def exec_module(self, module):
        exec(compile(self.tree, str(self.path), "exec"), module.__dict__)  # our own source, changed by us


def survives(module: str, tree: ast.Module, path: Path, tests: list[str]) -> bool:
    """Run `tests` in a forked process with `tree` in the place of `module`."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        sys.meta_path.insert(0, _Planted(module, tree, path))
        import pytest

        os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-o", "filterwarnings=", *tests])))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def main(modules: list[str]) -> int:
    """The run. Imports the test tools once; the code under test only in the forks."""
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    import hypothesis
    import pytest  # noqa: F401 - imported once, so that each fork need not

    hypothesis.settings.register_profile("mutate", max_examples=30, derandomize=True, database=None, deadline=None)
    hypothesis.settings.load_profile("mutate")
    left = 0
    for argument in modules or list(TARGETS):
        module, _, only = argument.partition(":")
        path = ROOT / f"{module.replace('.', '/')}.py"
        started, total, alive = time.monotonic(), 0, 0
        if not survives(module, ast.parse(path.read_text("utf-8")), path, TARGETS[module]):
            print(f"{module}: its tests fail without any fault planted")
            return 2
        for line, what, tree in mutants(ast.parse(path.read_text("utf-8"))):
            if only and line != int(only):
                continue
            total += 1
            if survives(module, tree, path, TARGETS[module]):
                source = path.read_text("utf-8").splitlines()[line - 1].strip()
                reason = EQUAL.get((source.partition("  #")[0], what))
                alive += reason is None
                print(f"{module}:{line}: {what}: {'equal: ' + reason if reason else 'SURVIVED'}: {source}", flush=True)
        print(f"{module}: {total} faults, {alive} unexplained survivors, {time.monotonic() - started:.0f} s", flush=True)
        left += alive
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
