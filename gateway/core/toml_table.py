"""A TOML table of the policies, read so that every problem is named at once, each with the place it stands in. Pure: the text is handed over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class Table:
    """One TOML table and where it stands. A wrong key or word is noted and read as empty, so that the rest is checked too."""

    where: str
    values: Mapping[str, object]
    problems: list[str]

    def say(self, key: str, problem: str) -> None:
        """Note a problem of this table."""
        self.problems.append(f"{self.where}: {key}: {problem}")

    def only(self, keys: set[str]) -> None:
        """Note every other key."""
        for key in sorted(set(self.values) - keys):
            self.say(key, f"unknown key; known are {', '.join(sorted(keys))}")

    def text(self, key: str, least: int = 1) -> str:
        """A text of at least `least` characters."""
        value = self.values.get(key, "")
        if not isinstance(value, str) or len(value.strip()) < least:
            self.say(key, f"needs a text of at least {least} character{'s' if least > 1 else ''}")
            return ""
        return value.strip()

    def texts(self, key: str, known: Iterable[str] | None = None, *, optional: bool = False) -> tuple[str, ...]:
        """A list of texts, each of `known` where that is given."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value) or not (value or optional):
            self.say(key, "needs a list of one or more texts")
            return ()
        return tuple(word for word in value if known is None or self.is_known(key, word, tuple(known)))

    def flag(self, key: str) -> bool:
        """True or false; false where it is not given."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.say(key, "must be true or false")
        return value is True

    def is_known(self, key: str, word: str, known: tuple[str, ...]) -> bool:
        """Whether `word` is one of `known`; noted where it is not."""
        if word not in known:
            self.say(key, f'unknown word "{word}"; known are {", ".join(known)}')
        return word in known

    def tables(self, key: str, *, single: bool = False) -> Iterator[Table]:
        """The tables under `key`; a `single` one must stand there and is written `[key]`, others `[[key]]`."""
        value = self.values.get(key, [])
        tables = [value] if single else value
        if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
            self.say(key, f"needs a table [{key}]" if single else f"is a list of tables [[{key}]]")
            return
        for number, values in enumerate(tables, 1):
            name = next((v for k in ("id", "code", "name", "owner") if isinstance(v := values.get(k), str) and v.strip()), f"{key} {number}")
            yield Table(f"{self.where}: {name}", values, self.problems)
