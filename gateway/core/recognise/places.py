"""Place shapes: "Room 12", "third floor", "44 Beacon Street", "the Burton Room", configured places. Lists of nouns come from the pack; the shapes are here.

A capitalised word alone is never a place: it may be a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from gateway.core.model import RecogniserContext
from gateway.core.pack import Pack, Packs
from gateway.core.recognise.tokens import Token, is_foreign_script, normalise, scan

NO_NAMES = ("function", "cues", "soft_cues", "first_person", "you", "your", "third_person", "telling_places")
LONGEST_NAME = 10  # letters of a name in a script without capitals
DOTS = ("\u30fb", "\u00b7")  # between the words of a foreign name
QUOTES = {"\u300c": "\u300d", "\u300e": "\u300f", "\u201c": "\u201d"}


def place_spans(tokens: Sequence[Token], context: RecogniserContext, pack: Pack) -> Iterator[tuple[int, int, bool]]:
    """(begin, end, weak) of every place, longest first at each position; weak: guessed from a capital behind "at" or "in"."""
    words = pack.words
    configured = _configured_places(context.places)
    index = 0
    while index < len(tokens):
        known = _configured(tokens, index, configured) if configured else index
        if known == index and not _may_open(tokens[index], pack):
            index += 1
            continue
        end = max(known, _shape(tokens, index, pack), _named(tokens, index, pack), _named_in_quotes(tokens, index, pack))
        if end == index:
            end = _street(tokens, index, pack)
        while end > index and end + 1 < len(tokens):
            step = end + (tokens[end].text in ",/(+&" or tokens[end].low in words["place_links"])
            step += end < step < len(tokens) - 1 and tokens[step].low in words["ordinal_articles"]  # "the Nightingale suite on the ground floor"
            if step == end and pack.writing.spaced:
                break
            more = max(_configured(tokens, step, configured), _shape(tokens, step, pack), _named(tokens, step, pack), _quoted(tokens, step, pack))
            if step == end:  # "タワー" + "2F", "南京西路" + "1266" + "号"
                more = max(more, step + (tokens[step].low in words["place_heads_after"]), _house(tokens, step, pack))
            if more <= step:
                break
            end = more + (1 if tokens[end].text == "(" and more < len(tokens) and tokens[more].text == ")" else 0)
        if end > index:
            yield index - (1 if index and tokens[index - 1].low in words["place_adjectives"] else 0), end, False
        else:
            end = _guess(tokens, index, pack)
            if end > index:
                yield index, end, True
        index = max(end, index + 1)


def is_place(text: str, context: RecogniserContext, packs: Packs) -> bool:
    """Whether a short text of any language is a place and nothing else, and none that tells more than where one meets."""
    for pack in packs.packs:
        tokens = scan(normalise(text), pack)
        told = {n for begin, end, weak in place_spans(tokens, context, pack) if not weak for n in range(begin, end)}
        telling = any(t.low in other.words["telling_places"] for other in packs.packs for t in tokens)
        if told and not telling and all(n in told or t.kind == "sign" and t.text in ",;()-/." for n, t in enumerate(tokens)):
            return not is_foreign_script(text)
    return False


def _may_open(token: Token, pack: Pack) -> bool:
    """Whether a place of any shape can begin with `token`: hardly any word can, so that most of a text is passed over."""
    words = pack.words
    heads = ("place_heads_before", "place_heads_named", "ordinal_words", "place_modifiers")
    return any(token.low in words[name] for name in heads) or token.capital or token.kind != "word" or token.caseless


@lru_cache(maxsize=8)  # one configuration, asked for with every sentence
def _configured_places(places: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The configured places as they are compared, by their first letter."""
    written = [" ".join(normalise(place).lower().split()) for place in places]
    return {letter: tuple(place for place in written if place[:1] == letter) for letter in {place[0] for place in written if place}}


def _capitals(tokens: Sequence[Token], index: int, most: int, pack: Pack) -> int:
    """End of a run of at most `most` capitalised words that are no words of time."""
    words, end = pack.words, index
    while end < len(tokens) and end < index + most and tokens[end].capital and tokens[end].kind == "word" and len(tokens[end].text) > 1:
        if any(tokens[end].low in words[name] for name in ("weekdays", "months", "function")) or (
            tokens[end].low in words["zones"] and tokens[end].text.isupper()
        ):
            break
        end += 1
        joined = tokens[end : end + 2]  # "métro Bir-Hakeim", "boulevard Saint-Laurent"
        if len(joined) == 2 and joined[0].text == "-" and joined[1].capital and not (joined[0].spaced or joined[1].spaced):
            end, most = end + 2, most + 2
    return end


