"""Two processes that share a stage do what one does, to rounding; killed ones go on to the bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")

from crosscal.encoders.architectures import token_types  # noqa: E402
from crosscal.encoders.loading import load_tokenizer  # noqa: E402
from crosscal.tasks import FAMILIES, InputLimits  # noqa: E402
from crosscal.training.parallel.ranks import PeerLost, current_ranks  # noqa: E402
from crosscal.training.settings import HeadSettings  # noqa: E402
from tests.training.parallel import jobs  # noqa: E402
from tests.training.test_families import WORDS, chosen, spanned, tagged  # noqa: E402
from tests.training.test_masking import running_text  # noqa: E402

FILES = ("encoder.safetensors", "heads.npz")
# Kind of encoder, how an example is made, labels, tokens a step: of the first so few that some
# steps have one example, and a process nothing to do.
CASES = {
    "classification": ("bert", None, ("a", "b", "c"), 20),
    "tagging": ("xlm-roberta", tagged, tuple("ABCDE"), 90),
    "multiple choice": ("bert", chosen, (), 200),
    "span": ("deberta-v2", spanned, ("",), 120),
}


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    two = jobs.Pair(tmp_path_factory.mktemp("pair"))
    yield two
    two.close()


@pytest.fixture
def stage(tiny_encoder, token_set, tmp_path):
    """Return a function from a family to what trains on it: encoder, heads, inputs, settings."""

    def save(name, tokens):
        (tmp_path / name).mkdir()
        tokens.save(tmp_path / name)
        return tmp_path / name

    def make(family):
        kind, example, labels, batch_tokens = CASES[family]
        encoder = tiny_encoder(kind)
        head = HeadSettings(name="it", family=family, labels=labels)
        inputs = {}
        for seed, (role, count) in enumerate((("train:it", 40), ("dev:it", 11), ("test", 33))):
            if example is None:
                tokens = token_set(count, seed, ids=(5, 90))
            else:
                rng = np.random.default_rng(seed)
                examples = [example(rng, i, list(WORDS)[i % 5]) for i in range(count)]
                limits = InputLimits(max_length=40, token_types=token_types(encoder))
                tokens = FAMILIES[family].tokenise(
                    load_tokenizer(encoder), examples, list(labels), limits
                )
            inputs[role] = save(role.replace(":", "-"), tokens)
        training = jobs.TRAINING.model_copy(update={"batch_tokens": batch_tokens})
        return encoder, [head], inputs, training

    return make


def raised(outcome):
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def assert_same_curve(folder, expected):
    """Hold losses, norms and development scores of a training against those of another."""
    for ours, theirs in zip(jobs.losses(folder), jobs.losses(expected), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_what_they_tell_each_other(pair):
    first, second = map(raised, pair(jobs.sums))
    assert first["sums"] == [[3.0] * 3, [[21, 21], [21, 21]], []]
    assert first["first"] == [0.0, 0.0]
    assert first["largest"] == 5
    assert first["said"] == [0, 7]
    assert first["noise"] != second["noise"]  # each drops out by itself
    del first["noise"], second["noise"]
    assert first == second
    assert current_ranks().size == 1


def test_one_that_is_gone_is_told(pair):
    first, second = pair(jobs.fail, "as the test wants")
    assert isinstance(second, jobs.Killed)
    assert isinstance(first, PeerLost)
    assert "another of the processes that share this stage is gone" in str(first)


@pytest.mark.parametrize("family", CASES)
def test_the_same_scores_as_one(pair, stage, tmp_path, family):
    encoder, heads, inputs, training = stage(family)
    one = jobs.train(encoder, heads, inputs, tmp_path / "one", training)
    two, nothing = map(raised, pair(jobs.train, encoder, heads, inputs, tmp_path / "two", training))
    assert nothing == {}
    assert {path.name for path in (tmp_path / "two").iterdir()} == {
        path.name for path in (tmp_path / "one").iterdir()
    }
    assert (two["steps"], two["tokens"]) == (one["steps"], one["tokens"])
    assert_same_curve(tmp_path / "two", tmp_path / "one")
    scores = {}
    for name in ("one", "two"):
        jobs.predict(encoder, heads[0], tmp_path / name, inputs["test"], tmp_path / f"{name}-s")
        scores[name] = np.load(tmp_path / f"{name}-s" / "test.npy")
    apart = scores["one"] - scores["two"]
    if family in ("multiple choice", "span"):
        # What all candidates have in common means nothing, and has no gradient but rounding.
        apart -= apart.mean(axis=0)
    assert abs(apart).max() < 1e-5 < 0.01 < abs(scores["one"]).max()
    # Whoever scores a part: the same bits.
    for samples in (0, 2):
        given = (encoder, heads[0], tmp_path / "one", inputs["test"])
        jobs.predict(*given, tmp_path / "alone", samples)
        raised(pair(jobs.predict, *given, tmp_path / "shared", samples)[0])
        alone, shared = (tmp_path / name / "test.npy" for name in ("alone", "shared"))
        assert alone.read_bytes() == shared.read_bytes()


def test_masked_language_modelling_beside_a_task(pair, stage, tmp_path):
    encoder, heads, inputs, training = stage("classification")
    heads = [*heads, jobs.TEXT]
    (tmp_path / "text").mkdir()
    text = running_text(20, 9, 1, ids=(10, 90))
    units = pa.table({"unit_id": list(map(str, range(20))), "language": ["sw"] * 20})
    arrays = {**text.arrays, "text": np.arange(20)}
    replace(text, units=units, arrays=arrays).save(tmp_path / "text")
    inputs["train:text"] = tmp_path / "text"
    one = jobs.train(encoder, heads, inputs, tmp_path / "one", training)
    two, _ = map(raised, pair(jobs.train, encoder, heads, inputs, tmp_path / "two", training))
    assert (two["steps"], two["tokens"]) == (one["steps"], one["tokens"])
    assert_same_curve(tmp_path / "two", tmp_path / "one")


def test_killed_they_go_on_to_the_same_bits(pair, stage, tmp_path):
    encoder, heads, inputs, training = stage("classification")
    training = training.model_copy(update={"dropout": 0.1, "micro_batch_tokens": 12})
    given = (encoder, heads, inputs)
    whole, _ = map(raised, pair(jobs.train, *given, tmp_path / "whole", training))
    for moment in (1, 2, 5, whole["steps"]):
        both = pair(jobs.train, *given, tmp_path / "killed", training, kill_at=moment, every=0.0)
        assert all(isinstance(each, jobs.Killed) for each in both)
        assert (tmp_path / "killed" / "state.safetensors").exists() == (moment > 1)
    again, _ = map(raised, pair(jobs.train, *given, tmp_path / "killed", training))
    assert again == whole
    for name in FILES:
        ours, theirs = ((tmp_path / at / name).read_bytes() for at in ("killed", "whole"))
        assert ours == theirs
    # What is finished is found, by both.
    assert raised(pair(jobs.train, *given, tmp_path / "killed", training)[0]) == whole
    # One process has other noise.
    jobs.train(*given, tmp_path / "one", training)
    assert (tmp_path / "one" / FILES[0]).read_bytes() != (
        tmp_path / "whole" / FILES[0]
    ).read_bytes()
