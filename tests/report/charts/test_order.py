"""The order of languages."""

from __future__ import annotations

from dataclasses import replace

from crosscal.analysis import Results
from crosscal.report.charts.order import blocks, language_order


def test_languages_stand_by_group_then_degradation(results: Results) -> None:
    rich, others = blocks(results)
    assert rich.group == "morphologically rich"
    assert rich.languages[0] == "sw"
    assert others.languages[0] == "ur"
    order = language_order(results)
    assert order[0] == "en"
    assert sorted(order) == sorted(results.languages)


def test_language_in_no_group_is_still_shown(results: Results) -> None:
    groups: dict[str, tuple[str, ...]] = {"morphologically rich": ("sw", "tr")}
    grouped = blocks(replace(results, groups=groups))
    assert [b.heading for b in grouped] == ["Morphologically rich", "Not grouped"]
    assert len(grouped[1].languages) == 12
