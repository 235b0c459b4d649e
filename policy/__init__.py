"""CrossGuard policy pack: `pulumi preview --policy-pack policy`, or `make policy` offline."""
