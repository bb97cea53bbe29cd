"""Makes the lists of `sample_data/`, always the same, and longer ones like them for measuring.

    python benchmarks/make_lists.py             writes sample_data/ anew
    python benchmarks/make_lists.py 200000 FILE writes a csv of that many growers

The names are invented, the email domains end in .example, and the phone numbers are of ranges that nobody has: 555-01xx
in North America, 9 0000-xxxx in Brazil.
"""

from __future__ import annotations

import csv
import random
import sys
import unicodedata
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

SAMPLES = Path(__file__).parent.parent / "sample_data"
HEADINGS = ("Grower ID", "Name", "Email", "Mobile", "Language", "Provider", "Leaf user", "Upload", "Branch", "Acres")
SEED = 2026

_words = str.split

FIRST = {
    "en": _words(
        "Ada Amos Beth Caleb Clara Dale Earl Edna Frank Grace Hank Ida Ivan June Karl Lena Mabel Nell Otis Pearl "
        "Roy Ruth Seth Tess Vern Walt Åsa Zoë Siân Jürgen"
    ),
    "es": _words("Adrián Begoña César Dolores Esteban Inés Jesús Lucía Íñigo Nuria Óscar Pilar Raúl Rocío Sofía Tomás"),
    "pt-BR": _words("Antônio Benedito Conceição Estêvão Fátima Gonçalo Inácia João Júlia Luís Márcio Otávio Zélia"),
    "fr": _words("Adèle Benoît Chloé Étienne François Geneviève Hélène Jérôme Loïc Maëlle Noémie Océane René Thérèse"),
}
LAST = {
    "en": _words(
        "Ashby Barlow Birkett Coulter Dunmore Eklund Fairley Garrity Hadley Ingram Kessler Lindqvist MacRae Norby "
        "O'Dell Pruitt Quist Rasmussen Søberg Tolliver Umber Vance Whitlock Yoder Zellmer Müller-Hahn"
    ),
    "es": _words("Aguirre Báez Cárdenas Domínguez Espíritu Fuentes Gálvez Ibáñez Muñoz Núñez Ordóñez Peña Zúñiga"),
    "pt-BR": _words("Abrantes Brandão Coração Damião Estrela Falcão Guimarães Lourenço Magalhães Rebouças Simões"),
    "fr": _words("Archambault Bélanger Côté D'Aoust Émond Fréchette Gagné Hébert Lévesque Pépin Québécois Tréville"),
}
FARMS = _words(
    "prairiegold redbarn windbreak twinsilos sugarcreek northforty blackloam cottonwood stonefence larkfield"
)
BRANCHES = _words("Ames Kearney Brookings Minot Salina Morden Sorriso Saint-Boniface")
PROVIDERS = _words("JohnDeere ClimateFieldView CNHI CNHIFieldOps AgLeader Trimble RavenSlingshot Stara")
US_AREAS = ("515", "402", "605", "701", "785", "217", "320", "641")
CANADA_AREAS = ("204", "306", "403", "431", "639", "587", "780", "418")
BRAZIL_AREAS = ("65", "66", "64", "45")


def growers(count: int, *, prefix: str = "PAC", seed: int = SEED) -> Iterator[dict[str, str]]:
    """That many good growers, each under HEADINGS; no two share an id, an email or a phone."""
    dice = random.Random(seed)
    for number in range(1, count + 1):
        language = dice.choices(("en", "es", "pt-BR", "fr"), weights=(70, 14, 9, 7))[0]
        name = f"{dice.choice(FIRST[language])} {dice.choice(LAST[language])}"
        kind = dice.choices(("", "provider", "upload"), weights=(62, 28, 10))[0]
        reach = dice.choices(("both", "email", "phone"), weights=(60, 25, 15))[0]
        yield {
            "Grower ID": f"{prefix}-{number:05}",
            "Name": name,
            "Email": _email(name, number, dice) if reach != "phone" else "",
            "Mobile": _phone(language, number, dice) if reach != "email" else "",
            "Language": language,
            "Provider": dice.choice(PROVIDERS) if kind == "provider" else "",
            "Leaf user": _uuid(dice) if dice.random() < 0.08 else "",
            "Upload": "yes" if kind == "upload" else "",
            "Branch": dice.choice(BRANCHES),
            "Acres": str(dice.randrange(80, 9_000, 5)),
        }


