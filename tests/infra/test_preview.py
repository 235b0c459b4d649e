"""The offline preview: what differs, in which form, and from which commit."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from local.__main__ import main
from local.errors import UsageError
from local.preview import as_markdown, as_text
from local.preview.base import Commit, find_commit, take_base
from local.preview.difference import ABSENT, Change, compare
from local.preview.snapshot import MASK, DigestedArchives, Snapshot, View, dump, load, take
from tests.infra.harness import ROOT

GIT = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]


@cache
def staging() -> Snapshot:
    return take("staging")


def view(name: str, *, protect: bool = False, **properties: Any) -> View:
    return View(
        urn=f"urn:pulumi:test::toq-media::aws:sqs/queue:Queue::{name}",
        type="aws:sqs/queue:Queue",
        name=name,
        parent="",
        properties=properties,
        options={"protect": True} if protect else {},
    )


def snapshot(*views: View, **exports: Any) -> Snapshot:
    return Snapshot(stack="test", resources=list(views), exports=exports)


def find(found: Snapshot, name: str) -> View:
    return next(item for item in found.resources if item.name == name)


def test_documents_are_trees_and_code_is_a_digest() -> None:
    assert find(staging(), "encryption-key").properties["policy"]["Version"] == "2012-10-17"
    code = find(staging(), "functions-validate").properties["code"]
    assert code == str(DigestedArchives().function_archive("validate"))


def test_a_changed_source_changes_the_digest_of_its_functions_only(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "lambda_src", tmp_path / "lambda_src")
    archives = DigestedArchives()
    packages = ("validate", "zip_bundle")
    before = [archives.function_archive(package, root=tmp_path) for package in packages]

    with (tmp_path / "lambda_src/validate/logic.py").open("a") as source:
        source.write("# more\n")

    after = [archives.function_archive(package, root=tmp_path) for package in packages]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, True]


def test_credentials_of_the_provider_are_masked() -> None:
    properties = find(take("local"), "toq-media-aws").properties

    assert (properties["accessKey"], properties["secretKey"]) == (MASK, MASK)


def test_a_snapshot_survives_its_way_between_processes() -> None:
    assert load(json.loads(json.dumps(dump(staging())))) == staging()


def test_what_differs_is_told_by_property() -> None:
    before = snapshot(
        view("kept"),
        view("gone"),
        view(
            "same",
            delay=1,
            tags={"Owner": "a", "Old": "x"},
            policy={"Statement": [{"Sid": "Read", "Action": ["a"]}, {"Sid": "Write"}]},
        ),
        url="old",
    )
    after = snapshot(
        view("kept"),
        view(
            "same",
            protect=True,
            delay=2,
            tags={"Owner": "a"},
            policy={
                "Statement": [{"Sid": "New"}, {"Sid": "Read", "Action": ["b"]}, {"Sid": "Write"}]
            },
        ),
        view("new"),
        url="new",
    )

    difference = compare(before, after)

    assert [item.name for item in difference.added] == ["new"]
    assert [item.name for item in difference.removed] == ["gone"]
    assert difference.unchanged == 1
    (changed,) = difference.changed
    assert changed.changes == [
        Change(path="(protect)", before=ABSENT, after=True),
        Change(path="delay", before=1, after=2),
        Change(path="policy.Statement[New].Sid", before=ABSENT, after="New"),
        Change(path="policy.Statement[Read].Action", before=["a"], after=["b"]),
        Change(path="tags.Old", before="x", after=ABSENT),
    ]
    assert difference.exports == [Change(path="url", before="old", after="new")]


def test_the_same_is_no_difference() -> None:
    difference = compare(staging(), staging())

    assert difference.is_empty
    assert "No resource changes" in as_markdown.comparison(staging(), "main", difference)


def test_the_tree_has_every_resource_under_its_component() -> None:
    lines = as_text.tree(staging()).splitlines()

    for item in staging().resources:
        assert any(line.strip() == f"{item.type} {item.name}" for line in lines), item.urn
    queue = lines.index("    aws:sqs/queue:Queue messaging-queue")
    component = lines.index("  toq:media:Messaging messaging")
    assert component < queue
    assert not [line for line in lines[component + 1 : queue] if line.startswith("  toq:media:")]


def test_text_says_old_and_new() -> None:
    before, after = snapshot(view("q", delay=1), view("p", protect=True)), snapshot(view("q"))

    text = as_text.comparison(after, "main", compare(before, after))

    assert "0 added, 1 changed, 1 removed, 0 unchanged" in text
    assert "    delay: 1 -> (not set)" in text
    assert "- aws:sqs/queue:Queue p  (protected" in text


def test_a_comment_fits_and_says_what_is_left_out() -> None:
    long = [view(f"q{number}", text="x" * 3_000) for number in range(100)]
    after = snapshot(*long)

    comment = as_markdown.comparison(after, "main", compare(snapshot(), after))

    assert len(comment) <= as_markdown.MAX_CHARACTERS
    shown = comment.count("<details>")
    assert 0 < shown < 100
    assert f"**{100 - shown} more do not fit into a comment**" in comment


def test_the_real_stack_fits_into_a_comment() -> None:
    empty = replace(staging(), resources=[])
    for comment in (
        as_markdown.overview(staging()),
        as_markdown.comparison(staging(), "main", compare(empty, staging())),
    ):
        assert len(comment) <= as_markdown.MAX_CHARACTERS
        assert comment.count("<details>") == comment.count("</details>") > 0


def test_no_value_breaks_out_of_a_comment() -> None:
    after = snapshot(view("</code></details>", text="```\n</details> `````"))

    comment = as_markdown.comparison(after, "<b>", compare(snapshot(), after))

    assert "<code>&lt;/code&gt;&lt;/details&gt;</code>" in comment
    assert "<b>" not in comment
    assert "``````yaml" in comment


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout's program, committed with a shorter visibility and without any alarm."""
    root = tmp_path_factory.mktemp("repository")
    for name in ("components", "lambda_src", "requirements", "local"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in [ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml")]:
        shutil.copy(path, root)
    shutil.rmtree(root / "local")
    (root / "local").mkdir()
    (root / "local/__init__.py").write_text("raise RuntimeError('the base looks at itself')")
    (root / "Pulumi.prod.yaml").unlink()
    messaging = root / "components/messaging.py"
    messaging.write_text(
        messaging.read_text().replace(
            "VISIBILITY_TIMEOUT_SECONDS: Final = 60", "VISIBILITY_TIMEOUT_SECONDS: Final = 30"
        )
    )
    alarms = root / "components/observability/monitoring.py"
    alarms.write_text(
        alarms.read_text().replace(
            "for spec in alarm_specs(args.names, args.function_timeouts)", "for spec in ()"
        )
    )
    commit(root, "before")
    subprocess.run([*GIT, "tag", "with-program"], cwd=root, check=True)
    (root / "__main__.py").unlink()
    commit(root, "without program")
    return root


def commit(root: Path, message: str) -> None:
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", message]):
        subprocess.run([*GIT, *command], cwd=root, check=True)


def test_another_commit_is_evaluated_with_its_own_program(repository: Path) -> None:
    base = take_base(find_commit("with-program", root=repository), "staging", root=repository)

    difference = compare(base, staging())

    assert {item.type for item in difference.added} == {"aws:cloudwatch/metricAlarm:MetricAlarm"}
    assert difference.removed == []
    assert [(item.view.name, item.changes) for item in difference.changed] == [
        ("messaging-queue", [Change(path="visibilityTimeoutSeconds", before=30, after=60)])
    ]


def test_a_stack_that_the_base_lacks_is_all_new(repository: Path) -> None:
    base = take_base(find_commit("with-program", root=repository), "prod", root=repository)

    assert base.resources == []


def test_a_base_without_program_is_named(repository: Path) -> None:
    with pytest.raises(UsageError, match=r"HEAD \(\w{7}\) has no program .*__main__.py is missing"):
        take_base(find_commit("HEAD", root=repository), "staging", root=repository)


@pytest.mark.parametrize("ref", ["nowhere", "--all", ""])
def test_a_ref_that_is_no_commit_is_refused(ref: str, repository: Path) -> None:
    with pytest.raises(UsageError, match="is no commit of this repository"):
        find_commit(ref, root=repository)


def test_a_base_that_fails_says_why(repository: Path) -> None:
    broken = repository / "components/platform.py"
    before = broken.read_text()
    broken.write_text("raise ValueError('half written')\n")
    (repository / "__main__.py").write_text((ROOT / "__main__.py").read_text())
    commit(repository, "broken")
    sha = find_commit("HEAD", root=repository).sha
    subprocess.run([*GIT, "reset", "-q", "--hard", "HEAD~1"], cwd=repository, check=True)
    assert broken.read_text() == before

    with pytest.raises(UsageError, match="cannot be evaluated: ValueError: half written"):
        take_base(Commit(ref=sha, sha=sha), "staging", root=repository)


def test_a_bad_stack_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "--stack", "nowhere"]) == 2
    assert capsys.readouterr().err.startswith("error: Pulumi.nowhere.yaml does not exist in ")


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "--stack", "staging", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)

    assert document["stack"] == "staging"
    assert len(document["resources"]) == len(staging().resources)
    assert document["exports"]["mediaBucket"] == "toq-listing-medias"
