"""Translate a question with its context, and carry its answers over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from crosscal.data.examples import Answer, SpanExample
from crosscal.exceptions import DataError
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
from crosscal.translation.projection import MARKS_LOST, REASONS, AnswerPosition, find, mark, unmark
from crosscal.translation.sentences import Span, sentences


@dataclass(frozen=True, slots=True)
class _Context:
    """A context in sentences, and their translations."""

    text: str
    spans: Sequence[Span]
    translations: Sequence[str]

    def sentence(self, index: int) -> str:
        return self.text[slice(*self.spans[index])]

    def with_sentence(self, index: int, translation: str) -> _Context:
        changed = [*self.translations]
        changed[index] = translation
        return _Context(self.text, self.spans, changed)

    def joined(self) -> tuple[str, list[int]]:
        """Return the translated context, and where each sentence begins in it."""
        context, starts, end = "", [], 0
        for (start, stop), translation in zip(self.spans, self.translations, strict=True):
            context += self.text[end:start]
            starts.append(len(context))
            context += translation
            end = stop
        return context + self.text[end:], starts


@dataclass(frozen=True, slots=True)
class _SourceAnswer:
    """An answer of the source: its text, its sentence, and its span in that sentence."""

    text: str
    sentence: int
    span: Span


@dataclass(frozen=True, slots=True)
class _Projected:
    """Spans of answers in their translated sentences, and the first method that found one."""

    context: _Context
    spans: dict[int, Span]
    method: str | None


def rebuild_span(
    example: SpanExample, lookup: Lookup, target: str, projection: Projection
) -> Outcome:
    """Rebuild a question in the target language as far as the translations known allow.

    The context is translated by sentences. An answer that was projected is a slice of the
    translated context; one that was not is left out; an example that had answers and keeps none
    is dropped.
    """
    answers = example.answers or ()
    answer_spans = [_span(answer, example) for answer in answers]
    spans = sentences(example.context, answer_spans)
    question = lookup.get(example.question)
    lines = lookup.get_all(example.context[slice(*span)] for span in spans)
    context = _Context(example.context, spans, [line.strip() for line in lines])
    sources = [_source_answer(span, example, spans) for span in answer_spans]
    if projection.methods != ("marked",):
        lookup.get_all(source.text for source in sources)
    if lookup.missing:
        return MissingTranslations(tuple(lookup.missing))
    if is_lost(example.question, question) or not all(context.translations):
        return Dropped(EMPTY)

    projected = _project(context, sources, lookup, projection)
    if isinstance(projected, MissingTranslations | Dropped):
        return projected
    return _assembled(example, question, target, sources, projected)


def _project(
    context: _Context, sources: Sequence[_SourceAnswer], lookup: Lookup, projection: Projection
) -> MissingTranslations | Dropped | _Projected:
    spans: dict[int, Span] = {}
    first: str | None = None
    reasons = set()
    for method in projection.methods:
        if method == "marked":
            if spans or not sources:
                continue
            marked = _by_marks(context, sources, lookup)
            if lookup.missing:
                return MissingTranslations(tuple(lookup.missing))
            if marked is None:
                reasons.add(MARKS_LOST)
            else:
                (context, spans), first = marked, method
            continue
        for index, source in enumerate(sources):
            if index in spans:
                continue
            position = AnswerPosition(
                sentence=context.sentence(source.sentence),
                span=source.span,
                translated_sentence=context.translations[source.sentence],
                translated_answer=lookup.get(source.text),
            )
            span = find(position, method, projection.level)
            if isinstance(span, str):
                reasons.add(span)
            else:
                spans[index], first = span, first or method
    if sources and not spans:
        return Dropped(next(reason for reason in REASONS if reason in reasons))
    return _Projected(context, spans, first)


def _by_marks(
    context: _Context, sources: Sequence[_SourceAnswer], lookup: Lookup
) -> tuple[_Context, dict[int, Span]] | None:
    """Project the first answer whose marks survive; a marked sentence may have to be waited for."""
    for index, source in enumerate(sources):
        marked = mark(context.sentence(source.sentence), source.span)
        if marked is None:
            continue
        sentence, marks = marked
        translated = lookup.get(sentence).strip()
        if lookup.missing:
            return None
        unmarked = unmark(translated, marks)
        if not isinstance(unmarked, str):
            text, span = unmarked
            return context.with_sentence(source.sentence, text), {index: span}
    return None


def _assembled(
    example: SpanExample,
    question: str,
    target: str,
    sources: Sequence[_SourceAnswer],
    projected: _Projected,
) -> Rebuilt:
    context, starts = projected.context.joined()
    answers: dict[Answer, None] = {}  # two answers of the source may become one
    for index, (start, end) in sorted(projected.spans.items()):
        begin = starts[sources[index].sentence]
        answers[Answer(context[begin + start : begin + end], begin + start)] = None
    built = replace(
        example,
        language=target,
        context=context,
        question=question,
        answers=None if example.answers is None else tuple(answers),
    )
    return Rebuilt(built, projected.method, len(sources) - len(projected.spans))


def _span(answer: Answer, example: SpanExample) -> Span:
    end = answer.start + len(answer.text)
    if (
        not answer.text.strip()
        or example.context[max(0, answer.start) : max(0, end)] != answer.text
    ):
        raise DataError(
            f"the answer '{answer.text[:40]}' does not stand at character {answer.start} of its "
            "context",
            where=f"example {example.unit_id}",
            remedy="Offsets count characters (code points) from 0, not bytes",
        )
    return answer.start, end


def _source_answer(span: Span, example: SpanExample, spans: Sequence[Span]) -> _SourceAnswer:
    """Return where an answer stands; white space at its ends is no part of it."""
    start, end = span
    text = example.context[start:end]
    start, end = start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())
    index = next(i for i, (_, stop) in enumerate(spans) if start < stop)
    begin = spans[index][0]
    return _SourceAnswer(text.strip(), index, (start - begin, end - begin))
