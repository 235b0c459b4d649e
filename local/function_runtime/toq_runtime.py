"""Runs a handler as Lambda's Python runtime does: a loop over the Runtime API.

It is copied into the function's archive, so it imports the standard library only.
"""

from __future__ import annotations

import http
import http.client
import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

_API = "/2018-06-01/runtime"
_RESPONSE_LIMIT_BYTES = 6 * 1024 * 1024  # AWS limit: synchronous invocation
_PREPARATION = ("TOQ_HOST_RUNTIME", "TOQ_LAYER_DIRS", "TOQ_PYTHON")

Handler = Callable[[Any, "Context"], Any]
Error = dict[str, Any]


class Context:
    """The second argument of a handler."""

    memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
    function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
    log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", "")
    log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")
    identity = None
    client_context = None

    def __init__(self, headers: http.client.HTTPMessage) -> None:
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers.get("Lambda-Runtime-Invoked-Function-Arn", "")
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is stopped, never negative."""
        return max(0, self._deadline_ms - int(time.time() * 1000))


def main() -> None:
    """Serve invocations until the emulator goes away."""
    layers = os.environ.get("TOQ_LAYER_DIRS", "").split(os.pathsep)
    sys.path[:0] = [
        os.environ["LAMBDA_TASK_ROOT"],
        *(os.path.join(layer, "python") for layer in layers if layer),  # noqa: PTH118 - cold start
        os.environ["TOQ_HOST_RUNTIME"],
    ]
    for name in _PREPARATION:
        os.environ.pop(name, None)
    handler = _load(os.environ["_HANDLER"])
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        try:
            _serve_one(api, handler)
        except (ConnectionError, http.client.HTTPException):
            return


def _load(name: str) -> Handler:
    """Import `package.module.function`; a failure is told to the first caller, as Lambda does."""
    module, _, function = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), function)  # type: ignore[no-any-return]
    except ImportError as error:
        failure = _error(
            "Runtime.ImportModuleError", f"Unable to import module '{module}': {error}"
        )
    except AttributeError:
        failure = _error("Runtime.HandlerNotFound", f"Handler '{function}' missing on '{module}'")
    except SyntaxError as error:
        failure = _error("Runtime.UserCodeSyntaxError", f"Syntax error in '{module}': {error}")
    except Exception as error:  # noqa: BLE001 - whatever the function raises while it loads
        failure = _of_exception(error)

    def fail(*_: Any) -> Any:
        raise _InitError(failure)

    return fail


class _InitError(Exception):
    def __init__(self, failure: Error) -> None:
        super().__init__(failure["errorMessage"])
        self.failure = failure


def _serve_one(api: http.client.HTTPConnection, handler: Handler) -> None:
    api.request("GET", f"{_API}/invocation/next")
    answer = api.getresponse()
    body = answer.read()
    if answer.status != http.HTTPStatus.OK:
        raise http.client.HTTPException(f"the Runtime API answered {answer.status}")
    context = Context(answer.headers)
    os.environ["_X_AMZN_TRACE_ID"] = answer.headers.get("Lambda-Runtime-Trace-Id", "")
    kind, result = _invoke(handler, body, context)
    api.request("POST", f"{_API}/invocation/{context.aws_request_id}/{kind}", result)
    api.getresponse().read()


def _invoke(handler: Handler, body: bytes, context: Context) -> tuple[str, bytes]:
    try:
        result = handler(json.loads(body), context)
    except _InitError as error:
        return "error", _reported(error.failure)
    except Exception as error:  # noqa: BLE001 - the runtime reports whatever a handler raises
        return "error", _reported(_of_exception(error))
    try:
        response = json.dumps(result).encode()
    except (TypeError, ValueError) as error:
        return "error", _reported(
            _error("Runtime.MarshalError", f"Unable to marshal response: {error}")
        )
    if len(response) > _RESPONSE_LIMIT_BYTES:
        size = f"{len(response)} bytes exceed the maximum of {_RESPONSE_LIMIT_BYTES}"
        return "error", _reported(_error("Function.ResponseSizeTooLarge", size))
    return "response", response


def _of_exception(error: BaseException) -> Error:
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and not frame.filename.startswith("<frozen importlib")
    ]
    return _error(type(error).__name__, str(error), traceback.format_list(frames))


def _error(kind: str, message: str, stack: list[str] | None = None) -> Error:
    return {"errorMessage": message, "errorType": kind, "stackTrace": stack or []}


def _reported(failure: Error) -> bytes:
    """Log an error as Lambda does (one event: lines are joined by carriage returns)."""
    lines = f"[ERROR] {failure['errorType']}: {failure['errorMessage']}\nTraceback:\n"
    print((lines + "".join(failure["stackTrace"])).rstrip().replace("\n", "\r"))
    return json.dumps(failure).encode()


if __name__ == "__main__":
    main()