def _street(tokens: Sequence[Token], index: int, pack: Pack) -> int:
    """End of "44 Beacon" or "Reforma 222" where a floor or room follows behind a comma; `index` where it is none."""
    first = index + 1 if tokens[index].kind == "number" else index
    end = _capitals(tokens, first, 3, pack)
    if first < end and first == index:
        end = end + 1 if end < len(tokens) and tokens[end].kind == "number" and len(tokens[end].text) <= 4 else first
    known = end > first and end + 1 < len(tokens) and tokens[end].text == "," and _shape(tokens, end + 1, pack) > end + 1
    return end if known else index


def _guess(tokens: Sequence[Token], index: int, pack: Pack) -> int:
    """End of a capitalised name that stands where a place stands: "9:00 at Philz", "I'm in Sandton"."""
    words = pack.words
    at = index - 2 if index > 1 and tokens[index - 1].low in words["ordinal_articles"] else index - 1
    if at < 0 or tokens[at].low not in words["place_prepositions"]:
        return index
    before = tokens[at - 1] if at > 0 else None
    leads = ("weekdays", "meridiem", "day_words", "clock_words", "day_parts", "zones", "place_verbs")
    if before is None or not (before.kind in ("clock", "ordinal", "meridiem", "number", "zone") or any(before.low in words[name] for name in leads)):
        return index
    if (before.kind in ("clock", "meridiem") or before.low in words["meridiem"]) and tokens[index].low in words["zones"]:
        return index  # "18:00 in London" is a time
    end = _capitals(tokens, index, 3, pack)
    numbered = end > index and end < len(tokens) and tokens[end].kind in ("number", "code") and len(tokens[end].text) <= 3
    return end + 1 if numbered and not _counts(tokens, end, pack) else end  # "in Skyline 2"


def _configured(tokens: Sequence[Token], index: int, configured: Mapping[str, tuple[str, ...]]) -> int:
    """End of the longest configured place that stands at `index`, letter by letter: each language cuts it into other words ("L'Atelier")."""
    longest = index
    for place in configured.get(tokens[index].text[:1].lower(), ()):
        end, read = index, ""
        while end < len(tokens) and len(read) < len(place):
            read += " " * (end > index and tokens[end].start > tokens[end - 1].end) + tokens[end].text.lower()
            end += 1
        longest = max(longest, end if read == place else index)
    return longest


def _named(tokens: Sequence[Token], index: int, pack: Pack) -> int:
    """End of a head with the name behind it ("salle Bonaparte", "rue des Lilas 12", "Café Adler"), or of a word that ends like a street ("Lindenweg 4")."""
    words, size = pack.words, len(tokens)
    end = index + 1
    if tokens[index].low in words["place_heads_named"]:
        while end < size and end < index + 4 and tokens[end].low in words["place_particles"]:
            end += 1
        nested = _named(tokens, end, pack) if index + 1 < end < size and tokens[end].low in words["place_heads_named"] else end
        if nested > end:  # "bar de l'hôtel Adler"
            return nested
        named = max(_capitals(tokens, end, 4, pack), _unknown(tokens, end, pack), _quoted(tokens, end, pack))
        if named == end and not (end == index + 1 and end < size and tokens[end].kind in ("number", "code")):
            return index
        while named < size and tokens[named].low in words["place_particles"]:  # "Plaza Mayor de Salas"
            more = max(_capitals(tokens, named + 1, 3, pack), _unknown(tokens, named + 1, pack))
            if more == named + 1:
                break
            named = more
        end = named
    elif tokens[index].capital and tokens[index].text.lower().endswith(tuple(words["place_endings"])) and tokens[index].low not in pack.known:
        end += end + 1 < size and tokens[end].text == "." and not tokens[end].spaced and tokens[end + 1].kind == "number"  # "Kaiserstr. 5"
    else:
        return index
    comma = end < size and tokens[end].text == ","
    number = end + comma
    if number < size and tokens[number].kind in ("number", "code") and len(tokens[number].text) <= 4 and not _counts(tokens, number, pack):
        return number + 1
    return end


