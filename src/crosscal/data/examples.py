"""Examples, one type a family: what every reader yields and every task consumes.

All have ``unit_id`` (names the example within its split, for example ``"test-00017"``: the split
and the zero-based number of the data row, zero-padded, so that code-point order is row order;
parallel languages share their ids), ``cluster_id`` (what makes examples dependent: the premise,
the paragraph, the sentence) and ``language`` (a code of `crosscal.languages`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PairExample:
    """A text or two in one language, with a label in words (classification).

    Attributes
    ----------
    unit_id, cluster_id, language : str
        See the module.
    text_a, text_b : str
        Premise and hypothesis, first and second sentence, question and sentence; `text_b` is None
        where a single text is classified.
    label : str or None
        One of the task's labels; None where the file has none.
    """

    unit_id: str
    cluster_id: str
    language: str
    text_a: str
    text_b: str | None
    label: str | None


@dataclass(frozen=True, slots=True)
class ChoiceExample:
    """A question and its options (multiple choice).

    Attributes
    ----------
    unit_id, cluster_id, language : str
        See the module.
    context : str
        What is read first; may be empty where the question stands alone.
    question : str
        What is asked; empty where an option continues the context.
    options : tuple of str
        Two or more.
    answer : int or None
        Place of the right option; None where the file does not say.
    """

    unit_id: str
    cluster_id: str
    language: str
    context: str
    question: str
    options: tuple[str, ...]
    answer: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A stretch of a context.

    Attributes
    ----------
    text : str
        Equal to ``context[start : start + len(text)]``.
    start : int
        In code points.
    """

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class SpanExample:
    """A question about a context that may hold its answer (span).

    Attributes
    ----------
    unit_id, cluster_id, language : str
        See the module; the cluster is the paragraph.
    question_id : str
        The file's own id of the question, as submissions to a benchmark use it.
    context, question : str
        The texts.
    answers : tuple of Answer or None
        All accepted answers, none of them if the context does not answer the question; None
        where the file does not say.
    """

    unit_id: str
    cluster_id: str
    language: str
    question_id: str
    context: str
    question: str
    answers: tuple[Answer, ...] | None


@dataclass(frozen=True, slots=True)
class TagExample:
    """A sentence in words, each with a tag (tagging).

    Attributes
    ----------
    unit_id, cluster_id, language : str
        See the module; the cluster is the sentence.
    words : tuple of str
        As the file separates them.
    tags : tuple of str or None
        One a word; None where the file has none.
    """

    unit_id: str
    cluster_id: str
    language: str
    words: tuple[str, ...]
    tags: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class SentenceExample:
    """A sentence on one side of a pair of languages (retrieval).

    Attributes
    ----------
    unit_id, cluster_id : str
        See the module; unit ids of the two sides differ.
    language : str
        Of the pair: the one that is not English, on both sides.
    english : bool
        Whether this sentence is on the English side.
    sentence_id : str
        The file's own id, as submissions to a benchmark use it.
    text : str
        The sentence.
    partners : tuple of str or None
        Unit ids of its translations on the other side, none of them if it has none; None
        where the files do not say.
    """

    unit_id: str
    cluster_id: str
    language: str
    english: bool
    sentence_id: str
    text: str
    partners: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class TextExample:
    """A piece of running text (masked language modelling).

    Attributes
    ----------
    unit_id, cluster_id, language : str
        See the module; the cluster is the document.
    text : str
        The text.
    """

    unit_id: str
    cluster_id: str
    language: str
    text: str


Example = PairExample | ChoiceExample | SpanExample | TagExample | SentenceExample | TextExample
