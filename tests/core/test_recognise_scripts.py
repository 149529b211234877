"""What the engine can do for scripts without capitals and without white space, each shown with a small pack made for it."""

import json

from gateway.core.model import RecogniserContext, TextBlock
from gateway.core.pack import Packs
from gateway.core.recognise import recognise
from gateway.core.recognise.sentences import split
from gateway.core.recognise.tokens import scan
from gateway.core.vocabulary import TEMPLATES, WORDS, load_packs

CONTEXT = RecogniserContext(client_names=("Dana Petrocelli",), coach_names=("Robin Vale",))


def small(writing: dict[str, bool | list[str]], **words: list[str]) -> Packs:
    """A pack that has these words and no others."""
    lists = {name: words.get(name, []) for name in WORDS}
    tables = {"writing": writing, "words": lists, "templates": dict.fromkeys(TEMPLATES, "{time}") | {"place": "{place}", "greeting": "{name} :"}}
    text = 'language = "xx"\n'
    for table, values in tables.items():
        text += f"[{table}]\n" + "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items())
    return load_packs({"xx.toml": text})


JOINED = small(
    {"spaced": False, "possessors": ["の"], "topics": ["は"], "goes_on": ["の", "、"]},
    function=["の", "は", "で", "です", "に"],
    cues=["会議", "枠", "zoom"],
    foreign_hard=["面接"],
    weekdays=["火曜", "木", "月"],
    weekdays_capital=["木", "月"],
    months=["月"],
    months_capital=["月"],
    meridiem=["時"],
    date_suffixes=["日"],
    time_joiners=["の", "は", "で", "に"],
    titles=["様", "部長"],
    sign_offs=["敬具"],
    place_heads_before=["階", "会議室"],
    place_heads_after=["会議室", "オフィス", "タワー", "2f", "通り"],
    place_endings=["号"],
    place_heads_named=["カフェ"],
    place_modifiers=["本社"],
    place_particles=["の"],
    place_leads=["で", "に", "は"],
    telling_places=["病院"],
)
SPACED = small(
    {},
    function=["है", "को", "में"],
    cues=["मुलाक़ात"],
    weekdays=["मंगलवार"],
    meridiem=["बजे"],
    titles=["जी", "श्री"],
    greetings=["नमस्ते"],
    place_heads_named=["कक्ष"],
    place_heads_after=["कक्ष"],
    place_leads=["में"],
    telling_places=["अदालत"],
)


def own_facts(text: str, packs: Packs) -> list[str]:
    return [fact.text for fact in recognise((TextBlock("1", text),), CONTEXT, packs).facts if fact.owner == "appointment"]


def parts(text: str, packs: Packs) -> list[tuple[str, str]]:
    return [(piece.part, piece.text) for piece in split("1", text, packs.packs[0], packs)]


def test_letters_of_another_script_are_one_word_beside_a_text_without_spaces() -> None:
    """ "Zoom" is found in "Zoomで"; of an unknown Latin word no part is taken for a word; a number keeps its letter."""
    (pack,) = JOINED.packs
    assert [t.low for t in scan("枠はZoomでzoominです2F会議室", pack)] == ["枠", "は", "zoom", "で", "zoomin", "です", "2f", "会議室"]
    assert [t.low for t in scan("謎abで", pack)] == ["謎", "ab", "で"]


def test_a_sentence_ends_at_the_stop_of_its_script() -> None:
    assert [text for _, text in parts("火曜9時です。面接の結果。", JOINED)] == ["火曜9時です。", "面接の結果。"]
    assert own_facts("枠は火曜9時です。面接は木曜。", JOINED) == ["火曜9時"]


def test_a_single_letter_is_a_weekday_in_brackets_and_a_month_behind_a_number() -> None:
    """ "3月12日(木)" is one time; the letters inside of a name ("木") are none."""
    assert own_facts("枠は3月12日(木)10時です。", JOINED) == ["3月12日(木)10時"]
    assert own_facts("枠は木です。月です。", JOINED) == []
    words = {"function": ["です"], "cues": ["枠は"], "number_words": ["十二"], "months": ["三月"], "date_suffixes": ["日"]}
    assert own_facts("枠は三月十二日です。日です。", small({"spaced": False}, weekdays=["日"], weekdays_capital=["日"], **words)) == ["三月十二日"]


