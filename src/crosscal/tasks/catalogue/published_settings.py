"""Facts about benchmarks that several tasks share: languages, and published settings."""

from __future__ import annotations

XTREME = tuple(
    "af ar bg bn de el en es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my nl pt ru sw "
    "ta te th tl tr ur vi yo zh".split()
)
"""The 40 languages of XTREME (Hu et al. 2020)."""

JIANT = "jiant 2's guide to XTREME (XLM-R Large)"
XTREME_SCRIPTS = "scripts of XTREME"


def jiant_settings(batch: int, epochs: int, tokens: int) -> dict[str, str]:
    """Return the settings of jiant 2's guide to XTREME, as settings published for a task."""
    return {
        JIANT: f"batch {batch}, {epochs} epochs at most, learning rate 1e-5, warm-up over 10 % of "
        f"steps, inputs of up to {tokens} tokens"
    }


def xtreme_settings(text: str) -> dict[str, str]:
    """Return what the scripts of XTREME set, as settings published for a task."""
    return {XTREME_SCRIPTS: text}
