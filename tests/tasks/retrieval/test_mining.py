"""Mining against an independent reading of XTREME's definition, and against hand-made sets."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosscal.exceptions import DataError, SettingsError
from crosscal.metrics.bitext import best_threshold, bitext_scores
from crosscal.tasks.retrieval.mining import deduplicate, mine, score_margins

WORDS = ("Haus", "कुत्ता", "بيت", "猫", "дом", "บ้าน", "שלום", "ev", "nyumba", "गाय")


def reference(source_rows, target_rows, source_texts, target_texts, k, margin):
    """Candidates by the definition: {(source row, target row): score}, one sentence at a time.

    Identical lines are one sentence; unit vectors; k nearest each way by cosine; margin against
    the mean of both means; best of forward and best of backward together, highest first, no
    sentence twice, score above 0; at last, sentences whose stripped text is there twice are lost.
    """

    def unique(rows, texts):
        lines = list(dict.fromkeys(texts))
        vectors = [rows[texts.index(line)].astype(float) for line in lines]
        return lines, [v / math.sqrt(sum(x * x for x in v)) for v in vectors]

    def neighbours(vector, others):
        cosines = [sum(a * b for a, b in zip(vector, o, strict=True)) for o in others]
        order = sorted(range(len(others)), key=lambda j: (-round(cosines[j], 12), j))
        return [(j, cosines[j]) for j in order[: min(k, len(others))]]

    xs, x = unique(source_rows, source_texts)
    ys, y = unique(target_rows, target_texts)
    forward = [neighbours(v, y) for v in x]
    backward = [neighbours(v, x) for v in y]
    fwd_mean = [sum(c for _, c in row) / len(row) for row in forward]
    bwd_mean = [sum(c for _, c in row) / len(row) for row in backward]

    def score(cosine, i, j):
        mean = (fwd_mean[i] + bwd_mean[j]) / 2
        return {"ratio": cosine / mean, "distance": cosine - mean, "absolute": cosine}[margin]

    lines = []
    for i, row in enumerate(forward):
        best = max(score(c, i, j) for j, c in row)
        lines.append((best, i, next(j for j, c in row if score(c, i, j) == best)))
    for j, row in enumerate(backward):
        best = max(score(c, i, j) for i, c in row)
        lines.append((best, next(i for i, c in row if score(c, i, j) == best), j))
    seen_x, seen_y, pairs = set(), set(), []
    for value, i, j in sorted(lines, key=lambda line: (-round(line[0], 12), line[1], line[2])):
        if i not in seen_x and j not in seen_y:
            seen_x.add(i)
            seen_y.add(j)
            if value > 0:
                pairs.append((value, xs[i], ys[j]))

    def ids(texts):
        stripped = [text.strip() for text in texts]
        return {text: row for row, text in enumerate(stripped) if stripped.count(text) == 1}

    of_source, of_target = ids(source_texts), ids(target_texts)
    return {
        (of_source[s.strip()], of_target[t.strip()]): value
        for value, s, t in pairs
        if s.strip() in of_source and t.strip() in of_target
    }


def corpus(seed, sizes, *, repeats=0):
    """Two sides with some translations, near to a common direction; some lines repeated."""
    rng = np.random.default_rng(seed)
    sources, targets = (2.0 + rng.normal(size=(n, 8)) for n in sizes)
    shared = min(sizes) // 2
    targets[:shared] = sources[:shared] + 0.3 * rng.normal(size=(shared, 8))
    rows = [sources.astype(np.float32), targets.astype(np.float32)]
    texts = []
    for side, name in zip(rows, "st", strict=True):
        lines = [f"{name} {WORDS[i % len(WORDS)]} {i}" for i in range(len(side))]
        for _ in range(repeats):
            one, other = rng.integers(0, len(side), 2)
            side[one] = side[other]
            lines[one] = lines[other] if rng.random() < 0.5 else f" {lines[other].strip()} "
        texts.append(lines)
    return (*rows, *texts)


@given(
    seed=st.integers(0, 100_000),
    sizes=st.tuples(st.integers(1, 25), st.integers(1, 25)),
    repeats=st.integers(0, 4),
    k=st.integers(1, 6),
    margin=st.sampled_from(["ratio", "distance", "absolute"]),
    block=st.sampled_from([3, 10, 1024]),
)
@settings(max_examples=60)
def test_agrees_with_the_definition(seed, sizes, repeats, k, margin, block):
    sides = corpus(seed, sizes, repeats=repeats)
    found = mine(score_margins(*sides, neighbours=k, margin=margin, block=block))
    pairs = list(zip(found.sources.tolist(), found.targets.tolist(), strict=True))
    expected = reference(*sides, k, margin)
    assert set(pairs) == set(expected)
    values = [expected[pair] for pair in pairs]
    assert found.scores == pytest.approx(values, abs=1e-6)
    assert (np.diff(found.scores) <= 0).all()
    assert len({s for s, _ in pairs}) == len({t for _, t in pairs}) == len(pairs)


@given(seed=st.integers(0, 100_000), block=st.sampled_from([1, 4, 9]))
@settings(max_examples=15)
def test_blocks_change_no_bit(seed, block):
    sides = corpus(seed, (14, 11), repeats=2)
    whole, cut = score_margins(*sides), score_margins(*sides, block=block)
    assert whole.forward_scores.tobytes() == cut.forward_scores.tobytes()
    assert whole.backward_scores.tobytes() == cut.backward_scores.tobytes()
    ways = ("max", "forward", "backward")
    for one, other in ((mine(whole, retrieval=w), mine(cut, retrieval=w)) for w in ways):
        assert one.scores.tobytes() == other.scores.tobytes()
        assert (one.sources == other.sources).all()


def test_a_pair_has_one_score_in_both_directions():
    margins = score_margins(*corpus(3, (40, 30)))
    forward = {
        (i, int(j)): score
        for i, (places, scores) in enumerate(
            zip(margins.forward.indices, margins.forward_scores, strict=True)
        )
        for j, score in zip(places, scores, strict=True)
    }
    shared = 0
    for j, (places, scores) in enumerate(
        zip(margins.backward.indices, margins.backward_scores, strict=True)
    ):
        for i, score in zip(places, scores, strict=True):
            shared += (int(i), j) in forward
            assert forward.get((int(i), j), score) == score
    assert shared > 40


def directions(*angles):
    """Unit vectors in a plane, by degrees."""
    turned = np.radians(angles)
    return np.stack([np.cos(turned), np.sin(turned)], axis=1)


def test_margins_by_hand():
    """Two against two at 0, 60 and 0, 30 degrees: cosines 1, cos 30; cos 60, cos 30."""
    sides = (directions(0, 60), directions(0, 30), ["a", "b"], ["ا", "ب"])
    half, root = 0.5, math.sqrt(3) / 2
    forward_means = [(1 + root) / 2, (half + root) / 2]
    backward_means = [(1 + half) / 2, (root + root) / 2]
    expected = {
        ("ratio", 0, 0): 1 / ((forward_means[0] + backward_means[0]) / 2),
        ("ratio", 1, 1): root / ((forward_means[1] + backward_means[1]) / 2),
        ("distance", 0, 0): 1 - (forward_means[0] + backward_means[0]) / 2,
        ("distance", 1, 1): root - (forward_means[1] + backward_means[1]) / 2,
        ("absolute", 0, 0): 1.0,
        ("absolute", 1, 1): root,
    }
    for margin in ("ratio", "distance", "absolute"):
        found = mine(score_margins(*sides, margin=margin))
        scores = dict(zip(found.sources.tolist(), found.scores.tolist(), strict=True))
        for row in range(2):
            assert scores[row] == pytest.approx(expected[margin, row, row], abs=1e-6)
    one = score_margins(*sides, neighbours=1)
    assert one.forward.indices.tolist() == [[0], [1]]


def test_ways_of_retrieval_by_hand():
    """Sources at 0 and 10 degrees both have the target at 5 as nearest; 80 has nobody near."""
    sides = (directions(0, 11), directions(5, 80), ["a", "b"], ["c", "d"])
    margins = score_margins(*sides, neighbours=1, margin="absolute")

    def pairs(way):
        found = mine(margins, retrieval=way)
        return list(zip(found.sources.tolist(), found.targets.tolist(), strict=True))

    assert pairs("forward") == [(0, 0), (1, 0)]
    assert pairs("backward") == [(0, 0), (1, 1)]
    assert pairs("max") == [(0, 0), (1, 1)]


def test_scores_must_be_above_zero_in_max_alone():
    sides = (directions(0, 180), directions(90, 5), ["a", "b"], ["c", "d"])
    margins = score_margins(*sides, neighbours=1, margin="absolute")
    found = mine(margins, retrieval="forward")
    assert found.scores[-1] < 1e-6
    assert len(found.scores) == 2
    assert mine(margins).scores.min() > 0


def test_repeated_sentences_compete_and_are_lost():
    """A repeated source wins the target, and both are gone, though another source was near."""
    rows = directions(0, 3, 0, 40)
    texts = ["tekrar", "yakın", "tekrar", "uzak"]
    targets = directions(1, 41)
    found = mine(score_margins(rows, targets, texts, ["وحيد", "آخر"]))
    assert list(zip(found.sources.tolist(), found.targets.tolist(), strict=True)) == [(3, 1)]
    alone = mine(score_margins(rows[1:], targets, texts[1:], ["وحيد", "آخر"]))
    assert (1, 0) in zip(alone.sources.tolist(), alone.targets.tolist(), strict=True)


def test_equal_scores_go_by_source_then_target():
    rows = np.repeat(directions(10), 3, axis=0)
    found = mine(score_margins(rows, rows, ["a", "b", "c"], ["d", "e", "f"], neighbours=3))
    # Forward and backward both offer the first neighbour alone: source 0, target 0.
    assert found.sources.tolist() == [0]
    assert found.targets.tolist() == [0]
    two = np.concatenate([directions(10), directions(70)])
    found = mine(score_margins(two, two, ["a", "b"], ["c", "d"], neighbours=1))
    assert found.sources.tolist() == found.targets.tolist() == [0, 1]


def test_unify():
    found = deduplicate(["x", "ย", "x ", "x", "ย", "z"])
    assert found.first.tolist() == [0, 1, 2, 5]
    assert found.of.tolist() == [0, 1, 2, 0, 1, 3]
    assert found.repeated.tolist() == [True, True, True, False]


def test_hand_made_bucc_with_known_f1():
    """Six sources, six targets; four gold pairs, of which one is hard and one not mined.

    Cosines are those of the angles; with the absolute margin the mined list is, best first,
    (0, 0) 1 degree apart, (1, 1) 2, (2, 2) 3 but wrong, (3, 3) 4, (4, 4) 9 wrong, (5, 5) 10 wrong.
    """
    starts = np.array([0, 25, 50, 75, 100, 125])
    apart = np.array([1, 2, 3, 4, 9, 10])
    sources, targets = directions(*starts), directions(*(starts + apart))
    names = [f"zh-{i}" for i in range(6)], [f"en-{i}" for i in range(6)]
    gold = {("zh-0", "en-0"), ("zh-1", "en-1"), ("zh-3", "en-3"), ("zh-2", "en-5")}
    found = mine(score_margins(sources, targets, *names, neighbours=1, margin="absolute"))
    assert found.sources.tolist() == found.targets.tolist() == [0, 1, 2, 3, 4, 5]
    ids = [(f"zh-{s}", f"en-{t}") for s, t in zip(found.sources, found.targets, strict=True)]
    right = np.array([pair in gold for pair in ids])
    threshold, best = best_threshold(found.scores, right, len(gold))
    # After two: P 2/2, R 2/4, F1 2/3. After four: P 3/4, R 3/4, F1 3/4. After six: 3/5.
    assert best == pytest.approx(0.75)
    halfway = (math.cos(math.radians(4)) + math.cos(math.radians(9))) / 2
    assert threshold == pytest.approx(halfway, abs=1e-6)
    kept = found.at_least(threshold)
    assert len(kept.scores) == 4
    mined = [(f"zh-{s}", f"en-{t}") for s, t in zip(kept.sources, kept.targets, strict=True)]
    assert bitext_scores(mined, gold)["f1"] == pytest.approx(0.75)
    # On another split the same threshold, not its own best one: pairs at 2, 3 and 10 degrees.
    other = mine(
        score_margins(
            directions(0, 30, 60),
            directions(2, 33, 70),
            ["a", "b", "c"],
            ["d", "e", "f"],
            neighbours=1,
            margin="absolute",
        )
    )
    assert other.at_least(threshold).sources.tolist() == [0, 1]


def test_a_score_at_the_threshold_is_kept():
    found = mine(score_margins(*corpus(1, (9, 9))))
    for count, score in enumerate(found.scores.tolist(), start=1):
        assert len(found.at_least(score).scores) == count
    assert len(found.at_least(math.inf).scores) == 0


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"margin": "ration"}, SettingsError, "unknown margin 'ration'. Did you mean 'ratio'"),
        ({"neighbours": 0}, SettingsError, "0 neighbours"),
        ({"block": 0}, SettingsError, "blocks of 0 rows"),
        ({"texts": ["a"]}, DataError, "sources: 3 vectors for 1 sentences"),
        ({"rows": np.ones((0, 2)), "texts": []}, DataError, "sources: there are no sentences"),
        ({"rows": -directions(1, 2, 3)}, DataError, "sources: row 0: the mean cosine"),
    ],
)
def test_what_cannot_be_mined(change, kind, message):
    options = dict(change)
    rows = options.pop("rows", directions(0, 10, 20))
    texts = options.pop("texts", ["a", "b", "c"])
    with pytest.raises(kind, match=message):
        score_margins(rows, directions(1, 11), texts, ["d", "e"], **options)


def test_rows_are_named_by_their_own_numbers():
    """Texts that were left out as repeated do not shift the numbers in messages."""
    rows = directions(0, 10, 20, 30)
    rows[3] = np.nan
    with pytest.raises(DataError, match="sources: row 3 is NaN"):
        score_margins(rows, directions(1, 11), ["a", "a", "a", "b"], ["d", "e"])
    rows[3] = 0
    with pytest.raises(DataError, match="targets: row 3 is zero"):
        score_margins(directions(1, 11), rows, ["d", "e"], ["a", "a", "a", "b"])


def test_unknown_retrieval():
    with pytest.raises(SettingsError, match="unknown retrieval 'forwards'"):
        mine(score_margins(*corpus(1, (5, 5))), retrieval="forwards")  # type: ignore[arg-type]


def test_files_are_scored_as_arrays_are(tmp_path):
    sides = corpus(5, (50, 20), repeats=3)
    mapped = []
    for name, rows in zip("st", sides[:2], strict=True):
        np.save(tmp_path / f"{name}.npy", rows)
        mapped.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    found, expected = score_margins(*mapped, *sides[2:], block=7), score_margins(*sides)
    assert found.forward_scores.tobytes() == expected.forward_scores.tobytes()
