"""Hook of MkDocs: puts Mermaid, which draws the diagrams, into the site itself.

`make docs` fetches it once, by its checksum. Without it (no npm) the theme loads it from elsewhere
when a page with a diagram is opened.
"""

from __future__ import annotations

from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from components.functions.bundle import ROOT

SCRIPT: Final = ROOT / ".build/docs/mermaid.min.js"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the script to the site and to every page."""
    if SCRIPT.is_file():
        uri = "assets/javascripts/mermaid.min.js"
        files.append(File.generated(config, uri, abs_src_path=str(SCRIPT)))
        config.extra_javascript.append(uri)
    return files
