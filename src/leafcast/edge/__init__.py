"""What touches the world: one outside thing a file or a room."""