def _counts(tokens: Sequence[Token], number: int, pack: Pack) -> bool:
    """Whether the number at `number` counts hours, minutes, the days of a month or floors ("2a planta") or begins an address ("5 rue"): none of a house."""
    after = tokens[number + 1].low if number + 1 < len(tokens) else ""
    floors = after in pack.words["place_heads_before"] and not (number + 2 < len(tokens) and _is_number(tokens[number + 2], pack))
    return floors or any(after in pack.words[name] for name in ("meridiem", "units", "months", "long_units", "place_openers"))


def _is_number(token: Token, pack: Pack) -> bool:
    return token.kind in ("number", "code", "ordinal") or token.low in pack.words["ordinal_words"] or token.low in pack.words["place_modifiers"]


def _unknown(tokens: Sequence[Token], index: int, pack: Pack) -> int:
    """End of one word that may be a name in a script without capitals: no function word, no word of time, nothing telling; `index` where it is none.

    The pack may know it: streets and halls are named after all sorts of words.
    """
    if index >= len(tokens) or not tokens[index].caseless or not tokens[index].spaced or len(tokens[index].text) > LONGEST_NAME:
        return index
    low = tokens[index].low
    timely = low in pack.timely and len(low) > 1  # a single letter may be part of a longer name: "月" + "坛"
    return index + (not timely and not any(low in pack.words[name] for name in NO_NAMES))


def _quoted(tokens: Sequence[Token], index: int, pack: Pack) -> int:
    """End of a name of at most three words in the brackets that quote in East Asia; `index` where there is none."""
    if index >= len(tokens) or tokens[index].text not in QUOTES:
        return index
    end = next((n for n in range(index + 2, min(index + 9, len(tokens))) if tokens[n].text == QUOTES[tokens[index].text]), 0)
    name = [t for t in tokens[index + 1 : end] if t.text not in DOTS]
    telling = any(t.low in pack.words[barred] for t in name for barred in ("telling_places", "foreign_hard"))
    return end + 1 if end and len(name) <= 3 and not telling else index


def _named_in_quotes(tokens: Sequence[Token], index: int, pack: Pack) -> int:
    """End of a quoted name that says itself that it is one of a place ("「カフェ・リヨン」"); `index` where it does not."""
    end = _quoted(tokens, index, pack)
    heads = (*pack.words["place_heads_named"], *pack.words["place_heads_after"])
    return end if end > index and (tokens[index + 1].low in heads or tokens[end - 2].low in heads) else index


def _house(tokens: Sequence[Token], index: int, pack: Pack) -> int:
    """End of the number of a house behind its street, where the word for it may also make a number a day ("1266号"); `index` where there is none."""
    numbered = tokens[index].kind == "number" and index + 1 < len(tokens) and tokens[index + 1].low in pack.words["place_endings"]
    return index + 2 if numbered else index


def _headed(tokens: Sequence[Token], index: int, pack: Pack) -> int:
    """End of a name before its head in a script without capitals ("長江" + "庁", "गंगा" + "कक्ष", "国贸" + "26" + "层"); `index` where a place cannot begin."""
    words, size, before = pack.words, len(tokens), tokens[index - 1] if index else None
    begins = before is None or before.kind != "word" or before.low in pack.timely or before.low in words["place_leads"] | words["place_heads_after"]
    if begins and not pack.writing.spaced and tokens[index].low in words["place_heads_after"] and tokens[index].text[0].isascii():
        return index + 1  # "B座", "2F"
    end = index
    while begins and end < min(size, index + 4):
        end += tokens[end].low in words["place_particles"] and end > index  # "丸の内" + "の" + "オフィス"
        named = end < size and (tokens[end].low in words["place_modifiers"] or _unknown(tokens, end, pack) > end)
        if not named or tokens[end].low in words["place_heads_after"] or tokens[end].end - tokens[index].start > LONGEST_NAME:
            break
        end += 1
    if index < end < size and tokens[end].low in words["place_heads_after"]:
        numbered = end + 1 < size and tokens[end].low in words["place_heads_before"] and tokens[end + 1].kind in ("number", "code")
        return end + 2 if numbered and not _counts(tokens, end + 1, pack) else end + 1  # "12层" + "会议室" + "3"
    numbered = index < end < size - 1 and tokens[end].kind in ("number", "code") and not pack.writing.spaced
    return end + 2 if numbered and tokens[end + 1].low in words["place_heads_before"] else index


