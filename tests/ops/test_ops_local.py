"""The operator's day in a deployed environment: what broke is found, mended and proven mended."""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from local.cloud import LocalCloud
from local.emulator.certificates import PUBLISHED
from local.receiver import Receiver, receiving
from ops.__main__ import main
from ops.cloud import LOCAL_CA
from tests.local.stage import until
from tests.ops.on_call import Operator, operator_role
from tests.runtime.clips import clip
from toq_media.contracts import AssetRef, FinalizationInput, encode
from toq_media.signing import SIGNATURE

pytestmark = pytest.mark.local


@dataclass(frozen=True)
class Environment:
    local: LocalCloud
    receiver: Receiver
    role: str


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    scratch = tmp_path_factory.mktemp("ops")
    with (
        receiving() as receiver,
        LocalCloud(
            config={"toq-media:callbackUrl": receiver.url}, scratch_parent=scratch, wait_scale=0.01
        ) as local,
    ):
        yield Environment(local, receiver, operator_role(local))


@pytest.fixture
def operator(environment: Environment, capsys: pytest.CaptureFixture[str]) -> Operator:
    environment.receiver.secrets = [environment.local.callback_secret]
    return Operator(environment.local, environment.receiver, environment.role, capsys)


def photo() -> bytes:
    content = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(content, "JPEG")
    return content.getvalue()


def key(listing: int, name: str) -> str:
    return f"{listing}/raw/photo/horizontal/{name}.jpg"


def test_a_refused_callback_is_found_redriven_and_proven(operator: Operator) -> None:
    operator.receiver.secrets = []
    operator.upload(key(601, "good"), photo())
    operator.upload(key(601, "bad"), photo()[:300])
    operator.upload("601/raw/video/horizontal/clip.mp4", clip())
    operator.publish(
        601, 71, key(601, "good"), key(601, "bad"), "601/raw/video/horizontal/clip.mp4"
    )
    assert operator.ended(601, 71, 0) == "FAILED"

    code, seen = operator.run("job", "show", "71")
    assert code == 1, "something of it lies in the dead-letter queue"
    assert seen["executions"][0]["execution"] == "process-601-71-0"
    assert "CallbackRejectedError" in seen["executions"][0]["lastError"]
    assert {row["key"]: row["code"] for row in seen["assets"]} == {
        key(601, "good"): "",
        key(601, "bad"): "CORRUPT_MEDIA",
        "601/raw/video/horizontal/clip.mp4": "",
    }
    (transcode,) = seen["transcodes"]
    assert (transcode["job"], transcode["asset"], transcode["status"]) == (71, "2", "COMPLETE")
    assert seen["callbacks"][0]["status"] == "PARTIAL_SUCCESS"
    assert (seen["callbacks"][0]["attempts"], seen["callbacks"][0]["delivered"]) == (1, "")
    letter = next(row for row in seen["deadLetters"] if row["kind"] == "callback")
    assert "the backend answered 403" in letter["reason"]
    assert operator.run("callback", "verify", "71", "--listing", "601")[0] == 1

    operator.receiver.secrets = [operator.local.callback_secret]
    chosen = ("dlq", "redrive", "--message", letter["message"])
    dry = operator.run(*chosen)[1]
    assert (dry["done"], dry["letters"][0]["result"]) == (False, "would be redriven")
    assert operator.run(*chosen, "--yes")[1]["letters"][0]["result"] == "redriven"
    callback = operator.receiver.wait(71, 10)
    assert callback
    assert callback.body["status"] == "PARTIAL_SUCCESS"
    code, proof = operator.run(
        "callback", "verify", "71", "--signature", callback.headers[SIGNATURE]
    )
    assert (code, proof["delivered"], proof["signedBy"]) == (0, True, "the current secret")
    assert operator.refused(*chosen) == (1, operator_says_gone(letter["message"]))


def operator_says_gone(message: str) -> str:
    return (
        f"error: message {message}: is not in the dead-letter queue, or in another reader's hands "
        "for up to 300 s; `dlq list` shows what is there\n"
    )


