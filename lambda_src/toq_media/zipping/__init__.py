"""A stored ZIP planned to the byte, then put together by S3 wherever S3 can do it.

names -> layout (offsets, sizes, parts; pure) -> transfer (reads, copies and uploads the parts).
"""