def _shape(tokens: Sequence[Token], index: int, pack: Pack) -> int:
    """End of the place that starts at `index`; `index` itself where none does."""
    words, size = pack.words, len(tokens)
    token = tokens[index]
    after = tokens[index + 1] if index + 1 < size else None
    counts = not pack.writing.spaced and after is not None and (after.kind in ("clock", "date") or _counts(tokens, index + 1, pack))  # "会议室" + "10点"
    if token.low in words["place_heads_before"] and after is not None and not (after.spaced is False and after.kind == "sign") and not counts:
        if after.kind in ("number", "code", "clock", "date") or (after.kind == "word" and len(after.text) == 1 and after.text.isupper()):
            end = index + 2
            while end + 1 < size and tokens[end].text in "+.-" and not tokens[end].spaced and len(tokens[end + 1].text) <= 3 and not tokens[end + 1].spaced:
                end += 2
            return end
    if _is_number(token, pack) and after is not None:
        dotted = pack.writing.dot_ordinals and token.kind == "number" and after.text == "." and not after.spaced and index + 2 < size  # "3. Stock"
        if tokens[index + 1 + dotted].low in words["place_heads_before"]:
            return index + 2 + dotted if pack.writing.spaced else max(index + 2, _shape(tokens, index + 1, pack))  # "12F会議室B"
    comma = after is not None and after.text == "," and index + 2 < size  # "2, boulevard Royal"
    opener = tokens[index + 2] if comma else after
    minutes = index > 0 and token.kind == "number" and tokens[index - 1].low in words["meridiem"]  # "8 h 15, avenue Louise": of the hour, no house
    if token.kind in ("number", "code") and opener is not None and opener.low in words["place_openers"] and not minutes:  # 12 rue des Fictions
        end = index + 2 + comma
        if words["place_particles"]:
            return _named(tokens, end - 1, pack) if opener.low in words["place_heads_named"] else index
        while end < size and end < index + 6 and tokens[end].kind == "word":
            end += 1
        return end
    headed = _headed(tokens, index, pack)
    return headed if headed > index else _capitals_and_head(tokens, index, pack)


def _capitals_and_head(tokens: Sequence[Token], index: int, pack: Pack) -> int:
    """End of capitalised words with their head behind them ("44 Beacon Street", "Seminar Room 3"); `index` where there is none."""
    words, size = pack.words, len(tokens)
    start = index + (1 if tokens[index].kind in ("number", "code") else 0)
    end = start
    while end < min(size, start + 5) and (_is_named(tokens[end], pack) or _is_nth(tokens, end, start) or _is_small_head(tokens, end, start, pack)):
        end += 1
        if end > start + 1 and tokens[end - 1].low in words["place_heads_after"]:
            lettered = pack.writing.spaced and end < size and len(tokens[end].text) == 1 and tokens[end].capital  # "Conference Hall B"
            numbered = lettered or end < size and tokens[end].kind in ("number", "code")  # "Seminar Room 3"
            named = _named(tokens, end - 1, pack) if pack.writing.spaced else end  # "Meeting Room Orchid"
            return max(end + (numbered and tokens[end - 1].low in words["place_heads_before"]), named)
        if end < size and tokens[end].text in ".'" and not tokens[end].spaced:  # "St. James", "Surgeons' Close"
            end += 1
    return index


def _is_named(token: Token, pack: Pack) -> bool:
    return token.kind == "word" and token.capital and token.low not in pack.words["weekdays"]


def _is_small_head(tokens: Sequence[Token], at: int, start: int, pack: Pack) -> bool:
    """Whether the head of a name is written small ("the Nightingale suite", "the Ikoyi office"); of words that mean a place and little else."""
    words, name = pack.words, tokens[start]
    is_head = tokens[at].low in words["place_heads_after"] and (tokens[at].low in words["place_heads_before"] or tokens[at].low in words["place_heads_named"])
    return pack.writing.spaced and at > start and is_head and name.kind == "word" and name.low not in pack.known and not name.low.endswith("'s")


def _is_nth(tokens: Sequence[Token], at: int, start: int) -> bool:
    """Whether a street has a number for its name ("214 West 29th Street")."""
    return at > start and tokens[at].kind == "ordinal" and at + 1 < len(tokens) and tokens[at + 1].capital
