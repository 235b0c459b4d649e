"""The function behind `CreateZipBundle`."""
