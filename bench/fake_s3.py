"""A loopback S3 in its own process that costs little and can be as slow as the real one.

Sources are never stored: `/bucket/source/{size}/{name}` is an object of `size` bytes. What is
uploaded is dropped unless `--keep` is given. Run: `python -m bench.fake_s3 --help`.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import sys
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

BLOCK: Final = os.urandom(32 * 1024 * 1024)
"""Content of every source, repeated; random, since photos and videos do not compress either."""

_SOURCE: Final = re.compile(r"/[^/]+/\d+/raw/.*?(\d+)-bytes")
_ETAG: Final = '"0123456789abcdef0123456789abcdef"'
_MODIFIED: Final = "Sat, 10 Jan 2026 12:00:00 GMT"


@dataclass
class Behaviour:
    """How the server differs from a fast one that remembers nothing."""

    seconds_per_request: float
    bytes_per_second: float
    tells_crc: bool
    keep: bool
    uploads: dict[int, bytes] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)


class Handler(BaseHTTPRequestHandler):
    """The handful of requests that bundling makes."""

    protocol_version = "HTTP/1.1"
    behaviour: Behaviour

    def do_HEAD(self) -> None:
        """HeadObject."""
        self._slow(0)
        size = self._size(self.path)
        if size is None:
            self._answer(404)
        else:
            self._answer(200, length=size)

    def do_GET(self) -> None:
        """GetObject, whole or a range."""
        path = unquote(urlsplit(self.path).path)
        size = self._size(path)
        if size is None:
            self._slow(0)
            self._answer(404)
            return
        start, end = _range(self.headers.get("Range", ""), size)
        self._slow(end - start)
        self._answer(200 if end - start == size else 206, length=end - start)
        kept = self.behaviour.objects.get(path)
        for view in _content(start, end) if kept is None else [memoryview(kept)[start:end]]:
            self.wfile.write(view)

    def do_PUT(self) -> None:
        """PutObject, UploadPart, UploadPartCopy."""
        url = urlsplit(self.path)
        number = int(parse_qs(url.query).get("partNumber", ["0"])[0])
        if "x-amz-copy-source" in self.headers:
            self._slow(0)
            self._copy_part(number)
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._slow(len(body))
        if self.behaviour.keep:
            self.behaviour.uploads[number] = body
        self._answer(200)

    def do_POST(self) -> None:
        """CreateMultipartUpload, CompleteMultipartUpload."""
        self._slow(0)
        url = urlsplit(self.path)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if url.query.startswith("uploads"):
            self.behaviour.uploads.clear()
            self._answer(200, xml="InitiateMultipartUploadResult", fields={"UploadId": "upload"})
            return
        if self.behaviour.keep:
            parts = self.behaviour.uploads
            self.behaviour.objects[unquote(url.path)] = b"".join(parts[n] for n in sorted(parts))
        self._answer(200, xml="CompleteMultipartUploadResult", fields={"ETag": _ETAG})

    def do_DELETE(self) -> None:
        """AbortMultipartUpload."""
        self._answer(204)

    def log_message(self, *_: object) -> None:
        """Say nothing: a line a request would be measured too."""

    def _copy_part(self, number: int) -> None:
        start, end = _range(self.headers["x-amz-copy-source-range"], sys.maxsize)
        crc32 = 0
        for view in _content(start, end):
            crc32 = zlib.crc32(view, crc32)
        if self.behaviour.keep:
            self.behaviour.uploads[number] = b"".join(_content(start, end))
        fields = {"ETag": _ETAG}
        if self.behaviour.tells_crc:
            fields["ChecksumCRC32"] = base64.b64encode(crc32.to_bytes(4, "big")).decode()
        self._answer(200, xml="CopyPartResult", fields=fields)

    def _size(self, path: str) -> int | None:
        path = unquote(urlsplit(path).path)
        if path in self.behaviour.objects:
            return len(self.behaviour.objects[path])
        source = _SOURCE.match(path)
        return int(source[1]) if source else None

    def _slow(self, transferred: int) -> None:
        behaviour = self.behaviour
        time.sleep(behaviour.seconds_per_request + transferred / behaviour.bytes_per_second)

    def _answer(
        self,
        status: int,
        *,
        length: int = 0,
        xml: str = "",
        fields: Mapping[str, str] | None = None,
    ) -> None:
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in (fields or {}).items())
        body = f"<{xml}>{inner}</{xml}>".encode() if xml else b""
        self.send_response(status)
        self.send_header("ETag", _ETAG)
        self.send_header("Last-Modified", _MODIFIED)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)


def _range(header: str, size: int) -> tuple[int, int]:
    found = re.fullmatch(r"bytes=(\d+)-(\d+)", header)
    return (int(found[1]), min(int(found[2]) + 1, size)) if found else (0, size)


def _content(start: int, end: int) -> list[memoryview]:
    block, views = memoryview(BLOCK), []
    while start < end:
        at = start % len(block)
        views.append(block[at : at + min(end - start, len(block) - at)])
        start += len(views[-1])
    return views


def main() -> None:
    """Serve until standard input ends; print the port first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0, help="seconds a request")
    parser.add_argument("--rate", type=float, default=1e12, help="bytes per second a connection")
    parser.add_argument("--no-crc", action="store_true", help="UploadPartCopy tells no checksum")
    parser.add_argument("--keep", action="store_true", help="keep what is uploaded, for reading")
    options = parser.parse_args()
    Handler.behaviour = Behaviour(
        seconds_per_request=options.latency,
        bytes_per_second=options.rate,
        tells_crc=not options.no_crc,
        keep=options.keep,
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    with server:
        server.serve_forever()


if __name__ == "__main__":
    main()
