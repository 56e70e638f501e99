"""What of a plan has to run, and what of its artifacts nothing needs any more."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from crosscal.study.execution.stages import Node, Stage
from crosscal.study.execution.store import Store


def needed_stages(stages: Sequence[Stage], store: Store) -> list[Stage]:
    """Return the stages that have to run, in the order given.

    They are those that the store does not hold. One whose large files were discarded runs again
    only if such a stage reads them.
    """
    by_node = {stage.node: stage for stage in stages}
    needed: set[Node] = set()
    asked = [node for node in by_node if not store.discarded(*node)]
    while asked:
        node = asked.pop()
        if node not in needed and not store.has(*node):
            needed.add(node)
            asked += by_node[node].inputs.values() if node in by_node else ()
    return [stage for stage in stages if stage.node in needed]


def readers(stages: Sequence[Stage]) -> dict[Node, list[Stage]]:
    """Return the stages that read each artifact."""
    found: dict[Node, list[Stage]] = {}
    for stage in stages:
        for node in dict.fromkeys(stage.inputs.values()):
            found.setdefault(node, []).append(stage)
    return found


def unread(stages: Sequence[Stage], missing: Collection[Node]) -> list[Stage]:
    """Return the stages with large files that no missing stage of the plan reads."""
    reading = readers(stages)
    return [
        stage
        for stage in stages
        if stage.large
        and stage.node not in missing
        and not any(reader.node in missing for reader in reading.get(stage.node, ()))
    ]
