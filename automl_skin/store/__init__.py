"""What is kept on disk by the digest of a key, and folders whose files are verified against their digests."""
