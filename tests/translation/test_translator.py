"""Translators are found by name, and what they return is checked."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from crosscal.exceptions import MissingExtra, SettingsError, StageFailed
from crosscal.translation import Translator, load_translator, translator, translator_names
from crosscal.translation.translator import counts_of, translate_checked
from tests.translation.conftest import Fake, LosesALine, ReturnsNone, Surrogates


def load_fake(*, source, target, shout=True):
    return Fake(str.upper if shout else str.lower, source, target)


def load_deaf(*, source, target):
    return Fake(str.upper, source, "fr")


def load_unlicensed(*, source, target):
    raise RuntimeError("no key")


def load_needy(*, source, target, model, **more):
    return Fake(str.upper, source, target, identity=f"{model} {more}")


@pytest.fixture
def plugins(monkeypatch):
    def install(**values):
        points = [EntryPoint(n, v, translator.GROUP) for n, v in values.items()]
        monkeypatch.setattr(translator, "entry_points", lambda group: points)

    return install


def test_a_plug_in_is_found_and_gets_its_settings(plugins):
    plugins(shouting=f"{__name__}:load_fake")
    found = load_translator("shouting", "en", "de", shout=False)
    assert isinstance(found, Translator)
    assert found.translate(["Ab"]) == ["ab"]
    assert translator_names() == ["seq2seq", "shouting"]


def test_open_settings_reach_the_plug_in(plugins):
    plugins(needy=f"{__name__}:load_needy")
    found = load_translator("needy", "en", "de", model="m", other=1)
    assert found.identity == "m {'other': 1}"


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("apertum", {}, "Did you mean 'apertium'"),
        ("shouting", {"shot": 1}, "Did you mean 'shout'"),
        ("seq2seq", {"modle": "m"}, "Did you mean 'model'"),
        ("seq2seq", {}, "needs the setting 'model'"),
        ("needy", {}, "needs the setting 'model'"),
        ("deaf", {}, "gave no translator from 'en' to 'de'"),
        ("broken", {}, "cannot be loaded"),
        ("unlicensed", {}, r"cannot be made ready \(RuntimeError: no key\)"),
        ("seq2seq", {"model": "m"}, "more than one translator"),
    ],
)
def test_what_is_wrong_is_said(plugins, name, settings, message):
    values = {
        k: f"{__name__}:load_{v}"
        for k, v in {
            "shouting": "fake",
            "deaf": "deaf",
            "needy": "needy",
            "broken": "nothing",
            "unlicensed": "unlicensed",
        }.items()
    }
    if "more than one" in message:
        values["seq2seq"] = f"{__name__}:load_fake"
    plugins(**values)
    with pytest.raises(SettingsError, match=message):
        load_translator(name, "en", "de", **settings)


def test_into_itself():
    with pytest.raises(SettingsError, match="into itself"):
        load_translator("seq2seq", "en", "en")


def test_a_plug_in_of_this_repository_is_named(plugins):
    plugins()
    with pytest.raises(MissingExtra, match="not installed") as caught:
        load_translator("apertium", "en", "es")
    assert "crosscal-apertium" in caught.value.remedy


@pytest.mark.parametrize("kind", [LosesALine, ReturnsNone, Surrogates])
def test_a_broken_translator_is_caught(kind):
    with pytest.raises(StageFailed):
        translate_checked(kind(), ["a", "b"])


@pytest.mark.parametrize("result", [ConnectionError("gone"), None])
def test_a_failing_translator_is_named(result):
    def translate(texts):
        if result is not None:
            raise result

    fake = Fake()
    fake.translate = translate
    kind = "TypeError" if result is None else "ConnectionError: gone"
    with pytest.raises(StageFailed, match=f"the translator '{fake.name}' failed \\({kind}"):
        translate_checked(fake, ["a"])


def test_counts_are_optional():
    fake = Fake()
    fake.translate(["a"])
    assert counts_of(fake) == {"calls": 1}
    assert counts_of(object()) == {}


def test_the_room_needs_no_torch():
    heavy = "[m for m in ('torch', 'transformers') if m in sys.modules]"
    code = f"import sys, crosscal.translation, crosscal.translation.seq2seq; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
