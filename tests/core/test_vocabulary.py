"""Language packs: every problem of every file is named at once, and nothing unknown is skipped."""

from pathlib import Path

import pytest

from gateway.core.phrases import PatternError
from gateway.core.vocabulary import VocabularyError, load_packs

LANGUAGES = Path(__file__).parents[2] / "policies/languages"
FILES = {str(f.relative_to(LANGUAGES)): f.read_text("utf-8") for f in LANGUAGES.rglob("*.toml")}
SMALL = {name: text for name, text in FILES.items() if name.startswith("en") and "[[frame]]" not in text}


def problems(files: dict[str, str]) -> str:
    with pytest.raises(VocabularyError) as caught:
        load_packs(files)
    return "\n".join(caught.value.problems)


def test_the_packs_of_the_repository_load_and_are_frozen() -> None:
    packs = load_packs(FILES)
    english = next(pack for pack in packs.packs if pack.language == "en")
    assert "thursday" in english.words["weekdays"]
    assert english.templates["greeting"].endswith(",")
    with pytest.raises(TypeError):
        english.words["weekdays"] = frozenset()  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("words = [", "x.toml: "),
        ("[words]\nweekdays = []", "x.toml: language: missing"),
        ('language = "en"\n[colours]\nred = []', "x.toml: colours: unknown"),
        ('language = "en"\n[words]\ncolours = []', "x.toml: words.colours: unknown"),
        ('language = "en"\n[words]\nweekdays = ["mon"]', "x.toml: words.weekdays: given twice"),
        ('language = "en"\nwords = 1', "x.toml: words: must be a table"),
        ('language = "en"\n[classes]\ntime = ["noon"]', "x.toml: classes.time: is the name of a slot"),
        ('language = "en"\n[classes]\nnew = "noon"', "x.toml: classes.new: must be a list of texts"),
        ('language = "en"\n[templates]\ngreeting = "Hi"', "x.toml: templates.greeting: given twice"),
        ('language = "en"\nframe = "see you"', "x.toml: frame: must be an array of tables"),
        ('language = "en"\n[[frame]]\nname = "a"\npatterns = ["b"]\ncolour = 1', "x.toml: frame[1].colour: unknown"),
        ('language = "en"\n[[frame]]\npatterns = ["b"]', "x.toml: frame[1].name: missing"),
        ('language = "en"\n[[frame]]\nname = "a"', "x.toml: frame[1].patterns: missing"),
        ('language = "en"\n[[frame]]\nname = "a"\npatterns = "b"', "x.toml: frame[1].patterns: must be a list of texts"),
        ('language = "en"\n[[frame]]\nname = "a"\npatterns = ["b"]\nposition = "top"', "x.toml: frame[1].position: must be one of"),
        ('language = "en"\n[[frame]]\nname = "a"\npatterns = ["b"]\nstatus = "odd"', "x.toml: frame[1].status: must be one of"),
        ('language = "en"\n[[frame]]\nname = "a"\npatterns = ["b"]\nappointment = 1', "x.toml: frame[1].appointment: must be true or false"),
        ('language = "en"\n[[phrase]]\nname = "a"\npatterns = ["b"]', "x.toml: phrase[1].kind: must be one of"),
        ('language = "en"\n[[frame]]\nname = "a"\npatterns = ["(b"]', "a group is not closed"),
        ('language = "en"\n[[frame]]\nname = "a"\npatterns = ["b)"]', "stands alone"),
        ('language = "en"\n[[frame]]\nname = "a"\npatterns = ["?b"]', "? follows nothing"),
        ('language = "en"\n[[frame]]\nname = "a"\npatterns = ["{nowhere}"]', "there is no class 'nowhere'"),
        ('language = "en"\n[[frame]]\nname = "a"\npatterns = ["b?"]', "may be empty"),
        ('language = "en"\n[[frame]]\nname = "a"\npatterns = ["{B}"]', "outside the notation"),
        ('language = "en"\n[classes]\nloop = ["{loop}"]\n[[frame]]\nname = "a"\npatterns = ["{loop}"]', "the class 'loop' holds itself"),
    ],
)
def test_each_fault_is_named_with_its_file_and_key(text: str, said: str) -> None:
    assert said in problems({**SMALL, "x.toml": text})


def test_all_problems_of_all_files_are_told_at_once() -> None:
    told = problems({"a.toml": 'language = "xx"\n[words]\ncolours = []', "b.toml": "nonsense"})
    assert "a.toml: words.colours: unknown" in told
    assert "b.toml: " in told
    assert "xx: words.weekdays: missing" in told
    assert "xx: templates.greeting: missing" in told


def test_the_languages_asked_for_come_in_that_order_and_a_missing_one_is_named() -> None:
    files = {f"{language}/{name}": text.replace('"en"', f'"{language}"', 1) for language in ("aa", "bb", "en") for name, text in SMALL.items()}
    assert [pack.language for pack in load_packs(files).packs] == ["en", "aa", "bb"]
    assert [pack.language for pack in load_packs(files, ("bb", "aa")).packs] == ["bb", "aa"]
    with pytest.raises(VocabularyError, match="no language pack for 'cc'; there are aa, bb, en"):
        load_packs(files, ("cc",))


def test_without_a_check_a_bad_pattern_is_met_only_by_the_text_that_needs_it() -> None:
    """A process that reads mail gets what the daemon has checked."""
    bad = {**SMALL, "y.toml": 'language = "en"\n[[frame]]\nname = "a"\npatterns = ["{nowhere}"]'}
    assert "there is no class 'nowhere'" in problems(bad)
    (pack,) = load_packs(bad, check=False).packs
    with pytest.raises(PatternError, match="nowhere"):
        _ = pack.frame_automaton.start