def _email(name: str, number: int, dice: random.Random) -> str:
    plain = name.replace("ø", "o").replace("Ø", "O")
    ascii_name = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode().lower()
    local = ".".join("".join(letter for letter in word if letter.isalnum()) for word in ascii_name.split())
    return f"{local}{number}@{dice.choice(FARMS)}.example"


def _phone(language: str, number: int, dice: random.Random) -> str:
    """A number of each grower's own, written as people write them."""
    if language == "pt-BR":
        return f"+55 {dice.choice(BRAZIL_AREAS)} 9{number // 10_000:04}-{number % 10_000:04}"
    areas = CANADA_AREAS if language == "fr" else US_AREAS
    area, index = areas[number % len(areas)], number // len(areas)
    # The invented range has 100 lines an area; what a longer list needs beyond it is for measuring only.
    exchange, line = (
        ("555", f"{100 + index:04}") if index < 100 else (f"{200 + index // 9_000}", f"{1_000 + index % 9_000}")
    )
    written = ("({}) {}-{}", "{}-{}-{}", "{}.{}.{}", "+1 {} {} {}", "{}{}{}")
    return dice.choice(written).format(area, exchange, line)


def _uuid(dice: random.Random) -> str:
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))


# ---------------------------------------------------------------------------------------------------------- mistakes

MISTAKES: tuple[tuple[str, dict[str, str]], ...] = (
    ("no id", {"Grower ID": ""}),
    ("id rounded by a spreadsheet", {"Grower ID": "1.2E+10"}),
    ("id too long", {"Grower ID": "PAC-" + "9" * 300}),
    ("id with a zero-width space inside", {"Grower ID": "PAC\u200b-7"}),
    ("id of an earlier row", {"Grower ID": "PAC-00003"}),
    ("id of an earlier row in other case", {"Grower ID": "pac-00004"}),
    ("name over two lines", {"Name": "Amos\nBarlow"}),
    ("name that would add a mail header", {"Name": "Bob\r\nBcc: all@farm.example"}),
    ("name with reversed text", {"Name": "Ada \u202eybhsA"}),
    ("no @", {"Email": "amos.barlow.redbarn.example"}),
    ("two @", {"Email": "amos@@redbarn.example"}),
    ("two dots", {"Email": "amos..barlow@redbarn.example"}),
    ("two addresses", {"Email": "amos@redbarn.example; beth@redbarn.example"}),
    ("a name around the address", {"Email": "Amos Barlow <amos@redbarn.example>"}),
    ("mailto:", {"Email": "mailto:amos@redbarn.example"}),
    ("a blank in the middle", {"Email": "amos barlow@redbarn.example"}),
    ("a Cyrillic a in the domain", {"Email": "amos@redb\u0430rn.example"}),
    ("an accent before the @", {"Email": "zoë@redbarn.example"}),
    ("full-width letters", {"Email": "\uff21mos@redbarn.example"}),
    ("no domain", {"Email": "amos@"}),
    ("65 characters before the @", {"Email": "a" * 65 + "@redbarn.example"}),
    ("email of an earlier row", {"Email": "=SAME"}),
    ("phone rounded by a spreadsheet", {"Mobile": "1.51556E+10"}),
    ("phone in letters", {"Mobile": "1-800-FARMERS"}),
    ("phone with an extension", {"Mobile": "515-555-0182 ext. 4"}),
    ("two phones", {"Mobile": "515-555-0183 or 515-555-0184"}),
    ("phone too short", {"Mobile": "555-0185"}),
    ("phone as dialled from abroad", {"Mobile": "011 55 65 90000-9999"}),
    ("no such area code", {"Mobile": "(123) 555-0186"}),
    ("premium-rate phone", {"Mobile": "900-555-0187"}),
    ("phone of an earlier row", {"Mobile": "=SAME"}),
    ("no address at all", {"Email": "", "Mobile": ""}),
    ("a Leaf user that is none", {"Leaf user": "4711"}),
    ("a language that is none", {"Language": "English please"}),
)
"""Kinds of bad row, each as what it changes in a good one. `=SAME` takes the cell of an earlier row."""

