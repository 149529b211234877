"""A TOML file read against a pydantic model: the value, or every problem of the file at once.

A problem reads `config.toml: relay.port: 70000 is above 65535`: file, key, what is wrong. Nothing is guessed or converted (text is no number),
unknown keys are problems, and the value of an unknown key is never repeated: it may be a password. Used for config.toml and for client files.
"""

from __future__ import annotations

import copy
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from gateway.core.address import parse_mailbox
from gateway.core.model import Mailbox
from gateway.errors import ConfigurationError

CREDENTIAL = "credential:"  # a file handed over by systemd (LoadCredential=), named by its credential
_M = TypeVar("_M", bound="Section")


class Section(BaseModel):
    """A TOML table. `faults` yields (key, sentence) for what its fields, each valid alone, get wrong together."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, arbitrary_types_allowed=True)

    def faults(self) -> Iterator[tuple[str, str]]:
        """Nothing, unless a section knows better."""
        yield from ()

    @model_validator(mode="after")
    def _no_faults(self) -> Section:
        if faults := tuple(self.faults()):
            raise PydanticCustomError("faults", "faults", {"faults": faults})
        return self


def read(path: Path, model: type[_M]) -> _M:
    """The file at `path` as a `model`. Relative paths inside count from the file's own folder.

    Raises `errors.ConfigurationError` with one sentence for every problem found.
    """
    table = _table(path)
    context = {"folder": path.absolute().parent}
    try:
        return model.model_validate(table, context=context)
    except ValidationError as first:
        found = list(_problems(first, model))
        # a section's own check runs only once its fields are valid: look again without the bad ones to see what they hid
        try:
            model.model_validate(_without(table, first), context=context)
        except ValidationError as second:
            found += _problems(second, model, only="faults")
    raise ConfigurationError(tuple(f"{path.name}: {key}: {text}" for key, text in _first_of_each(found))) from None


def _first_of_each(found: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The problems less those that only follow from another one: a key that was named already, a list whose items were."""
    named: set[str] = set()
    for key, text in found:
        if key not in named:
            yield key, text
        named |= {key, re.sub(r"(\[\d+\])$", "", key)}


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise ConfigurationError((f"{path.name}: cannot be read: {error.strerror} ({path})",)) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError((f"{path.name}: is not UTF-8 text (octet {error.start})",)) from None
    except tomllib.TOMLDecodeError as error:
        said = re.fullmatch(r"(?s)(.*) \(at (line \d+, column \d+|end of document)\)", str(error))
        problem = f"{said[2]}: {said[1]}" if said else str(error)
        raise ConfigurationError((f"{path.name}: {problem}",)) from None


def _without(table: dict[str, Any], error: ValidationError) -> dict[str, Any]:
    """`table` less every value that `error` names; a list with a bad item goes as a whole."""
    rest = copy.deepcopy(table)
    for item in error.errors(include_url=False):
        node: Any = rest
        for step in item["loc"]:
            below = node.get(step) if isinstance(node, dict) else None
            if not isinstance(below, dict) and isinstance(node, dict):
                node.pop(step, None)
                break
            node = below
    return rest


def _problems(error: ValidationError, model: type[BaseModel], only: str = "") -> Iterator[tuple[str, str]]:
    for item in error.errors(include_url=False):
        key = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in item["loc"]).lstrip(".")
        if item["type"] == "faults":
            yield from ((f"{key}.{name}".lstrip("."), text) for name, text in item["ctx"]["faults"])
        elif not only:
            yield key, _sentence(item, model)


_SENTENCES = {
    "missing": "is missing",
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list in square brackets",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}


def _sentence(item: Mapping[str, Any], model: type[BaseModel]) -> str:
    kind, value, facts = item["type"], item["input"], item.get("ctx", {})
    if kind in ("greater_than_equal", "less_than_equal"):
        return f"{value} is below {facts['ge']}" if kind == "greater_than_equal" else f"{value} is above {facts['le']}"
    if kind == "literal_error":
        return f"{value!r} is none of {facts['expected']}".replace(" or ", ", ") if isinstance(value, str) else f"must be one of {facts['expected']}"
    if kind == "extra_forbidden":
        near = get_close_matches(str(item["loc"][-1]), _keys(model, item["loc"][:-1]), 1)
        return f"unknown key, did you mean {near[0]!r}?" if near else "unknown key"
    if kind == "value_error":
        return str(facts["error"])
    return _SENTENCES.get(kind, str(item["msg"]))


def _keys(model: Any, steps: tuple[Any, ...]) -> tuple[str, ...]:
    """Known keys of the table that `steps` leads to."""
    for step in steps:
        if isinstance(step, str):
            model = model.model_fields[step].annotation
        model = next((a for a in get_args(model) if isinstance(a, type) and issubclass(a, BaseModel)), model)
    return tuple(model.model_fields)


# ------------------------------------------------------------------------------------------------ kinds of values
def _mailbox(value: object) -> Mailbox:
    if not isinstance(value, str):
        raise ValueError("must be an address in quotes")
    try:
        mailbox: Mailbox = parse_mailbox(value)
    except ValueError:
        raise ValueError(f"{value!r} is not an address of the form name@domain") from None
    return mailbox


def _path(value: object, info: ValidationInfo) -> Path:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a path in quotes")
    if not value.startswith(CREDENTIAL):
        return Path((info.context or {}).get("folder", "/"), Path(value).expanduser())
    name, folder = value.removeprefix(CREDENTIAL), os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder or not re.fullmatch(r"[A-Za-z0-9._-]+", name) or name.startswith("."):
        raise ValueError(f"{value!r} can only be read by a service that systemd started with LoadCredential={name}:...")
    return Path(folder, name)


def _absolute(value: object, info: ValidationInfo) -> Path:
    if isinstance(value, str) and value and not Path(value).is_absolute():
        raise ValueError(f"{value!r} is not an absolute path")
    return _path(value, info)


def _readable(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    if not os.access(path, os.R_OK):
        raise ValueError(f"{path} may not be read by this user")
    return path


def closed(path: Path) -> Path:
    """`path`, unless it exists and others may read it. Raises ValueError."""
    if path.parent == Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nowhere")):
        return path  # systemd guards this folder, with modes of its own
    if path.exists() and (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077:
        raise ValueError(f"{path} is open to others (mode {mode:04o}): chmod 600 it")
    return path


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError(f"there is no folder {path}")
    return path


AddressText = Annotated[Mailbox, BeforeValidator(_mailbox)]
AbsolutePath = Annotated[Path, BeforeValidator(_absolute)]
ReadableFile = Annotated[Path, BeforeValidator(_path), AfterValidator(_readable)]
SecretFile = Annotated[Path, BeforeValidator(_path), AfterValidator(_readable), AfterValidator(closed)]
FutureSecret = Annotated[Path, BeforeValidator(_path), AfterValidator(closed)]
Folder = Annotated[Path, BeforeValidator(_path), AfterValidator(_folder)]
Text = Annotated[str, Field(min_length=1)]
Tls = Literal["none", "starttls", "implicit"]