def test_a_job_is_replayed_whole_or_for_what_failed(operator: Operator) -> None:
    operator.upload(key(602, "good"), photo())
    operator.upload(key(602, "bad"), photo()[:300])
    operator.publish(602, 72, key(602, "good"), key(602, "bad"))
    assert operator.ended(602, 72, 0) == "SUCCEEDED"
    operator.upload(key(602, "bad"), photo())

    failed = ("job", "replay", "72", "--listing", "602", "--only", "failed")
    dry = operator.run(*failed)[1]
    assert [row["key"] for row in dry["assets"]] == [key(602, "bad")]
    assert operator.run("job", "show", "72", "--listing", "602")[1]["attempts"] == 1
    assert operator.run(*failed, "--yes")[1]["retry"] == 1
    assert operator.ended(602, 72, 1) == "SUCCEEDED"
    code, said = operator.refused(*failed)
    assert (code, "none of its 1 assets failed" in said) == (1, True)

    whole = operator.run("job", "replay", "72", "--retry", "0", "--yes")[1]
    assert (whole["retry"], whole["assets"][0]["key"]) == (2, key(602, "good"))
    assert operator.ended(602, 72, 2) == "SUCCEEDED"
    seen = operator.run("job", "show", "--listing", "602")[1]
    ends = {row["retry"]: row["status"] for row in seen["callbacks"]}
    assert ends == {0: "PARTIAL_SUCCESS", 1: "SUCCEEDED", 2: "SUCCEEDED"}


def test_a_finalization_is_replayed_under_the_next_number(operator: Operator) -> None:
    operator.upload(key(603, "good"), photo())
    given = FinalizationInput(
        job_id=73,
        listing_identity_id=603,
        assets=[AssetRef(key=key(603, "good"), type="PHOTO_HORIZONTAL")],
    )
    states = operator.local.backend_client("stepfunctions")
    states.start_execution(
        stateMachineArn=operator.local.outputs["finalizationStateMachineArn"],
        name="finalization-603-73-0",
        input=encode(given).decode(),
    )
    assert operator.receiver.wait(73, 20)
    assert operator.run("job", "replay", "73", "--listing", "603", "--yes")[1]["retry"] == 1
    two = until(
        lambda: len([one for one in operator.receiver.accepted if one.body["jobId"] == 73]) == 2,
        "callback of the replay",
    )
    assert two
    assert operator.run("callback", "verify", "73", "--listing", "603", "--retry", "1")[0] == 0


def test_a_poison_message_is_peeked_at_and_discarded(operator: Operator) -> None:
    body = json.dumps({"jobId": 74, "listingIdentityId": 604, "assets": []})
    message = operator.send(body, "deadLetterQueueUrl")
    seen = operator.run("dlq", "peek", message)[1]
    assert (seen["body"], seen["redrivable"]) == (body, False)
    assert "$.assets" in seen["reason"]
    code, kept = operator.run("dlq", "redrive", "--message", message, "--yes")
    assert (code, kept["left"]) == (1, 1), "it would only come back"
    assert operator.run("dlq", "discard", "--message", message, "--yes")[1]["done"]
    assert operator.refused("dlq", "peek", message)[0] == 1
    assert operator.refused("dlq", "discard")[0] == 2


def test_a_sound_job_goes_back_to_its_queue(operator: Operator) -> None:
    operator.upload(key(605, "good"), photo())
    asset = {"key": key(605, "good"), "type": "PHOTO_HORIZONTAL"}
    body = json.dumps({"jobId": 75, "listingIdentityId": 605, "assets": [asset], "retry": 0})
    message = operator.send(body, "deadLetterQueueUrl")
    operator.run("dlq", "redrive", "--message", message, "--yes")
    assert operator.ended(605, 75, 0) == "SUCCEEDED"


def test_a_callback_is_sent_again_only_on_purpose(operator: Operator) -> None:
    operator.upload(key(606, "good"), photo())
    operator.publish(606, 76, key(606, "good"))
    assert operator.ended(606, 76, 0) == "SUCCEEDED"
    resend = ("callback", "resend", "76", "--listing", "606")
    assert operator.run(*resend)[1]["deliveredBefore"]
    operator.receiver.secrets = []
    code, refused = operator.run(*resend, "--yes")
    assert (code, "403" in refused["problem"]) == (1, True)
    assert operator.run("callback", "verify", "76")[1]["delivered"], "the first one still counts"
    operator.receiver.secrets = [operator.local.callback_secret]
    again = ("job", "replay", "76", "--listing", "606", "--only", "callback", "--yes")
    assert operator.run(*again)[1]["delivered"]
    told = [one for one in operator.receiver.accepted if one.body["jobId"] == 76]
    assert len({one.headers["X-Toq-Delivery"] for one in told}) == 1
    assert len(told) == 2


