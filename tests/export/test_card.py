"""What a card says of the tokens that tags and answers are read off."""

from __future__ import annotations

import pytest

from crosscal.export.card import CardContent, model_card
from crosscal.export.folder import ExportFacts
from crosscal.tasks import task


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("name", "family"), [("udpos", "tagging"), ("xquad", "span")])
def test_tokens_that_have_seen_all_of_the_text(name, family, causal):
    facts = ExportFacts(
        study="s",
        recipe="direct",
        seed=1,
        task=name,
        encoder="e",
        family=family,
        labels=("a", "b"),
        pooling="mean",
        max_length=60,
        temperature=None,
        temperature_use="none",
        versions={},
    )
    content = CardContent(
        facts=facts,
        task=task(name),
        recipe="direct",
        train_languages=["en"],
        training={},
        data={},
        languages=[],
        causal=causal,
    )
    card = model_card(content, class_name="C", own_class=True, difference=0.0)
    said = {"tagging": "those of its {} token.", "span": "the {} token of all stands for no answer"}
    right, wrong = ("last", "first") if causal else ("first", "last")
    assert said[family].format(right) in card
    assert said[family].format(wrong) not in card
