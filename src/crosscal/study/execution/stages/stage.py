"""What a stage is: a frozen record of what decides about its result, and how to make it.

A stage's key is the hash of its kind, the version of the kind's code, its hashed fields and the
keys of its inputs. Recipes and seeds that agree up to a point share the stages up to that point.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel

from crosscal.training.reporting import ReportProgress
from crosscal.training.settings import ADDED_LATER

Node = tuple[str, str]

# Marks fields that cannot change the result, such as paths: they are not part of the key.
RUNTIME = {"runtime": True}


class TokenCounts(Protocol):
    """How many tokens there are: counted where they were prepared, else judged by characters."""

    def of_artifact(self, node: Node) -> float:
        """Tokens that a stage leaves."""

    def of_source(self, field: str) -> float:
        """Tokens of a source, by its field in the study file."""

    def examples_of_artifact(self, node: Node) -> int:
        """Examples that are tokenised."""

    def examples_of_source(self, field: str) -> int:
        """Examples of a source, by its field in the study file."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What a stage has to do: tokens, bytes it leaves, operations of the encoder for each token.

    `memory` is what the encoder needs, in bytes; `operations` are those of no encoder.
    """

    tokens: float
    bytes: int
    operations_per_token: float = 0.0
    precision: str = "fp32"  # of the operations
    memory: int = 0
    operations: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Stage(ABC):
    """One node of the plan; a kind of stage is a subclass.

    Fields are hashed into the key unless their metadata is `RUNTIME`. One that has its default
    is not hashed either, so that a field added later leaves older keys as they are.

    Attributes
    ----------
    kind : str
        Names the folders of its artifacts.
    version : int
        Raise it whenever the code of the kind would give another result.
    on_gpu : bool
        Whether it uses a GPU where there is one.
    title : str
        What it does, for people.
    large : tuple of str
        Patterns of the files that may be discarded once every stage that reads them is done.
    inputs : dict of str to Node
        Role to (kind, key) of the stages whose artifacts it reads.
    devices : int
        How many processes with a device each share it.
    """

    kind: ClassVar[str]
    version: ClassVar[int]
    large: ClassVar[tuple[str, ...]] = ()
    on_gpu: ClassVar[bool] = False

    title: str = field(metadata=RUNTIME)
    inputs: dict[str, Node] = field(default_factory=dict)
    devices: int = field(default=1, metadata=RUNTIME)

    @abstractmethod
    def run(
        self, folder: Path, inputs: Mapping[str, Path], progress: ReportProgress
    ) -> dict[str, Any]:
        """Fill a folder, as a pure function of the hashed fields and the inputs.

        All processes that share it do so at once; those that do not lead write nothing.

        May be killed at any moment and called again with what it left in the folder; it then
        goes on to the same bits.

        Returns
        -------
        dict
            Facts for the manifest, in JSON types.
        """

    def workload(self, counts: TokenCounts) -> Workload:
        """Estimate what it has to do; unless a kind says more, nothing worth counting."""
        return Workload(tokens=0.0, bytes=0)

    @property
    def hashed(self) -> dict[str, Any]:
        """All fields that decide about the result."""
        return {
            entry.name: value
            for entry in fields(self)
            if entry.name != "inputs" and not entry.metadata.get("runtime")
            if (value := getattr(self, entry.name)) != entry.default or entry.default is MISSING
        }

    @cached_property
    def key(self) -> str:
        """Content key, 64 hexadecimal digits."""
        content = json.dumps(
            [self.kind, self.version, self.hashed, self.inputs],
            sort_keys=True,
            default=_model_fields,
        )
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def node(self) -> Node:
        """(kind, key), as other stages refer to it."""
        return self.kind, self.key


def _model_fields(value: Any) -> dict[str, Any]:
    """Give json the fields of a pydantic model; see `ADDED_LATER`."""
    if isinstance(value, BaseModel):
        known = type(value).model_fields
        return {
            name: each
            for name, each in value.model_dump().items()
            if known[name].json_schema_extra != ADDED_LATER or each != known[name].default
        }
    raise TypeError(f"{type(value).__name__} cannot be hashed")
