"""Reading and writing prediction files (Parquet)."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from crosscal.artifacts import flush, move
from crosscal.exceptions import ArtifactError, DataError
from crosscal.predictions.provenance import METADATA_KEY, Provenance
from crosscal.predictions.table import Predictions
from crosscal.predictions.validation import COLUMNS

# Fixed so that equal content gives equal bytes, whatever pyarrow's defaults become.
_ROW_GROUP = 65_536
_PARQUET_VERSION = "2.6"


def write_predictions(predictions: Predictions, path: str | os.PathLike[str]) -> None:
    """Write predictions to a Parquet file, whole or not at all; ArtifactError if it cannot be.

    Written beside the target, flushed to disk and renamed, so that a reader never meets half a
    file. Equal predictions give equal bytes (under the same pyarrow version).
    """
    target = Path(path)
    metadata = {METADATA_KEY: predictions.provenance.to_json().encode()}
    table = predictions.table.replace_schema_metadata(metadata)
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as stream:
            pq.write_table(
                table,
                stream,
                version=_PARQUET_VERSION,
                compression="zstd",
                compression_level=3,
                row_group_size=_ROW_GROUP,
                write_page_checksum=True,
            )
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp gives 0600; a shared study folder wants what open() would have given.
        os.chmod(temporary, 0o666 & ~_umask())
        move(Path(temporary), target)
        temporary = None
        flush(target.parent)
    except OSError as error:
        raise ArtifactError(
            f"cannot write predictions: {error.strerror or error}",
            where=str(target),
            remedy="check that the folder exists, is writable and has space",
        ) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def read_predictions(path: str | os.PathLike[str]) -> Predictions:
    """Read and validate a prediction file; DataError for what is no such file (see `validate`).

    Text stored as large or dictionary-encoded strings, large lists and wider integers, as other
    Parquet writers produce them, are accepted; scores of another type than float32 are not, because
    rounding them is the writer's decision.
    """
    target = Path(path)
    if os.path.exists(target) and not os.path.isfile(target):  # a pipe would be waited for
        raise DataError("this is no file", where=str(target), remedy="name prediction files")
    try:
        table = pq.ParquetFile(target, page_checksum_verification=True).read()
    except FileNotFoundError as error:
        raise DataError(
            "no such file",
            where=str(target),
            remedy="standard input is read by `crosscal calibrate`"
            if str(target) == "-"
            else "check the path",
        ) from error
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(
            f"not a readable Parquet file, perhaps truncated or altered: {error}",
            where=str(target),
            remedy="write the predictions again; predictions of any other form and origin are read "
            "by `crosscal calibrate`",
        ) from error
    metadata = table.schema.metadata or {}
    if METADATA_KEY not in metadata:
        raise DataError(
            "Parquet file without crosscal provenance",
            where=f"{target}: schema metadata {METADATA_KEY.decode()!r}",
            remedy="build Predictions.from_arrays with a Provenance and write_predictions, or "
            "measure them with `crosscal calibrate`",
        )
    provenance = Provenance.from_json(metadata[METADATA_KEY], where=f"{target}: provenance")
    return Predictions(provenance, _harmless_casts(table), where=str(target))


def _harmless_casts(table: pa.Table) -> pa.Table:
    """Cast required columns whose type differs only in how it is stored."""
    for name, kind in COLUMNS.items():
        if table.column_names.count(name) != 1:
            continue
        actual = table.schema.field(name).type
        as_text = pa.types.is_large_string(actual) or pa.types.is_dictionary(actual)
        as_list = pa.types.is_large_list(actual) or pa.types.is_fixed_size_list(actual)
        harmless = (
            (pa.types.is_string(kind) and as_text)
            or (pa.types.is_list(kind) and as_list and actual.value_type == pa.float32())
            or (pa.types.is_integer(kind) and pa.types.is_integer(actual))
        )
        if actual == kind or not harmless:
            continue
        try:
            column = table[name].cast(kind)
        except pa.ArrowException:
            continue  # validation names the column and its type
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
