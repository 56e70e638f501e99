"""An exported model as an ONNX graph, beside its other files."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from crosscal.artifacts import disk_errors
from crosscal.exceptions import StageFailed
from crosscal.export.classes import TOLERANCE, ExportedModel

FILE = "model.onnx"
# A file of protocol buffers holds 2 GB; the weights of larger models lie beside it.
_LARGEST_FILE = 1_900_000_000
# Those that report of themselves, not of the model.
_LOGGERS = ("torch.onnx", "onnxscript", "onnx_ir")


class _Logits(nn.Module):
    """A model of transformers with tensors in and tensors out."""

    def __init__(
        self, model: PreTrainedModel, inputs: tuple[str, ...], outputs: tuple[str, ...]
    ) -> None:
        super().__init__()
        self.model, self.inputs, self.outputs = model, inputs, outputs

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        """Scores under their names in transformers, in the order of `outputs`."""
        found = self.model(**dict(zip(self.inputs, values, strict=True)))
        return tuple(found[name] for name in self.outputs)


def write_onnx(exported: ExportedModel, family: str, folder: Path) -> tuple[Path, float]:
    """Write ``model.onnx``; return it, and how far ONNX Runtime's scores are from the model's.

    Inputs are those of the tokenizer, outputs ``logits`` or ``start_logits`` and ``end_logits``,
    of any number of sequences (for multiple choice: questions, options) and tokens.

    Raises
    ------
    StageFailed
        If the graph does not give the model's scores; it is then removed.
    """
    inputs = exported.probe.inputs
    axes: dict[int, Any] = {0: "batch", 1: "tokens"}
    if family == "multiple choice":
        even = len(inputs["input_ids"]) // 2 * 2
        inputs = {name: x[:even].reshape(-1, 2, x.shape[1]) for name, x in inputs.items()}
        axes = {0: "batch", 1: "options", 2: "tokens"}
    names = ("start_logits", "end_logits") if family == "span" else ("logits",)
    whole: Any = exported.model
    whole.set_attn_implementation("eager")
    model = _Logits(whole.cpu().eval(), tuple(inputs), names)
    path = folder / FILE
    with disk_errors(path), _quiet(), torch.no_grad():
        torch.onnx.export(
            model,
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=list(names),
            dynamic_shapes=(tuple(axes for _ in inputs),),
            dynamo=True,
            verbose=False,
            external_data=sum(p.nbytes for p in model.parameters()) > _LARGEST_FILE,
        )
        # Another shape than the graph was made from.
        other = {name: values[-1:, ..., :-1] for name, values in inputs.items()}
        difference = max(_difference(path, model, batch) for batch in (inputs, other))
    if difference > TOLERANCE:
        path.unlink()
        raise StageFailed(
            f"the ONNX graph's scores differ by {difference:.1e} of the largest",
            where=str(path),
            remedy="Use the folder without --format onnx, which is whole, and report it",
        )
    return path, difference


@contextmanager
def _quiet() -> Iterator[None]:
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    for name in levels:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _difference(path: Path, model: _Logits, inputs: dict[str, Tensor]) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    expected = model(*inputs.values())
    found = session.run(None, {name: values.numpy() for name, values in inputs.items()})
    return max(
        float((torch.from_numpy(one) - other).abs().max()) / max(1.0, float(other.abs().max()))
        for one, other in zip(found, expected, strict=True)
    )
