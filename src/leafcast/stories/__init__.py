"""What leafcast does, in which order. Touches the world through `ports` only."""
