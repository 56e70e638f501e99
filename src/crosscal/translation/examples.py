"""Translate examples: ids, labels and answers are kept, texts and language change.

Which texts an example needs may depend on how others came out, so translation goes in rounds: each
example says which texts it still needs, every different one is translated once, and so on until all
examples are either rebuilt or dropped for a reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from crosscal.data.examples import ChoiceExample, Example, PairExample, SpanExample, TextExample
from crosscal.exceptions import DataError, SettingsError
from crosscal.translation.outcomes import (
    EMPTY,
    Dropped,
    Lookup,
    MissingTranslations,
    Outcome,
    Projection,
    Rebuilt,
    is_lost,
)
from crosscal.translation.spans import rebuild_span
from crosscal.translation.translator import Translator, translate_checked


@dataclass(frozen=True, kw_only=True)
class Projected:
    """Examples in the target language, in their order, and what became of the rest.

    `dropped` counts those left out by reason, `methods` how answers were projected (the first that
    found one), `answers_lost` accepted answers that could not be, of examples that kept another.
    """

    examples: tuple[Example, ...]
    dropped: dict[str, int] = field(default_factory=dict)
    methods: dict[str, int] = field(default_factory=dict)
    answers_lost: int = 0


@dataclass(frozen=True, kw_only=True)
class Translation:
    """What came of translating examples, every different text, and how many were needed."""

    projected: Projected
    known: dict[str, str]
    texts: int


def translate_examples(
    examples: Iterable[Example], translator: Translator, projection: Projection | None = None
) -> Projected:
    """Translate examples in one go; see `crosscal.translation.stage` for one that can be killed.

    Parameters
    ----------
    examples : iterable of examples
        All in the translator's source language. Pairs, choices, running text, and questions on
        contexts.
    translator : Translator
        Any.
    projection : Projection, optional
        How answers are carried over.

    Returns
    -------
    Projected
        Unit ids and cluster ids are those of the source.

    Raises
    ------
    DataError
        If an example is in another language, or an answer not where the example says.
    SettingsError
        If examples are of a type that cannot be translated: tagged words would lose their tags,
        and pairs of sentences for retrieval have both languages already.
    StageFailed
        If the translator returns another number of texts.
    """
    return rebuild(
        list(examples),
        source=translator.source,
        target=translator.target,
        translate=lambda texts: translate_checked(translator, texts),
        projection=projection or Projection(),
    ).projected


def rebuild(
    examples: Sequence[Example],
    *,
    source: str,
    target: str,
    translate: Callable[[list[str]], list[str]],
    projection: Projection,
) -> Translation:
    """Translate examples by a function from texts to translations."""
    for example in examples:
        _check(example, source)
    known: dict[str, str] = {}
    outcomes: dict[int, Dropped | Rebuilt] = {}
    pending: Sequence[int] = range(len(examples))
    texts = 0
    while True:
        missing: dict[str, None] = {}
        waiting = []
        for index in pending:
            outcome = _outcome(examples[index], Lookup(known), target, projection)
            if isinstance(outcome, MissingTranslations):
                texts += len(outcome.texts)
                missing.update(dict.fromkeys(outcome.texts))
                waiting.append(index)
            else:
                outcomes[index] = outcome
        if not missing:
            break
        known.update(zip(missing, translate(list(missing)), strict=True))
        pending = waiting
    return Translation(
        projected=_gathered([outcomes[index] for index in range(len(examples))]),
        known=known,
        texts=texts,
    )


def _check(example: Example, source: str) -> None:
    if not isinstance(example, PairExample | ChoiceExample | SpanExample | TextExample):
        reasons = {
            "TagExample": "words would lose their tags",
            "SentenceExample": "sentences for retrieval come with their translations",
        }
        kind = type(example).__name__
        raise SettingsError(
            f"these examples cannot be translated ({reasons.get(kind, kind)})",
            where=f"example {example.unit_id}",
            remedy="Translate pairs, choices, questions on contexts, or running text",
        )
    if example.language != source:
        raise DataError(
            f"the example is in '{example.language}', but the translator reads '{source}'",
            where=f"example {example.unit_id}",
            remedy="Choose a translator from that language, or other data",
        )


def _outcome(example: Example, lookup: Lookup, target: str, projection: Projection) -> Outcome:
    if isinstance(example, SpanExample):
        return rebuild_span(example, lookup, target, projection)
    sources = _texts(example)
    translations = lookup.get_all(sources)
    if lookup.missing:
        return MissingTranslations(tuple(lookup.missing))
    if any(map(is_lost, sources, translations)):
        return Dropped(EMPTY)
    return Rebuilt(_with_texts(example, translations, target))


def _texts(example: Example) -> list[str]:
    match example:
        case PairExample():
            return [text for text in (example.text_a, example.text_b) if text is not None]
        case ChoiceExample():
            return [example.context, example.question, *example.options]
        case TextExample():
            return [example.text]
    raise AssertionError(example)


def _with_texts(example: Example, texts: Sequence[str], target: str) -> Example:
    match example:
        case PairExample():
            text_b = texts[1] if len(texts) > 1 else None
            return replace(example, language=target, text_a=texts[0], text_b=text_b)
        case ChoiceExample():
            context, question, *options = texts
            return replace(
                example,
                language=target,
                context=context,
                question=question,
                options=tuple(options),
            )
        case TextExample():
            return replace(example, language=target, text=texts[0])
    raise AssertionError(example)


def _gathered(outcomes: Sequence[Dropped | Rebuilt]) -> Projected:
    built = [outcome for outcome in outcomes if isinstance(outcome, Rebuilt)]
    lost = Counter(outcome.reason for outcome in outcomes if isinstance(outcome, Dropped))
    methods = Counter(outcome.method for outcome in built if outcome.method is not None)
    return Projected(
        examples=tuple(outcome.example for outcome in built),
        dropped=dict(sorted(lost.items())),
        methods=dict(sorted(methods.items())),
        answers_lost=sum(outcome.answers_lost for outcome in built),
    )
