"""What is written in an email or phone cell -> an address that can be written to, or why not. Pure, without DNS.

The judgement itself is email-validator's and phonenumbers' (libphonenumber's). Here stands what they let through and a
bulk sender must not: disguised letters, two addresses in one cell, numbers that a spreadsheet damaged, letters.
"""

from leafcast.decide.addresses.countries import region_of
from leafcast.decide.addresses.emails import email
from leafcast.decide.addresses.phones import known_region, phone
from leafcast.decide.addresses.verdict import Fault, Usable

__all__ = ["Fault", "Usable", "email", "known_region", "phone", "region_of"]
