"""The operator's command: `python -m ops`. `docs/runbook.md` says when to use what."""
