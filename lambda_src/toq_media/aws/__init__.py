"""The AWS side of the ports; the only place of the runtime that imports botocore."""
