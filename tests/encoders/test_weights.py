"""Files of weights are looked at before anything is read or computed."""

from __future__ import annotations

import os

import numpy as np
import pytest

from crosscal.encoders.weights import check_weights
from crosscal.exceptions import ArtifactError

safetensors = pytest.importorskip("safetensors.numpy")


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "model.safetensors"
    tensors = {"a": np.arange(12.0).reshape(3, 4), "b": np.zeros(0), "c": np.ones(5, np.float16)}
    safetensors.save_file(tensors, path, metadata={"format": "pt"})
    return path


def test_whole_files_pass(weights, tmp_path):
    safetensors.save_file({}, tmp_path / "nothing.safetensors")
    check_weights(tmp_path)


@pytest.mark.parametrize("length", [0, 5, 8, 40, -1])
def test_cut_files(weights, length):
    os.truncate(weights, length if length >= 0 else weights.stat().st_size + length)
    with pytest.raises(ArtifactError, match="weights cannot be used"):
        check_weights(weights.parent)


def test_longer_files(weights):
    with weights.open("ab") as stream:
        stream.write(b"\0")
    with pytest.raises(ArtifactError, match="weights cannot be used"):
        check_weights(weights.parent)


@pytest.mark.parametrize(
    "header", [b"{", b"[1]", b'{"a": 3}', b'{"a": {"data_offsets": [0]}}', b"\xff", b"[" * 100_000]
)
def test_headers_that_are_none(weights, header):
    weights.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(ArtifactError, match="weights cannot be used"):
        check_weights(weights.parent)


def test_no_header_is_read_that_is_longer_than_any(weights):
    with weights.open("wb") as stream:
        stream.write((400_000_000).to_bytes(8, "little"))
        stream.truncate(500_000_000)  # a sparse file
    with pytest.raises(ArtifactError, match="weights cannot be used"):
        check_weights(weights.parent)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_not_waited_for(weights):
    weights.unlink()
    os.mkfifo(weights)
    with pytest.raises(ArtifactError, match="this is no file"):
        check_weights(weights.parent)
