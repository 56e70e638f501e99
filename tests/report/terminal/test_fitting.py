"""Tables are folded and parted, never cut."""

from __future__ import annotations

import io

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crosscal.report.terminal.fitting import fitting_tables, natural_width

NAME = "ein-sehr-langer-Name-ohne-Lücke"


def table(columns: int, name: str = NAME, style: box.Box | None = box.HEAVY_HEAD) -> Table:
    made = Table("group", title="Title", caption="Caption", box=style)
    for number in range(columns):
        made.add_column(f"n{number}", justify="right", no_wrap=True)
    made.add_row(Text(name), *(f"{number}.25 (−1.5 to 2.5)" for number in range(columns)))
    made.add_section()
    made.add_row("b", *["–"] * columns)
    return made


def drawn(parts: list[Table], width: int) -> list[str]:
    texts = []
    for part in parts:
        stream = io.StringIO()
        Console(file=stream, width=width, color_system=None).print(part)
        texts.append(stream.getvalue())
        assert max(map(cell_len, texts[-1].splitlines())) <= width
    return texts


def test_a_table_that_fits_is_one() -> None:
    whole = table(3)
    width = natural_width(whole)
    (text,) = drawn(fitting_tables(whole, width), width)
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None).print(whole)
    assert text == stream.getvalue()


def test_names_are_folded_before_columns_are_parted() -> None:
    width = natural_width(table(3)) - 10
    (text,) = drawn(fitting_tables(table(3), width), width)
    assert NAME not in text
    cells = (line.split("│")[1].strip() for line in text.splitlines() if line.startswith("│"))
    assert "".join(cells) == f"{NAME}b"


def test_columns_without_room_follow_below_the_same_names() -> None:
    for style in (box.HEAVY_HEAD, box.SIMPLE, None):
        texts = drawn(fitting_tables(table(5, "sw", style), 60), 60)
        assert len(texts) == 3
        assert ["n1" in text for text in texts] == [True, False, False]
        assert ["n4" in text for text in texts] == [False, False, True]
        for number in range(5):
            assert sum(f"{number}.25 (−1.5 to 2.5)" in text for text in texts) == 1
        assert all("sw" in text and "Title" in text for text in texts)
        assert ["Caption" in text for text in texts] == [False, False, True]


def test_wide_letters_count_twice() -> None:
    name = "中间任务训练与释义识别"
    (text,) = drawn(fitting_tables(table(2, name), 66), 66)
    assert "…" not in text
    letters = "".join(line.split("│")[1].strip() for line in text.splitlines() if "│" in line)
    assert name in letters


def test_words_alone_are_folded() -> None:
    words = Table("part", "what")
    words.add_row("cache", "/a/" + "long/" * 30 + "path")
    (text,) = drawn(fitting_tables(words, 80), 80)
    assert "…" not in text
    assert text.count("long/") >= 28
