"""The commands: wiring, printing, exit codes. Knows everybody and decides nothing."""

import gc

# A command makes a hundred thousand objects that stay while it only loads, and Python looks through all of them again
# and again for rings: an eighth of every start. Looking less often costs no memory worth a word.
gc.set_threshold(50_000, 20, 100)
