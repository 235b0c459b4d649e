"""MediaConvert queues."""

from __future__ import annotations

from local.provisioners.inputs import Inputs, present, tag_map
from local.provisioners.registry import Created, Target, provisions


@provisions("aws:mediaconvert/queue:Queue")
def queue(target: Target, inputs: Inputs) -> Created:
    """An on-demand queue."""
    call = present(
        inputs,
        {
            "name": "Name",
            "description": "Description",
            "pricingPlan": "PricingPlan",
            "status": "Status",
            "tags": ("Tags", tag_map),
        },
    )
    made = target.clients.client("mediaconvert").create_queue(**call)["Queue"]
    return Created(id=made["Name"], outputs={"arn": made["Arn"]})
