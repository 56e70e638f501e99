"""Files of an encoder's folder: none leads out of it, none is waited for, none is too large."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from crosscal.encoders.folder import check_files
from crosscal.encoders.loading import locate_encoder
from crosscal.exceptions import ArtifactError


@pytest.fixture
def encoder(tiny_encoder, tmp_path):
    return shutil.copytree(tiny_encoder("xlm-roberta"), tmp_path / "encoder")


NAMES = ("config.json", "tokenizer.json", "model.safetensors")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("how", ["link out", "link to a device", "loop", "folder", "pipe"])
def test_what_is_no_file_of_the_folder(encoder, name, how):
    path = encoder / name
    path.rename(encoder.parent / name)
    if how == "folder":
        path.mkdir()
    elif how == "pipe":
        os.mkfifo(path)
    else:
        targets = {"link out": f"../{name}", "link to a device": "/dev/zero", "loop": name}
        path.symlink_to(targets[how])
    with pytest.raises(ArtifactError, match=name.replace(".", r"\.")):
        locate_encoder(str(encoder))


def test_links_within_and_to_blobs_of_the_hubs_cache(encoder):
    (encoder / "files").mkdir()
    (encoder / "model.safetensors").rename(encoder / "files" / "weights")
    (encoder / "model.safetensors").symlink_to("files/weights")
    assert locate_encoder(str(encoder)) == encoder
    repository = encoder.parent / "models--tiny"
    (repository / "snapshots").mkdir(parents=True)
    (repository / "blobs").mkdir()
    snapshot = repository / "snapshots" / "01"
    shutil.move(encoder, snapshot)
    (snapshot / "config.json").rename(repository / "blobs" / "ab")
    (snapshot / "config.json").symlink_to("../../blobs/ab")
    assert locate_encoder(str(snapshot)) == snapshot


def test_a_configuration_of_megabytes(encoder):
    os.truncate(encoder / "config.json", 5 << 20)
    with pytest.raises(ArtifactError, match="more than 4 MiB"):
        check_files(encoder)


@pytest.mark.parametrize("shard", ["../../etc/passwd", "/dev/zero", "absent.safetensors"])
def test_an_index_names_files_of_the_folder(encoder, shard):
    content = {"weight_map": {"a": "model.safetensors", "b": shard}}
    (encoder / "model.safetensors.index.json").write_text(json.dumps(content))
    with pytest.raises(ArtifactError, match="index of the weights names"):
        check_files(encoder)


@pytest.mark.parametrize("content", ["", "[" * 100_000, "[]", '{"weight_map": 3}'])
def test_an_index_that_is_none(encoder, content):
    (encoder / "model.safetensors.index.json").write_text(content)
    with pytest.raises(ArtifactError, match="index of the weights cannot be read"):
        check_files(encoder)


def change(encoder, **settings):
    path = encoder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"hidden_size": 10**9},
        {"num_hidden_layers": 10**9},
        {"num_hidden_layers": 0},
        {"vocab_size": 10**12},
        {"intermediate_size": 10**10},
        {"hidden_size": -32},
        {"hidden_size": "wide"},
    ],
)
def test_sizes_that_are_not_those_of_the_weights(encoder, settings):
    change(encoder, **settings)
    with pytest.raises(Exception, match=r"config\.json") as caught:
        locate_encoder(str(encoder))
    assert caught.value.exit_code in (2, 4)


def test_weights_of_a_terabyte_are_not_read(encoder):
    entry = {"dtype": "U8", "shape": [1 << 40], "data_offsets": [0, 1 << 40]}
    header = json.dumps({"a": entry}).encode()
    path = encoder / "model.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    os.truncate(path, 8 + len(header) + (1 << 40))  # a hole
    with pytest.raises(ArtifactError, match="far more than it asks for"):
        locate_encoder(str(encoder))


def test_a_tensor_that_is_named_twice(encoder):
    path = encoder / "model.safetensors"
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    name = next(name for name in header if name != "__metadata__")
    text = json.dumps(header)[:-1] + f', "{name}": {json.dumps(header[name])}}}'
    path.write_bytes(len(text).to_bytes(8, "little") + text.encode() + content[8 + length :])
    with pytest.raises(ArtifactError, match="named twice"):
        locate_encoder(str(encoder))


def test_a_long_header_is_not_read(encoder):
    path = encoder / "model.safetensors"
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + length].ljust(40 << 20)
    path.write_bytes(len(header).to_bytes(8, "little") + header + content[8 + length :])
    with pytest.raises(ArtifactError, match="is said to have"):
        locate_encoder(str(encoder))
