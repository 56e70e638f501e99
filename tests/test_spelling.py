from __future__ import annotations

from crosscal.spelling import did_you_mean


def test_nearest_word_is_named_first():
    assert did_you_mean("ligth", ["dark", "light"]).startswith("Did you mean 'light'?")


def test_without_a_near_word_all_are_listed():
    assert did_you_mean("xyz", ["dark", "light"]) == "Known are: dark, light"
