"""Renditions of a batch of pictures, copies of a batch of documents."""
