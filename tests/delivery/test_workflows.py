"""The workflows: valid, pinned, with no more rights than their jobs need, calling what exists."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
ACTIONS = sorted(GITHUB.glob("actions/*/action.yml"))
FORMS = sorted(path for path in GITHUB.glob("ISSUE_TEMPLATE/*.yml") if path.stem != "config")
BIN = Path(sys.executable).parent

SCHEMAS = {
    "github-workflows": WORKFLOWS,
    "github-actions": ACTIONS,
    "github-issue-forms": FORMS,
}


def load(path: Path) -> dict[str, Any]:
    # GitHub reads YAML 1.2, where `on` is a word; PyYAML makes it True.
    document = yaml.safe_load(path.read_text())
    return {"on" if key is True else key: value for key, value in document.items()}


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in load(path)["jobs"].items():
            yield f"{path.stem}/{name}", job


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, job in jobs():
        yield from ((name, step) for step in job["steps"])
    for path in ACTIONS:
        yield from ((f"action {path.parent.name}", step) for step in load(path)["runs"]["steps"])


def uses(prefix: str) -> list[tuple[str, dict[str, Any]]]:
    return [(name, step) for name, step in steps() if step.get("uses", "").startswith(prefix)]


def output_of(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("schema", SCHEMAS)
def test_files_follow_githubs_schema(schema: str) -> None:
    assert SCHEMAS[schema]
    code, text = output_of(
        BIN / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", *SCHEMAS[schema]
    )
    assert code == 0, text


def test_zizmor_finds_nothing() -> None:
    code, text = output_of(BIN / "zizmor", "--offline", "--no-progress", ".github")
    assert code == 0, text


def test_actionlint_finds_nothing() -> None:
    program = shutil.which("actionlint")
    if program is None:
        pytest.skip("actionlint is not installed (a Go program); schema and zizmor have run")
    code, text = output_of(program, "-shellcheck=", *WORKFLOWS)
    assert code == 0, text


def test_actions_are_pinned_and_say_their_version() -> None:
    pins: dict[str, set[str]] = {}
    for path in [*WORKFLOWS, *ACTIONS]:
        for line in re.findall(r"uses: (.+)", path.read_text()):
            if line.startswith("./"):
                assert (ROOT / line / "action.yml").is_file()
                continue
            found = re.fullmatch(r"([\w.-]+/[\w.-]+)@([0-9a-f]{40}) # (v[\d.]+)", line)
            assert found, f"{path.name}: {line}: pin by commit, with the version as a comment"
            pins.setdefault(found[1], set()).add(f"{found[2]} {found[3]}")
    assert {action: pin for action, pin in pins.items() if len(pin) > 1} == {}


def test_no_job_starts_with_rights() -> None:
    assert {path.name: load(path)["permissions"] for path in WORKFLOWS} == {
        path.name: {} for path in WORKFLOWS
    }


def test_code_of_a_pull_request_never_runs_with_the_rights_of_the_repository() -> None:
    assert [path.name for path in WORKFLOWS if "pull_request_target" in load(path)["on"]] == []


def test_no_long_lived_key_is_used() -> None:
    text = "".join(path.read_text() for path in [*WORKFLOWS, *ACTIONS])
    assert not re.search(r"secrets\.|aws-access-key-id|PULUMI_ACCESS_TOKEN", text)


def test_checkouts_leave_no_token_behind() -> None:
    found = uses("actions/checkout@")
    assert found
    assert [name for name, step in found if step["with"]["persist-credentials"] is not False] == []


def test_only_jobs_with_an_environment_can_take_on_a_role() -> None:
    with_token = {name for name, job in jobs() if job["permissions"].get("id-token")}
    with_tools = {name for name, step in uses("./.github/actions/stack")}
    with_environment = {name for name, job in jobs() if "environment" in job}
    assert with_token == with_tools == with_environment != set()


def test_one_update_of_a_stack_at_a_time_and_none_is_cut_short() -> None:
    groups = {name: job["concurrency"] for name, job in jobs() if name.startswith("deploy/")
              and "environment" in job}  # fmt: skip
    expected = {
        "deploy/dev": "deploy-dev",
        "deploy/staging": "deploy-staging",
        "deploy/prod": "deploy-prod",
        "deploy/drift": "deploy-${{ matrix.stack }}",
    }
    assert groups == {
        name: {"group": group, "cancel-in-progress": False} for name, group in expected.items()
    }


def test_what_may_write_comments_or_issues_runs_no_code_of_the_checkout() -> None:
    writers = {
        name: [step.get("uses", "run").split("@")[0] for step in job["steps"]]
        for name, job in jobs()
        if "write" in {job["permissions"].get(k) for k in ("issues", "pull-requests")}
        and not job["permissions"].get("id-token")
    }
    assert writers == {
        "preview/comment": ["actions/download-artifact", "actions/github-script"],
        "deploy/drift-issue": ["actions/download-artifact", "actions/github-script"],
    }


def test_staging_follows_dev_and_only_tags_reach_prod() -> None:
    deploy = load(GITHUB / "workflows/deploy.yml")
    assert deploy["jobs"]["staging"]["needs"] == "dev"
    assert "ref_type == 'branch'" in deploy["jobs"]["dev"]["if"]
    assert "ref_type == 'tag'" in deploy["jobs"]["prod"]["if"]
    assert deploy["on"]["push"]["branches"] == ["main"]


def test_every_update_and_preview_is_held_to_the_policies() -> None:
    commands = [step["run"] for _, step in steps() if "pulumi up" in step.get("run", "")]
    assert len(commands) == 3
    assert [command for command in commands if "--policy-pack policy" not in command] == []
    previews = [step for _, step in uses("pulumi/actions@") if "with" in step]
    assert [step["with"]["policyPacks"] for step in previews] == ["policy"]


def test_every_supported_python_is_tested() -> None:
    matrix = load(GITHUB / "workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]
    assert matrix == {"python": ["3.11", "3.12", "3.13"]}


def test_make_targets_of_workflows_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    wanted = {
        target
        for _, step in steps()
        for target in re.findall(r"\bmake (?:--silent )?([a-z-]+)", step.get("run", ""))
    }
    assert wanted >= {"test", "docs", "bundle", "preview", "policy"}
    assert {name for name in wanted if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()


def test_the_offline_preview_compares_with_the_branch_it_goes_into() -> None:
    job = load(GITHUB / "workflows/preview.yml")["jobs"]["offline"]
    checkout = next(step for step in job["steps"] if "checkout" in step.get("uses", ""))
    assert checkout["with"]["fetch-depth"] == 2, "HEAD^1 is not there without"
    assert any("BASE=HEAD^1" in step.get("run", "") for step in job["steps"])


def test_hooks_need_nothing_from_elsewhere() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    assert {hook["language"] for repo in config["repos"] for hook in repo["hooks"]} == {"system"}


def test_owners_of_folders_that_exist() -> None:
    lines = (GITHUB / "CODEOWNERS").read_text().splitlines()
    paths = [line.split()[0] for line in lines if line.startswith("/")]
    assert [path for path in paths if not (ROOT / path.strip("/")).exists()] == []
