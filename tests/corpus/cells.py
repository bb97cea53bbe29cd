"""Inputs 27 to 54: what stands in the cells."""

from __future__ import annotations

from typing import Any

from .common import ANA, CY, Case, between, lines


def _id(number: int, what: str, external_id: str) -> Case:
    return Case(number, what, between(f"{external_id},Anna,anna@farm.example,,x"))


def _name(number: int, what: str, name: str) -> Case:
    quoted = name.replace('"', '""')
    return Case(number, what, between(f'G-2,"{quoted}",anna@farm.example,,x'))


def _email(number: int, what: str, email: str) -> Case:
    quoted = email.replace('"', '""')
    return Case(number, what, between(f'G-2,Anna,"{quoted}",,x'))


def _phone(number: int, what: str, phone: str, region: str | None = "US") -> Case:
    return Case(number, what, between(f'G-2,Anna,,"{phone}",x'), settings={"region": region})


def _two(number: int, what: str, one: str, other: str, shared: str = "stop", **changes: Any) -> Case:
    return Case(number, what, lines(one, other), settings={"sharedAddress": shared}, changes=changes)


CASES = (
    _email(27, "DEL in an email", "ann\x7fa@farm.example"),
    _id(27, "a control character in an id", "G-\x012"),
    _phone(27, "a control character in a phone", "515\x02555 0142"),
    _email(28, "no-break and zero-width blanks around an email", "\u200b\u00a0anna@farm.example\u00a0\ufeff"),
    _email(28, "a zero-width blank inside an email", "an\u200bna@farm.example"),
    _email(28, "a soft hyphen inside an email", "an\u00adna@farm.example"),
    _id(28, "blanks around an id", " \u00a0G-2\u200b "),
    _id(28, "a zero-width blank inside an id", "G\u200b-2"),
    _phone(28, "no-break blanks inside a phone", "515\u00a0555\u00a00142"),
    _phone(28, "the marks that phones in contacts come with", "\u202a+1 515 555 0142\u202c"),
    _name(29, "text that is turned round in a name", "Anna \u202egro.live"),
    _name(29, "balanced isolates in a name", "Anna \u2067\u05d0\u05e0\u05d4\u2069 B"),
    _email(30, "a Cyrillic a in the domain", "anna@f\u0430rm.example"),
    _email(30, "a Cyrillic a before the @", "\u0430nna@farm.example"),
    _email(30, "a domain all in Cyrillic that looks like apple", "anna@\u0430\u0440\u0440\u04cf\u0435.example"),
    _email(31, "a domain with an umlaut", "joe@bücher.example"),
    _email(31, "a domain with an umlaut in two code points", "joe@bu\u0308cher.example"),
    _email(31, "a domain in punycode", "joe@xn--bcher-kva.example"),
    _email(31, "a domain in punycode that is none", "joe@xn--\u0061-.example"),
    _email(32, "an accent before the @", "zoë@farm.example"),
    _email(33, "full-width letters before the @", "ＪＯＥ@farm.example"),
    _email(33, "a full-width domain and @", "joe＠ｆａｒｍ.example"),
    _email(34, "a name around the address", "Anna B <anna@farm.example>"),
    _email(34, "two addresses, semicolon", "anna@farm.example; ben@farm.example"),
    _email(34, "two addresses, blank", "anna@farm.example ben@farm.example"),
    _email(34, "two addresses, and", "anna@farm.example and ben@farm.example"),
    _email(34, "mailto:", "mailto:anna@farm.example"),
    _email(34, "a full stop behind it", "anna@farm.example."),
    _email(34, "quotation marks around it", "'anna@farm.example'"),
    _email(35, "a domain that is a typing mistake: gmail.con", "anna@gmail.con"),
    _email(35, "gmial.com", "anna@gmial.com"),
    _email(35, "hotmail.co", "anna@hotmail.co"),
    _email(35, "yahoo,com", "anna@yahoo,com"),
    _email(35, "a role address", "info@farm.example"),
    _email(35, "nobody's address", "noreply@farm.example"),
    _email(35, "a reserved domain: example.com", "test@example.com"),
    _email(35, "a reserved domain: .invalid", "anna@farm.invalid"),
    _email(35, "localhost", "anna@localhost"),
    _email(35, "a domain of the local network", "anna@mail.local"),
    _email(36, "64 letters before the @", "a" * 64 + "@farm.example"),
    _email(36, "65 letters before the @", "a" * 65 + "@farm.example"),
    _email(36, "more than 254 letters", "a@" + ".".join(["b" * 60] * 5) + ".example"),
    _email(36, "two dots", "anna..b@farm.example"),
    _email(36, "a dot at its beginning", ".anna@farm.example"),
    _email(36, "a quoted name before the @", '"anna b"@farm.example'),
    _email(36, "an IP address for a domain", "anna@[192.0.2.1]"),
    _email(36, "no dot in the domain", "anna@farm"),
    _email(36, "a domain that begins with a hyphen", "anna@-farm.example"),
    _email(36, "an underscore in the domain", "anna@my_farm.example"),
    _email(36, "nothing behind the @", "anna@"),
    _email(36, "a word for nothing", "n/a"),
    _phone(37, "rounded by a spreadsheet", "1.61E+10"),
    _phone(37, "rounded, with a comma", "1,61255501E+11"),
    _phone(38, ".0 behind it", "15155550142.0"),
    _phone(38, ".0 behind too few digits", "5550142.0"),
    _phone(38, ".5 behind it", "15155550142.5"),
    _phone(39, "the leading zero of a French number is lost", "612345678", "FR"),
    _phone(39, "the leading zero of a Brazilian number is lost", "65 90000-1234", "BR"),
    _phone(39, "the + is lost, another country's number", "4915112345678"),
    _phone(39, "the + is lost, and no region", "5565900001234", None),
    _phone(40, "dialled with 00", "0049 151 12345678"),
    _phone(40, "dialled with 011", "011 55 65 90000-1234"),
    _phone(40, "dialled with 00 where that is no number", "000000000000"),
    _phone(41, "no country code and no region", "515 555 0142", None),
    _phone(41, "no country code, with a region", "515 555 0142"),
    _phone(41, "no area code", "555-0142"),
    _phone(42, "letters for digits", "1-800-FLOWERS"),
    _phone(42, "an extension", "515-555-0142 ext. 5"),
    _phone(42, "an extension with x", "515-555-0142x5"),
    _phone(42, "an extension in Spanish", "515-555-0142 int. 5"),
    _phone(42, "two numbers", "+1 515 555 0142 or +1 515 555 0143"),
    _phone(42, "two numbers, slash", "515-555-0142 / 515-555-0143"),
    _phone(42, "a word before it", "Cell: 515-555-0142"),
    _phone(42, "tel:", "tel:+1-515-555-0142"),
    _phone(43, "Arabic-Indic digits", "٥١٥٥٥٥٠١٤٢"),
    _phone(43, "full-width digits", "＋１ ５１５ ５５５ ０１４２"),
    _phone(44, "a landline", "+49 30 12345678"),
    _phone(44, "a mobile", "+49 151 12345678"),
    _phone(44, "a premium-rate number", "900-234-5678"),
    _phone(44, "a toll-free number", "800-234-5678"),
    _phone(44, "a satellite number", "+881 6 12345678"),
    _phone(44, "a number of no country", "+999 12345678"),
    _phone(44, "all the same digit", "1111111111"),
    _phone(44, "too long", "+1 515 555 0142 99"),
    Case(44, "a landline beside an email", between("G-2,Anna,anna@farm.example,+49 30 12345678,x")),
    Case(
        39,
        "the row's own country",
        lines(
            "G-1,Ana,,55 1234 5678,Mexico",
            "G-2,Ben,,204 555 0123,CA",
            "G-3,Cy,,204 555 0124,Nowhere",
            headings="externalId,name,email,phone,Country",
        ),
    ),
    _two(45, "the same id twice", ANA, "G-1,Ben,ben@farm.example,,x"),
    _two(45, "the same id on a row that is refused for its email", "G-1,Ana,ana,,x", "G-1,Ben,ben@farm.example,,x"),
    _two(46, "ids that differ in case", ANA, "g-1,Ben,ben@farm.example,,x"),
    _two(46, "ids that differ in width", ANA, "Ｇ-1,Ben,ben@farm.example,,x"),
    _two(46, "ids that differ in blanks", ANA, "G -1,Ben,ben@farm.example,,x"),
    _two(46, "ids that differ in zeros are two", "007,Ana,ana@farm.example,,x", "7,Ben,ben@farm.example,,x"),
    _id(47, "no id", ""),
    _id(47, "255 letters", "x" * 255),
    _id(47, "256 letters", "x" * 256),
    _id(47, "an id that Excel rounded", "1.2E+10"),
    _id(47, "an id that Excel may have rounded: 1E5", "1E5"),
    _id(47, "an id with .0 behind", "4711.0"),
    _id(47, "an id that became a date", "2026-03-01"),
    _id(47, "an id of 16 digits, the last of which Excel makes 0", "1234567890123450"),
    _two(48, "one email on two rows", ANA, "G-2,Ben,ANA@farm.example,,x"),
    _two(48, "one email on two rows, send-each", ANA, "G-2,Ben,ana@farm.example,,x", "send-each"),
    _two(48, "one email on two rows, first", ANA, "G-2,Ben,ana@farm.example,,x", "first"),
    _two(48, "one phone on two rows, written in two ways", "G-1,Ana,,515-555-0142,x", "G-2,Ben,,+1 (515) 555 0142,x"),
    _two(49, "one channel empty", ANA, "G-2,Ben,,515-555-0142,x"),
    _two(49, "both channels empty", ANA, "G-2,Ben,,,x"),
    _two(
        49,
        "only phones, and the campaign only sends emails",
        ANA,
        "G-2,Ben,,515-555-0142,x",
        channels=["email"],
        sms=None,
    ),
    Case(
        50, "cells that a spreadsheet would run", between("G-2,=HYPERLINK(1),anna@farm.example,,\"+cmd|' /C calc'!A0\"")
    ),
    Case(50, "what an export held back with an apostrophe", between("'@G-2,'=Anna,anna@farm.example,,'-1")),
    _name(51, "a name that would add a mail header", "Bob\r\nBcc: x@y.example"),
    _name(52, "a name that would end the address", 'Bob" <x@y.example>'),
    _name(52, "an encoded line break", "Bob%0d%0aBcc: x"),
    _name(52, "an encoded word that hides a line break", "=?UTF-8?Q?Bob=0ABcc:_x?="),
    _name(53, "a name that is a template", "{{ 7*7 }}{% for x in y %}{{{z}}} -name-"),
    _name(54, "a name that is HTML", '<script>alert(1)</script>"><img onerror=x>'),
    Case(
        49,
        "a language that is none",
        lines("G-1,Ana,ana@farm.example,,English please", headings="externalId,name,email,phone,locale"),
    ),
    Case(
        49,
        "a link type, a time zone and a Leaf user that are none",
        lines(
            "G-1,Ana,ana@farm.example,upload,Ames,4711", headings="externalId,name,email,linkType,timezone,leafUserId"
        ),
    ),
    Case(45, "a good list", lines(ANA, CY)),
)