def test_archived_originals_are_shown_and_restored(operator: Operator) -> None:
    operator.local.admin_client("s3").put_object(
        Bucket=operator.local.bucket,
        Key=key(607, "old"),
        Body=photo(),
        StorageClass="GLACIER",
    )
    dry = operator.run("listing", "restore", "607")[1]["archived"]
    assert [row["result"] for row in dry] == ["would be asked for"]
    done = operator.run("listing", "restore", "607", "--days", "2", "--yes")[1]["archived"]
    assert [row["result"] for row in done] == ["asked for"]
    again = operator.run("listing", "restore", "607", "--yes")[1]["archived"]
    assert [row["result"] for row in again] == ["nothing to do"]
    assert again[0]["restore"] != "none"


def test_a_listing_is_purged_with_every_version(operator: Operator) -> None:
    s3 = operator.local.admin_client("s3")
    for name in ("608/raw/photo/a.jpg", "608/raw/photo/a.jpg", "jobs/608/1/0/manifest.json"):
        s3.put_object(Bucket=operator.local.bucket, Key=name, Body=b"x")
    s3.delete_object(Bucket=operator.local.bucket, Key="608/raw/photo/a.jpg")
    s3.put_object(Bucket=operator.local.bucket, Key="6080/raw/photo/a.jpg", Body=b"x")
    dry = operator.run("listing", "purge", "608")[1]["found"]
    assert [(row["versions"], row["deleteMarkers"]) for row in dry] == [(2, 1), (1, 0)]
    assert operator.refused("listing", "purge", "608", "--yes")[0] == 2
    assert operator.refused("listing", "purge", "608", "--yes", "--confirm", "609")[0] == 2
    assert operator.run("listing", "purge", "608", "--yes", "--confirm", "608")[1]["done"]
    assert operator.refused("listing", "purge", "608")[0] == 1
    assert operator.local.keys("6080/") == ["6080/raw/photo/a.jpg"], "a neighbour is not touched"


def test_a_secret_is_rotated_without_a_refused_callback(operator: Operator) -> None:
    secrets = operator.local.admin_client("secretsmanager")

    def value() -> dict[str, str]:
        arn = operator.local.outputs["callbackSecretArn"]
        parsed: dict[str, str] = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
        return parsed

    before = value()
    assert not operator.run("secret", "rotate", "--step", "prepare")[1]["done"]
    assert value() == before
    said = operator.run("secret", "rotate", "--step", "prepare", "--yes")[1]
    both = value()
    assert both["current"] == before["current"]
    assert both["previous"] not in json.dumps(said)
    operator.receiver.secrets = [both["current"].encode(), both["previous"].encode()]
    operator.run("secret", "rotate", "--step", "switch", "--yes")
    operator.upload(key(609, "good"), photo())
    operator.publish(609, 79, key(609, "good"))
    assert operator.ended(609, 79, 0) == "SUCCEEDED"
    assert operator.receiver.wait(79, 0)
    operator.run("secret", "rotate", "--step", "finish", "--yes")
    assert value() == {"current": both["previous"], "previous": ""}
    operator.local.callback_secret = both["previous"].encode()


def dry_runs() -> list[list[str]]:
    """Command lines of the runbook without `--yes`, one of each command and choice.

    Not those on letters, which the other tests run.
    """
    text = Path("docs/runbook.md").read_text()
    lines = re.findall(r"^python -m ops ((?!dlq).+) --stack staging$", text, re.MULTILINE)
    found = {(*words[:2], "--only" in words): words for words in map(shlex.split, lines)}
    return list(found.values())


def test_the_runbooks_commands_run(operator: Operator, capsys: pytest.CaptureFixture[str]) -> None:
    """As dry runs, so none has `--yes` here; on a job as they name it."""
    operator.upload(key(512, "good"), photo())
    operator.publish(512, 77, key(512, "good"))
    assert operator.ended(512, 77, 0) == "SUCCEEDED"
    for words in dry_runs():
        code = main([*words, "--stack", "local"], connected=lambda _: operator.cloud)
        said = capsys.readouterr()
        assert code in (0, 1), said.err
        assert said.out or said.err.startswith("error: job 78"), words


def test_the_published_certificate_is_found() -> None:
    assert PUBLISHED == LOCAL_CA


def test_the_command_connects_by_itself(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--endpoint", operator.local.endpoint, "--ca-bundle", str(operator.local.ca_bundle)]
    assert main(["listing", "restore", "999999", "--stack", "local", *where]) == 0
    assert main(["dlq", "list", "--stack", "staging", *where]) == 2
    assert "is in account 058264253741, these credentials are for" in capsys.readouterr().err