BAD_SHAPES = (
    'PAC-00901,"Vern Whitlock,vern901@redbarn.example,,en,,,,Ames,400',  # a quotation mark that does not close
    "PAC-00902,Tess Vance,tess902@redbarn.example,,en",  # cells are missing
    "PAC-00903,Norby, Earl,earl903@redbarn.example,,en,,,,Ames,640",  # a comma that is not in quotes
)


def with_mistakes() -> tuple[list[list[str]], int]:
    """Good rows with one of each mistake among them, and how many are bad."""
    good = list(growers(200, seed=SEED + 1))
    rows = [_cells(row) for row in good[:20]]
    spare = [row for row in good[20:] if row["Email"] and row["Mobile"]]
    both = next(row for row in good if row["Email"] and row["Mobile"])
    for index, (_, change) in enumerate(MISTAKES):
        row = spare[2 * index] | {key: both[key] if text == "=SAME" else text for key, text in change.items()}
        rows.append(_cells(row))
        if index % 2:
            rows.append(_cells(spare[2 * index + 1]))
    return rows, len(MISTAKES) + len(BAD_SHAPES)


def _cells(row: dict[str, str]) -> list[str]:
    return [row[heading] for heading in HEADINGS]


# ------------------------------------------------------------------------------------------------------------ writing


def write_csv(
    file: Path, rows: Iterable[list[str]], headings: tuple[str, ...] = HEADINGS, *, like_excel: bool = True
) -> None:
    """CR LF, and like Excel's "CSV UTF-8" with a byte order mark."""
    with file.open("w", encoding="utf-8-sig" if like_excel else "utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(headings)
        writer.writerows(rows)


def write_samples(folder: Path = SAMPLES) -> None:
    """Everything that `sample_data/` holds, but for its README."""
    write_csv(folder / "growers.csv", map(_cells, growers(500)), like_excel=False)
    mistakes, _ = with_mistakes()
    write_csv(folder / "growers-with-mistakes.csv", mistakes)
    with (folder / "growers-with-mistakes.csv").open("a", encoding="utf-8", newline="") as text:
        text.writelines(f"{line}\r\n" for line in BAD_SHAPES)
    _write_uploads(folder / "uploads.xlsx")
    _write_migration(folder / "cnh-afs-connect.csv")


def _write_uploads(file: Path) -> None:
    """Growers whose machines have no provider: they send their files. Written without pandas, dates and all."""
    from datetime import datetime

    from openpyxl import Workbook

    dice = random.Random(SEED + 2)
    book = Workbook()
    book.properties.created = book.properties.modified = datetime(SEED, 1, 15)
    sheet = book.active
    assert sheet is not None
    sheet.title = "Uploads"
    sheet.append(["Grower ID", "Name", "Email", "Mobile", "Language", "Machine", "Season", "Branch"])
    for row in growers(60, prefix="UPL", seed=SEED + 2):
        machine = (
            f"{dice.choice(['Gleaner', 'Versatile', 'Massey Ferguson', 'Rostselmash'])} {dice.randrange(200, 999)}"
        )
        sheet.append(
            [row["Grower ID"], row["Name"], row["Email"], row["Mobile"], row["Language"], machine, SEED, row["Branch"]]
        )
    sheet.freeze_panes = "A2"
    book.save(file)


def _write_migration(file: Path) -> None:
    """Growers connected to CNH's AFS Connect, with their Leaf users, who must authenticate again at FieldOps."""
    dice = random.Random(SEED + 3)
    rows = (
        [row["Grower ID"], row["Name"], row["Email"], row["Mobile"], row["Language"], _uuid(dice), row["Branch"]]
        for row in growers(120, prefix="CNH", seed=SEED + 3)
    )
    write_csv(file, rows, ("Grower ID", "Name", "Email", "Mobile", "Language", "Leaf user", "Dealer"))


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            write_samples()
        case [count, file]:
            write_csv(Path(file), map(_cells, growers(int(count))))
        case _:
            print(__doc__)
