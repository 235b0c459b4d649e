"""Pages say what the results say; charts are plain SVG."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from bench.chart import bars
from bench.pages.__main__ import outdated, rendered

SVG = "{http://www.w3.org/2000/svg}"


def test_pages_are_made_from_the_kept_results() -> None:
    assert outdated() == [], "run make bench-docs"


def test_a_changed_page_is_found(tmp_path: Path) -> None:
    assert set(outdated(tmp_path)) == set(rendered())


def test_every_chart_of_a_page_is_made_with_it() -> None:
    pages = rendered()
    for name, content in pages.items():
        for path in pages:
            if path.startswith("charts/") and name.removesuffix(".md") == path[7:-4]:
                assert f"({path})" in content, name


def test_bars_are_in_proportion_and_labels_are_escaped() -> None:
    chart = ElementTree.fromstring(bars("a < b", [("x & y", 10), ("z", 5)], unit="ms"))
    widths = [float(bar.attrib["width"]) for bar in chart.iter(f"{SVG}rect")]
    assert widths[0] == 2 * widths[1]
    texts = [text.text for text in chart.iter(f"{SVG}text")]
    assert texts == ["a < b", "x & y", "10 ms", "z", "5 ms"]


def test_a_chart_of_nothing_has_no_bar() -> None:
    chart = ElementTree.fromstring(bars("empty", [], unit=""))
    assert not list(chart.iter(f"{SVG}rect"))
