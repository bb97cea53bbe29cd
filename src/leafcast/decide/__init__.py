"""What is decided, purely: values in, values out. No clock, no disk, no network, no environment."""
