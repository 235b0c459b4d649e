"""Generated pages are fresh, the site builds without a dead link, the two READMEs are twins."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from local.pages.__main__ import filled, main, pages
from local.pages.machine_flow import machine_flow

ROOT = Path(__file__).parents[2]


def test_generated_pages_are_fresh() -> None:
    stale = [path.name for path, text in pages().items() if path.read_text() != text]
    assert stale == [], "run make docs-generated"


def test_a_stale_page_is_told_and_then_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "docs/one.md"
    page.parent.mkdir()
    page.write_text("old")
    monkeypatch.setattr("local.pages.__main__.pages", lambda _root: {page: "new"})
    assert main(["--check"], root=tmp_path) == 1
    assert "docs/one.md is stale: run make docs-generated" in capsys.readouterr().err
    assert main([], root=tmp_path) == 0
    assert page.read_text() == "new"
    assert main(["--check"], root=tmp_path) == 0


def test_only_marked_blocks_are_renewed() -> None:
    text = "before\n<!-- generated: a -->\nold\n<!-- end -->\nafter"
    assert filled(text, {"a": "new"}) == (
        "before\n<!-- generated: a -->\n\nnew\n\n<!-- end -->\nafter"
    )


@pytest.mark.parametrize("definition", ["processing", "finalization"])
def test_every_arrow_of_a_diagram_joins_states_that_are_drawn(definition: str) -> None:
    text = machine_flow(definition)
    drawn = set(re.findall(r"^ *(?:subgraph )?(\w+)[\[({]", text, re.MULTILINE))
    ends = re.findall(r"^ *(\w+) (?:-->|-- .+ -->|-\. .+ \.->) (\w+)$", text, re.MULTILINE)
    assert len(ends) >= len(drawn) // 2
    assert {state for pair in ends for state in pair} - drawn == set()
    assert text.count("subgraph ") == len(re.findall(r"^ *end$", text, re.MULTILINE))


def test_the_site_builds_without_a_dead_link(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert 'class="mermaid"' in (tmp_path / "architecture.html").read_text()
    assert (tmp_path / "contracts.html").stat().st_size > 10_000


def headings(text: str) -> list[int]:
    return [len(marks) for marks in re.findall(r"^(#+) ", outside_code(text), re.MULTILINE)]


def outside_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def blocks(text: str) -> list[str]:
    """Code blocks without comments and without what people read in diagrams."""
    found = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [re.sub(r" *#.*", "", block) for block in found]


def links(text: str) -> list[str]:
    return [link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("README")]


def test_the_readmes_are_twins() -> None:
    english = (ROOT / "README.md").read_text()
    portuguese = (ROOT / "README.pt-BR.md").read_text()
    assert "(README.pt-BR.md)" in english[:300]
    assert "(README.md)" in portuguese[:300]
    assert headings(portuguese) == headings(english)
    assert blocks(portuguese) == blocks(english)
    assert links(portuguese) == links(english)
    assert english.count("```mermaid") == portuguese.count("```mermaid")


@pytest.mark.parametrize("readme", ["README.md", "README.pt-BR.md", "CONTRIBUTING.md"])
def test_links_to_files_are_alive(readme: str) -> None:
    wanted = [link for link in links((ROOT / readme).read_text()) if "://" not in link]
    assert [link for link in wanted if not (ROOT / link.split("#")[0]).exists()] == []