def test_a_time_belongs_to_the_unexplained_noun_beside_it() -> None:
    """Behind the time with a possessive, or before it as the topic; a word of appointments leaves it to the appointment, unless it is the end of a compound."""
    assert own_facts("枠は火曜9時です。", JOINED) == ["火曜9時"]
    assert own_facts("火曜9時の会議です。", JOINED) == ["火曜9時"]
    assert own_facts("火曜9時の試合です。会議", JOINED) == []
    assert own_facts("試合は火曜9時です。", JOINED) == []
    assert own_facts("全社会議は火曜9時です。", JOINED) == []


def test_a_line_that_ends_in_a_particle_goes_on_in_the_next() -> None:
    assert parts("面接の\n火曜9時です。\n木", JOINED) == [("body", "面接の 火曜9時です。"), ("body", "木")]


def test_a_name_without_capitals_is_told_by_its_title() -> None:
    """A salutation ends in a title; without one the words are the body's. Below the letter a name is what no pack knows."""
    assert parts("三谷様、火曜9時です。", JOINED)[0] == ("greeting", "三谷様、")
    assert parts("試合、火曜9時です。", JOINED)[0][0] == "body"
    assert parts("三谷様は火曜9時です。", JOINED)[0][0] == "body"
    assert parts("राघवन जी, मंगलवार 9 बजे", SPACED)[0] == ("greeting", "राघवन जी,")
    assert parts("नमस्ते श्री राघवन, मंगलवार 9 बजे", SPACED)[0] == ("greeting", "नमस्ते श्री राघवन,")
    assert parts("火曜9時です。\n\n藤本 由紀", JOINED)[-1] == ("signature", "藤本 由紀")
    reading = recognise((TextBlock("1", "火曜9時です。\n敬具\n藤本 由紀\n面接 由紀"),), CONTEXT, JOINED)
    assert [s.rule for s in reading.sentences[1:]] == ["sign-off", "signature", "signature-not-plain"]


def test_a_place_without_capitals_is_a_name_and_its_head() -> None:
    """A name of one unknown word before or behind its head, a known place before it, a floor, a hall in quotes; they join without white space."""
    assert own_facts("会議は火曜9時、丸谷オフィス8階です。", JOINED) == ["火曜9時", "丸谷オフィス8階"]
    assert own_facts("会議は火曜9時、大川タワー 谷川タワー 3階で。", JOINED) == ["火曜9時", "大川タワー 谷川タワー 3階"]
    assert own_facts("会議は火曜9時、本社の2F会議室3で。", JOINED) == ["火曜9時", "本社の2F会議室3"]
    assert own_facts("会議は火曜9時、本社谷川3階で。", JOINED) == ["火曜9時", "本社谷川3階"]
    assert own_facts("会議は火曜9時、大川タワー2F「谷の間」で。", JOINED) == ["火曜9時", "大川タワー2F「谷の間」"]
    assert own_facts("会議は火曜9時、「カフェ・谷・川」です。", JOINED) == ["火曜9時", "「カフェ・谷・川」"]
    assert own_facts("会議は火曜9時、「谷川」です。", JOINED) == ["火曜9時"]
    assert own_facts("会議は火曜9時、大川通り1266号で。", JOINED) == ["火曜9時", "大川通り1266号"]
    assert own_facts("会議は本社会議室3です。会議は本社会議室10時です。", JOINED) == ["本社会議室3", "本社会議室", "10時"]
    assert own_facts("मुलाक़ात मंगलवार 9 बजे कक्ष गंगा", SPACED) == ["मंगलवार 9 बजे", "कक्ष गंगा"]
    assert own_facts("मुलाक़ात मंगलवार 9 बजे, गंगा कक्ष में", SPACED) == ["मंगलवार 9 बजे", "गंगा कक्ष"]


def test_a_place_without_capitals_needs_a_name_that_tells_nothing() -> None:
    """Neither a word behind another word, nor a telling or a long one, nor a quotation of a matter is a name."""
    assert own_facts("会議は火曜9時、病院オフィスで。", JOINED) == ["火曜9時"]
    assert own_facts("会議は火曜9時、枠丸谷オフィスで。", JOINED) == ["火曜9時"]
    assert own_facts("会議の枠です。会議です。枠の会議は火曜9時、人々悲嘆号泣憤激慟哭絶叫会議室で。", JOINED) == ["火曜9時"]
    assert own_facts("会議は火曜9時、大川タワー「谷の谷の谷」で。", JOINED) == []  # a quotation of some length is somebody's word
    assert own_facts("मुलाक़ात मंगलवार 9 बजे कक्ष अदालत", SPACED) == ["मंगलवार 9 बजे"]
    assert own_facts("मुलाक़ात मंगलवार 9 बजे कक्ष", SPACED) == ["मंगलवार 9 बजे"]


