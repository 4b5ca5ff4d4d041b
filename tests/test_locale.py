import gettext
import io
import re
from importlib.resources import files

import pytest
from catalogue_messages import messages

from planchecker.locale import decimal, language, retold, speaking
from planchecker.locale.catalogue import compiled, entries

HOME = files("planchecker.locale")
SOURCE = (HOME / "fr" / "planchecker.po").read_text(encoding="utf-8")
FRENCH = entries(SOURCE)


def test_no_message_lacks_a_translation() -> None:
    assert [message for message in sorted(messages()) if not FRENCH.get(message)] == []


@pytest.mark.parametrize("message", sorted(key for key in FRENCH if key))
def test_a_translation_keeps_what_is_filled_in(message: str) -> None:
    def names(text: str) -> set[str]:
        return set(re.findall(r"\{\w*\}", text))

    assert names(FRENCH[message]) == names(message)
    assert FRENCH[message].strip() == FRENCH[message] != ""


def test_the_compiled_catalogue_is_that_of_the_text() -> None:
    assert (HOME / "fr" / "planchecker.mo").read_bytes() == compiled(FRENCH)


def test_a_compiled_catalogue_can_be_read() -> None:
    read = gettext.GNUTranslations(io.BytesIO(compiled(FRENCH)))
    one, other = "{dose} in {count} fraction", "{dose} in {count} fractions"
    assert read.gettext("Limit") == "Limite"
    assert read.ngettext(one, other, 1) == "{dose} en {count} fraction"
    assert read.ngettext(one, other, 5) == "{dose} en {count} fractions"


def test_a_language_is_spoken_inside_the_block_only() -> None:
    with speaking("fr"):
        assert (language(), decimal("1.5")) == ("fr", "1,5")
    assert (language(), decimal("1.5")) == ("en", "1.5")


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="'de'; known are en, fr"), speaking("de"):
        pass


def test_a_remedy_behind_a_remedy_is_translated_too() -> None:
    sentence = (
        "Contour ThecalSac and check again. Lower the dose to Cord, or let a physician decide."
    )
    with speaking("fr"):
        assert retold(sentence) == (
            "Contourer ThecalSac et contrôler de nouveau. "
            "Baisser la dose à Cord, ou laisser un médecin décider."
        )


def test_braces_of_the_export_are_no_placeholders() -> None:
    with speaking("fr"):
        told = retold("Lower the dose to {0}{1}, or let a physician decide.")
    assert told == "Baisser la dose à {0}{1}, ou laisser un médecin décider."


def test_what_no_catalogue_holds_stays_english() -> None:
    with speaking("fr"):
        assert retold("Something new.") == "Something new."
