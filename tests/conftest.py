"""What holds for every test."""

from __future__ import annotations

import signal

# A program that is started in the background, or under nohup, inherits that SIGINT or SIGHUP is ignored, and would hand
# that on to every command that a test starts and then interrupts.
for _number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number is signal.SIGINT else signal.SIG_DFL)