def test_a_language_that_shares_letters_is_not_taken_for_another() -> None:
    """Of a script without spaces the pack must know half of the letters; Latin words beside it do not count."""
    assert recognise((TextBlock("1", "枠は火曜9時です。"),), CONTEXT, JOINED).language == "xx"
    assert recognise((TextBlock("1", "枠は火曜9時です。Zoom meeting dial in number"),), CONTEXT, JOINED).language == "xx"
    assert recognise((TextBlock("1", "我们周二9時见面聊聊"),), CONTEXT, JOINED).language == ""


def test_half_an_hour_more_stands_behind_the_hour() -> None:
    """ "ساعة ونصف" is a length of one hour and a half, a unit without a number in front of it none."""
    arabic = small({}, function=["في"], cues=["موعدنا", "مدة"], units=["ساعة"], half_after=["ونصف"], weekdays=["الأحد"])
    assert own_facts("موعدنا مدة ساعة ونصف", arabic) == ["ساعة ونصف"]
    assert own_facts("موعدنا ساعة الأحد", arabic) == ["الأحد"]


def test_a_cautious_pack_wants_a_sign_of_an_appointment_in_the_mail() -> None:
    """A time that nobody else owns is enough elsewhere; here a word of appointments, a label, or a sentence of known words must stand in the mail."""
    words = {"function": ["は", "です"], "weekdays": ["火曜"], "meridiem": ["時"], "cues": ["会議"], "labels_time": ["日時"], "place_heads_after": ["室"]}
    plain, cautious = small({"spaced": False}, **words), small({"spaced": False, "cautious": True}, **words)
    assert recognise((TextBlock("1", "火曜9時、謎です。"),), CONTEXT, plain).appointment
    assert not recognise((TextBlock("1", "火曜9時、謎です。"),), CONTEXT, cautious).appointment
    for text in ("火曜9時、謎です。会議は火曜です。", "火曜9時です。", "日時:火曜9時", "火曜9時、谷川室、謎です。"):
        assert recognise((TextBlock("1", text),), CONTEXT, cautious).appointment, text


def test_a_line_that_ends_in_the_stop_of_its_script_is_no_row_of_a_list() -> None:
    assert [part for part, _ in parts("火曜 9時です。\n月曜の試合。", JOINED)] == ["body", "body"]
    assert [part for part, _ in parts("火曜 9時\n火曜 11時", JOINED)] == ["row", "row"]


def test_a_latin_word_may_stand_inside_a_word_of_a_script_that_looks_like_no_other() -> None:
    """ "الـZoom" hides nothing; a Latin word with a Cyrillic letter in it does."""
    arabic = small({"prefixes": ["ال"]}, function=["على"], cues=["موعدنا", "zoom"], weekdays=["الأحد"])
    assert own_facts("موعدنا الأحد على الـZoom", arabic) == ["الأحد"]
    assert own_facts("موعدنا الأحد على Z\u043eom", arabic) == []


def test_a_word_of_endless_length_is_no_word_of_the_pack() -> None:
    """A text without white space may be one word of thousands of letters; its front and its ending are not looked for."""
    (pack,) = small({"endings": ["lar"]}, cues=["randevu", "toplan*"]).packs
    assert [pack.form(word) for word in ("randevular", "toplanalım", "toplan" + "a" * 50)] == ["randevu", "toplan*", "toplan*"]
    assert pack.form("toplan" + "a" * 200) == "toplan" + "a" * 200


def test_the_name_of_a_street_may_have_particles_between_its_parts() -> None:
    """ "شارع محمد بن راشد" is one name; a particle with no name behind it is none of it."""
    words = {"cues": ["موعدنا"], "function": ["في"], "weekdays": ["الأحد"], "place_heads_named": ["شارع"], "place_particles": ["بن", "الشيخ"]}
    arabic = small({}, place_leads=["في"], **words)
    assert own_facts("موعدنا الأحد في شارع الشيخ محمد بن راشد", arabic) == ["الأحد", "شارع الشيخ محمد بن راشد"]
    assert own_facts("موعدنا الأحد في شارع محمد بن", arabic) == ["الأحد", "شارع محمد"]
