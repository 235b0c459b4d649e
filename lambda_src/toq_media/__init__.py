"""What the functions share: contracts, keys, errors, settings, ports and their AWS side."""
