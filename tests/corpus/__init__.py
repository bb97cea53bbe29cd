"""Lists as people really keep them, each with exactly what leafcast says of it: see `outcomes.txt`."""
