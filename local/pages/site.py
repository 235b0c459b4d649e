"""Hooks of MkDocs: the site holds its own Mermaid, and names source files instead of linking them.

`make docs` fetches Mermaid, which draws the diagrams, once, by its checksum. Without it (no npm)
the theme loads it from elsewhere when a page with a diagram is opened.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).parents[2]
SCRIPT: Final = ROOT / ".build/docs/mermaid.min.js"

_LINK_UPWARDS = re.compile(r"\[([^\]]+)\]\((\.\./[^)#]+)[^)]*\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the script to the site and to every page."""
    if SCRIPT.is_file():
        uri = "assets/javascripts/mermaid.min.js"
        files.append(File.generated(config, uri, abs_src_path=str(SCRIPT)))
        config.extra_javascript.append(uri)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: object) -> str:
    """Keep the text of links to files outside the site; a dead one stays, and stops the build."""
    folder = (Path(config.docs_dir) / page.file.src_uri).parent

    def shown(link: re.Match[str]) -> str:
        target = (folder / link[2]).resolve()
        inside = target.is_relative_to(config.docs_dir)
        return link[0] if inside or not target.exists() else link[1]

    return _LINK_UPWARDS.sub(shown, markdown)
