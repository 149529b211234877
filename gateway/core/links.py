"""Meeting links and telephone numbers: what may stand in a company copy, rebuilt from recognised parts.

A link passes only on a platform known here or configured, and only with the parts its platform is known to use: the host, a meeting number or
short room name, and tokens such as `pwd`. No free path, no free query, no fragment, no user information (RFC 3986). Anything else is no link.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

PARAMETER = re.compile(r"[A-Za-z0-9._-]{1,64}")
# host pattern, path pattern, query parameters it may keep. `{name}` is a personal room: judged by `_is_plain_name`.
PLATFORMS: tuple[tuple[str, str, frozenset[str]], ...] = (
    (r"(?:[a-z0-9-]{1,24}\.)?zoom\.us|zoom\.us", r"/(?:j|w|s)/\d{9,12}|/my/{name}|/wc/(?:join/)?\d{9,12}(?:/join)?", frozenset({"pwd"})),
    (r"teams\.live\.com", r"/meet/\d{9,16}", frozenset({"p"})),
    (r"teams\.microsoft\.com", r"/meet/\d{9,16}|/l/meetup-join/[A-Za-z0-9%:@._-]{10,160}(?:/\d{1,16})?", frozenset({"p"})),
    (r"meet\.google\.com", r"/[a-z]{3}-[a-z]{4}-[a-z]{3}|/lookup/[a-z0-9]{8,12}", frozenset({"authuser", "hs"})),
    (r"g\.co", r"/meet/{name}", frozenset()),
    (r"(?:[a-z0-9-]{1,24}\.)?webex\.com", r"/meet/{name}|/join/{name}|/[a-z0-9-]{1,24}/j\.php|/m/[a-f0-9-]{8,36}", frozenset({"mtid", "MTID"})),
    (r"(?:[a-z0-9-]{1,24}\.)?whereby\.com", r"/{name}", frozenset()),
    (r"meet\.jit\.si|(?:[a-z0-9-]{1,24}\.)?8x8\.vc", r"/{name}", frozenset()),
    (r"(?:[a-z0-9-]{1,24}\.)?(?:gotomeet\.me|gotomeeting\.com|meet\.goto\.com|goto\.com)", r"/(?:join/|install/)?\d{9}|/{name}", frozenset()),
    (r"(?:join|call)\.skype\.com|join\.skype\.com", r"/(?:invite/)?[A-Za-z0-9]{8,20}", frozenset()),
    (
        r"(?:[a-z0-9-]{1,24}\.)?doxy\.me|(?:app\.)?around\.co|(?:[a-z0-9-]{1,24}\.)?daily\.co|facetime\.apple\.com|signal\.me|wa\.me",
        r"/{name}|/\+?\d{7,15}",
        frozenset(),
    ),
    (r"bluejeans\.com", r"/\d{6,12}(?:/\d{3,6})?", frozenset()),
    (r"(?:meet|conf|pub)\.[a-z0-9-]{1,30}\.[a-z]{2,10}", r"/\d{6,12}", frozenset()),
)
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{1,38}"
ROOM_WORDS = frozenset(
    (
        "coach coaching room meet meeting video call office lounge studio session sessions with my the hq desk chat drop in online zoom team talk space "
        "welcome dr mr ms pro uk us eu"
    ).split()
)
_COMPILED = tuple(
    (re.compile(host), re.compile(path.replace("{name}", f"(?P<name{n}>{NAME})", 1).replace("{name}", NAME)), keep)
    for n, (host, path, keep) in enumerate(PLATFORMS)
)


def rebuilt_link(text: str, approved: Sequence[str] = (), names: Sequence[str] = ()) -> str:
    """`text` rebuilt from recognised parts, or '' where it is not a clean meeting link. A clean link comes back as it was written.

    `approved`: configured host[/path] prefixes, which pass exactly or with one more meeting number. `names`: words allowed in a room name.
    """
    written = text if "://" in text else "https://" + text
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "").removeprefix("www.")
    if parts.scheme.lower() not in ("https", "http") or port is not None or "@" in parts.netloc or parts.fragment or not host.isascii() or len(text) > 300:
        return ""
    query = _query(parts.query, _kept(host, parts.path, approved, names))
    if query is None:
        return ""
    lead = text[: text.index("://") + 3] if "://" in text else ""
    return f"{lead}{parts.netloc}{parts.path}{query}"


def _kept(host: str, path: str, approved: Sequence[str], names: Sequence[str]) -> frozenset[str] | None:
    """The query parameters that may stay, or None where host and path are not those of a meeting."""
    for prefix in approved:
        bare = prefix.lower().removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/")
        if re.fullmatch(re.escape(bare) + r"(?:/\d{6,14})?/?", host + path.lower().rstrip("/")):
            return frozenset({"pwd", "p"})
    for pattern, shape, keep in _COMPILED:
        if pattern.fullmatch(host) and _is_plain_label(host, names):
            match = shape.fullmatch(path.removesuffix("/") if len(path) > 1 else path)
            if match and all(_is_plain_name(value, names) for value in match.groupdict().values() if value):
                return keep
    return None


def _is_plain_name(room: str, names: Sequence[str]) -> bool:
    """Whether a room name is a name and no sentence: known room words and configured names, and at most one other word beside them.

    One free word alone tells nothing of whose room it is and might tell something else; such a room must be configured.
    """
    known = ROOM_WORDS | {word.lower() for name in names for word in name.split()}
    run = re.compile("(?:" + "|".join(re.escape(word) for word in sorted(known, key=len, reverse=True)) + ")+")  # "robinvalecoaching"
    words = [word for word in re.split(r"[-_.\d]+", room.lower()) if word]
    free = len([word for word in words if not run.fullmatch(word)])
    return len(words) <= 4 and (free == 0 or (free == 1 and len(words) > 1))


def _is_plain_label(host: str, names: Sequence[str]) -> bool:
    """Whether the first label of a platform's host is one word ("us02web", a company's own) or a name; such hosts exist, but a slug could still be read."""
    labels = host.split(".")
    return len(labels) < 3 or "-" not in labels[0] or _is_plain_name(labels[0], names)


def _query(query: str, keep: frozenset[str] | None) -> str | None:
    """The query rebuilt, '' where there is none; None where the link may not pass."""
    if keep is None:
        return None
    if not query:
        return ""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, max_num_fields=8)
    except ValueError:
        return None
    clean = [f"{name}={value}" for name, value in pairs if name in keep and PARAMETER.fullmatch(value) and _is_token(value)]
    return "?" + "&".join(clean) if clean else ""


def _is_token(value: str) -> bool:
    """Whether a parameter looks drawn and not written: no hyphens, no long run of letters of one case, and a digit or capitals in its midst."""
    return "-" not in value and not re.search("[a-z]{7}|[A-Z]{7}", value) and (any(c.isdigit() for c in value) or value[1:] != value[1:].lower())


def is_phone(text: str) -> bool:
    """Whether `text` has the shape of a telephone number or a numeric meeting ID: 7 to 15 digits in groups (ITU-T E.164 gives the upper bound)."""
    if re.fullmatch(r"20\d\d-\d{1,4}|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", text):
        return False  # the number of an invoice, or a date
    if "/" in text and text[0] not in "0+(":
        return False  # "040 / 555 01 77" is one, "2026/2027" is none
    return 7 <= sum(c.isdigit() for c in text) <= 15 and re.fullmatch(r"\+?[\d(][\d ().\-/]{5,24}\d", text) is not None
