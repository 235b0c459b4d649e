"""Deployed functions that crash, hang or grow their answers when their event says so."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from components.functions.bundle import function_archive
from local.cloud import LocalCloud
from local.function_runtime import with_runtime

Act = Literal["exit", "hang", "exit-after", "bloat"]

_MODULE = "toq_sabotage"
_WRAPPER = Path(__file__).with_name("wrapper.py")


class Sabotage:
    """Plans of the wrapper that is put in front of every function of a local cloud.

    Args:
        cloud: a running local cloud; its functions' code is replaced by the same with the wrapper.
        folder: an empty folder for the plans.
    """

    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self._lambda = cloud.admin_client("lambda")
        self._folder = folder
        self._names: dict[str, str] = {}
        self._plans = 0
        for function in self._lambda.list_functions()["Functions"]:
            self._wrap(function)

    def plan(self, package: str, match: str, act: Act, *, times: int = 1) -> None:
        """Let a function fail.

        Args:
            package: the function's package, as `thumbnails`.
            match: text that the event must hold.
            act: end the process before or after the function's work, sleep until Lambda ends it,
                or answer more than a state may carry.
            times: how often; -1 for ever.
        """
        self._plans += 1
        text = json.dumps({"match": match, "act": act, "times": times})
        (self._folder / package / f"{self._plans:06d}.json").write_text(text)

    def clear(self) -> None:
        """Take all plans away."""
        for package in self._names:
            shutil.rmtree(self._folder / package)
            (self._folder / package).mkdir()

    @contextmanager
    def timeout(self, package: str, seconds: int) -> Iterator[None]:
        """Give a function less time for as long as the context lasts."""
        name = self._names[package]
        usual = self._lambda.get_function_configuration(FunctionName=name)["Timeout"]
        self._lambda.update_function_configuration(FunctionName=name, Timeout=seconds)
        try:
            yield
        finally:
            self._lambda.update_function_configuration(FunctionName=name, Timeout=usual)

    def _wrap(self, function: dict[str, Any]) -> None:
        package, name = function["Handler"].partition(".")[0], function["FunctionName"]
        self._names[package] = name
        plans = self._folder / package
        plans.mkdir(parents=True)
        content = io.BytesIO(with_runtime(function_archive(package).read_bytes()))
        setup = {"folder": str(plans), "handler": function["Handler"]}
        with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as bundle:
            bundle.writestr(zipfile.ZipInfo(f"{_MODULE}.py"), _WRAPPER.read_bytes())
            bundle.writestr(zipfile.ZipInfo(f"{_MODULE}.json"), json.dumps(setup))
        self._lambda.update_function_configuration(FunctionName=name, Handler=f"{_MODULE}.handler")
        self._lambda.update_function_code(FunctionName=name, ZipFile=content.getvalue())
