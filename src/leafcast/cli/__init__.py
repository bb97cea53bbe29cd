"""The commands: wiring, printing, exit codes. Knows everybody and decides nothing."""
