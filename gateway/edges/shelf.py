"""The shipped policies and language packs as texts, and the coach's own rules beside them. Reads files; judges nothing."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
# a wheel carries the folder inside the package; a checkout has it beside the package
SHIPPED = _PACKAGE / "_policies" if (_PACKAGE / "_policies").is_dir() else _PACKAGE.parent / "policies"


def policy_texts(local: Path | None = None) -> dict[str, str]:
    """Name below the policies folder -> TOML text; files of `local` are named "local/...". Raises OSError, UnicodeDecodeError."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in sorted(SHIPPED.glob("*.toml"))}
    if local is not None:
        texts |= {f"local/{file.name}": file.read_text(encoding="utf-8") for file in sorted(local.glob("*.toml"))}
    return texts


def platform_text() -> str:
    """The meeting platforms, which are among the policies too: the reading processes get them by themselves."""
    return (SHIPPED / "meeting-platforms.toml").read_text(encoding="utf-8")


def language_texts() -> dict[str, str]:
    """Name below the languages folder ("en/times.toml") -> TOML text."""
    folder = SHIPPED / "languages"
    return {file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*.toml"))}
