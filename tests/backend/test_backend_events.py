"""A listing followed by server-sent events, over a real socket."""

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
import uvicorn

from tests.backend.backend_harness import BASE, LISTING, TOKEN, Service, photo

pytestmark = pytest.mark.local


@pytest.fixture
def address(sqlite_service: Service) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        config = uvicorn.Config(sqlite_service.app, log_config=None, timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        sqlite_service.app.state.stopping.set()
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


def _events(response: urllib3.BaseHTTPResponse) -> Iterator[tuple[str, Any]]:
    name = ""
    buffer = b""
    for chunk in response.stream(1):
        buffer += chunk
        while b"\n" in buffer:
            line, buffer = buffer.split(b"\n", 1)
            field, _, value = line.decode().partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                yield name, json.loads(value)


def test_stream_begins_with_all_and_goes_on_with_changes(
    sqlite_service: Service, address: str
) -> None:
    pool = urllib3.PoolManager()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    url = f"{address}{BASE}/listings/{LISTING}/events"
    response = pool.request("GET", url, headers=headers, preload_content=False, timeout=30)
    assert response.headers["Content-Type"].startswith("text/event-stream")
    events = _events(response)
    name, first = next(events)
    assert (name, first["assets"], first["listing"]["id"]) == ("snapshot", [], LISTING)

    job_id = sqlite_service.started(photo(1))
    seen: list[tuple[str, str]] = []
    while ("job", "RUNNING") not in seen:
        name, data = next(events)
        seen.append((name, data["status"]))
    assert ("asset", "PROCESSING") in seen
    sqlite_service.callback(sqlite_service.success(job_id))
    changed = dict([next(events), next(events)])
    assert changed["asset"]["renditions"]["small"].startswith(f"{LISTING}/processed/")
    assert changed["job"]["status"] == "SUCCEEDED"
    place = {"listingIdentityId": LISTING, "assetType": "PHOTO_VERTICAL", "sequence": 1}
    sqlite_service.delete(place)
    name, last = next(events)
    assert (name, last["assets"]) == ("snapshot", [])
    response.close()
    pool.clear()
