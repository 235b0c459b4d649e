"""Options of the resources inside a component, the same way everywhere."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi


def child(
    parent: pulumi.Resource,
    *,
    protect: bool = False,
    depends_on: Sequence[pulumi.Resource] = (),
    import_id: str = "",
) -> pulumi.ResourceOptions:
    """Options of a child: only its parent, and what this child itself needs.

    A component's own options are never merged in: that would copy its aliases and imports to
    every child.

    Args:
        parent: the component.
        protect: refuse deletion, and keep the thing in AWS if it leaves the program.
        depends_on: resources that must exist first though no input says so.
        import_id: adopt the existing resource of this id instead of making one. The update that
            adopts leaves every property as it is, since an import whose inputs differ from the
            live resource is refused; the update after it, without the id, brings them in line.
    """
    return pulumi.ResourceOptions(
        parent=parent,
        protect=protect or None,
        retain_on_delete=protect or None,
        depends_on=list(depends_on) or None,
        import_=import_id or None,
        ignore_changes=["*"] if import_id else None,
    )
