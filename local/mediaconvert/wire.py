"""Between the wire's camelCase JSON and the API's names, by botocore's model of the service."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator

from local.mediaconvert.errors import bad_request


@cache
def service_model() -> ServiceModel:
    """AWS's description of the service, as boto3 ships it."""
    return botocore.session.get_session().get_service_model("mediaconvert")


def read(shape_name: str, document: object) -> dict[str, Any]:
    """A request body in the API's names, checked as the model says.

    Raises:
        ApiError: a field is unknown, missing, of the wrong type or out of its bounds; says where.
    """
    shape = service_model().shape_for(shape_name)
    if not isinstance(document, dict):
        raise bad_request("/: should be an object")
    value: dict[str, Any] = _from_wire(shape, document, "")
    report = ParamValidator().validate(value, shape)
    if report.has_errors():
        raise bad_request(report.generate_report())
    _check_bounds(shape, value, "")
    return value


def write(shape_name: str, value: dict[str, Any]) -> dict[str, Any]:
    """A response body as it goes over the wire; members of the model only."""
    document: dict[str, Any] = _to_wire(service_model().shape_for(shape_name), value)
    return document


def _from_wire(shape: Shape, value: object, path: str) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        names = {_wire_name(name, member): name for name, member in shape.members.items()}
        for key in value:
            if key not in names:
                raise bad_request(f"{path}/{key}: is not a known property")
        return {
            names[key]: _from_wire(shape.members[names[key]], item, f"{path}/{key}")
            for key, item in value.items()
        }
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _from_wire(shape.value, item, f"{path}/{key}") for key, item in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_from_wire(shape.member, item, f"{path}/{at}") for at, item in enumerate(value)]
    return value


def _to_wire(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        members = shape.members
        return {
            _wire_name(name, members[name]): _to_wire(members[name], item)
            for name, item in value.items()
        }
    if isinstance(shape, MapShape):
        return {key: _to_wire(shape.value, item) for key, item in value.items()}
    if isinstance(shape, ListShape):
        return [_to_wire(shape.member, item) for item in value]
    return value


def _wire_name(name: str, member: Shape) -> str:
    return str(member.serialization.get("name", name))


def _check_bounds(shape: Shape, value: Any, path: str) -> None:
    """What botocore leaves to the service: enumerations, patterns and upper bounds."""
    if isinstance(shape, StructureShape):
        for name, item in value.items():
            member = shape.members[name]
            _check_bounds(member, item, f"{path}/{_wire_name(name, member)}")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            _check_bounds(shape.value, item, f"{path}/{key}")
    elif isinstance(shape, ListShape):
        for at, item in enumerate(value):
            _check_bounds(shape.member, item, f"{path}/{at}")
    else:
        _check_scalar(shape, value, path)


def _check_scalar(shape: Shape, value: Any, path: str) -> None:
    bounds = shape.metadata
    if "enum" in bounds and value not in bounds["enum"]:
        allowed = ", ".join(bounds["enum"])
        raise bad_request(f"{path}: Should be one of the following values: [{allowed}]")
    if isinstance(value, str):
        if not re.search(bounds.get("pattern", ""), value):
            raise bad_request(f"{path}: Should match the pattern {bounds['pattern']}")
        if len(value) > bounds.get("max", len(value)):
            raise bad_request(f"{path}: Should have at most {bounds['max']} characters")
    elif isinstance(value, int | float) and value > bounds.get("max", value):
        raise bad_request(f"{path}: Should be less than or equal to {bounds['max']}")
