"""Lists that nobody thought of: bytes are changed at random, and whatever comes of them must add up."""
