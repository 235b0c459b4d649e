"""A resource's inputs, which know what of them was read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

_SECRET = ("4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270")
"""How Pulumi marks a secret among serialized properties: signature key and its value."""


class Inputs(Mapping[str, Any]):
    """Inputs by their Pulumi names; nested maps and lists of maps are tracked with them."""

    def __init__(
        self, values: Mapping[str, Any], path: str = "", read: set[str] | None = None
    ) -> None:
        self._values = {name: _open(value) for name, value in values.items() if value is not None}
        self._path = path
        self._read: set[str] = set() if read is None else read

    def __getitem__(self, name: str) -> Any:
        path = f"{self._path}{name}"
        self._read.add(path)
        return self._wrap(self._values[name], path)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def unread(self) -> set[str]:
        """Paths of values that nobody asked for, as `rules[].expiration.days`."""
        return set(_leaves(self._values, self._path)) - self._read

    def plain(self) -> dict[str, Any]:
        """All values as ordinary maps and lists; counts as reading them."""
        return {name: _plain(self[name]) for name in self}

    def _wrap(self, value: Any, path: str) -> Any:
        if isinstance(value, Mapping):
            return Inputs(value, f"{path}.", self._read)
        if isinstance(value, list):
            return [self._wrap(_open(item), f"{path}[]") for item in value]
        return value


def pascal(value: Any, names: Mapping[str, str] | None = None) -> Any:
    """A nested value with the AWS API's spelling: `daysAfterInitiation` to `DaysAfterInitiation`.

    Args:
        value: Map, list or scalar.
        names: Spellings that do not follow the rule, as `{"id": "ID"}`.
    """
    special = names or {}
    if isinstance(value, Mapping):
        return {
            special.get(name, name[:1].upper() + name[1:]): pascal(value[name], names)
            for name in value
        }
    if isinstance(value, list):
        return [pascal(item, names) for item in value]
    return value


def present(
    inputs: Mapping[str, Any], parameters: Mapping[str, str | tuple[str, Callable[..., Any]]]
) -> dict[str, Any]:
    """Parameters for the inputs that the program set.

    Args:
        inputs: The resource's inputs.
        parameters: Input name -> parameter name, or the pair of it and a conversion.
    """
    call = {}
    for name, parameter in parameters.items():
        if name in inputs:
            target, convert = parameter if isinstance(parameter, tuple) else (parameter, _plain)
            call[target] = convert(inputs[name])
    return call


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as a list of `Key` and `Value`."""
    return [{"Key": key, "Value": tags[key]} for key in tags]


def tag_map(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags as a map."""
    return {key: tags[key] for key in tags}


def _plain(value: Any) -> Any:
    if isinstance(value, Inputs):
        return value.plain()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _open(value: Any) -> Any:
    """A value without its mark of secrecy; whole numbers are integers (Pulumi sends doubles)."""
    if isinstance(value, Mapping) and value.get(_SECRET[0]) == _SECRET[1]:
        return _open(value["value"])
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _leaves(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(_open(item), f"{path}{name}.")
        if not value:
            yield path.removesuffix(".")
    elif isinstance(value, list) and value and isinstance(_open(value[0]), Mapping):
        for item in value:
            yield from _leaves(_open(item), f"{path.removesuffix('.')}[].")
    elif value is not None:
        yield path.removesuffix(".")
