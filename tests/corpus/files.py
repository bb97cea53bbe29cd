"""Inputs 1 to 26: how a text file is written."""

from __future__ import annotations

from .common import ANA, CY, HEADINGS, Case, between, content, lines

TEXT = f"{HEADINGS}\nG-1,Zoë,zoe@farm.example,,日本\n"
TWO = f"{HEADINGS}\nG-1,José,jose@farm.example,,x\nG-2,Ana,ana@farm.example,,x\n"
MANY_LINES = "long line\n" * 8_000


def _swapped(delimiter: str) -> str:
    return f"{HEADINGS}\n{ANA}\n{CY}\n".replace(",", delimiter)


CASES = (
    Case(1, "UTF-8 with a byte order mark", content(b"\xef\xbb\xbf" + TEXT.encode())),
    Case(1, "UTF-8 without a mark", content(TEXT)),
    Case(
        2,
        "UTF-16 LE with its mark, tabs (Excel's Unicode Text)",
        content(("\ufeff" + TEXT.replace(",", "\t")).encode("utf-16-le")),
    ),
    Case(2, "UTF-16 BE with its mark", content(("\ufeff" + TEXT).encode("utf-16-be"))),
    Case(3, "UTF-16 LE without a mark", content(TEXT.encode("utf-16-le"))),
    Case(3, "UTF-16 BE without a mark", content(TEXT.encode("utf-16-be"))),
    Case(
        3,
        "UTF-16 LE without a mark, and the campaign says so",
        content(TEXT.encode("utf-16-le")),
        settings={"encoding": "utf-16-le"},
    ),
    Case(3, "UTF-32 with its mark", content(TEXT.encode("utf-32"))),
    Case(3, "UTF-16 that breaks off in the middle of a letter", content(TEXT.encode("utf-16")[:-1])),
    Case(4, "cp1252, and nobody said so", content(TWO.encode("cp1252"))),
    Case(4, "cp1252, and the campaign says so", content(TWO.encode("cp1252")), settings={"encoding": "cp1252"}),
    Case(
        4, "cp1252 in the headings", content("externalId,name,email,Région\nG-1,A,a@farm.example,x\n".encode("cp1252"))
    ),
    Case(4, "an encoding that there is not", content(TWO), settings={"encoding": "cp1525"}),
    Case(4, "an encoding that is none of text", content(TWO), settings={"encoding": "base64"}),
    Case(4, "an encoding that reads all or nothing", content(TWO), settings={"encoding": "idna"}),
    Case(4, "UTF-8 where the campaign says cp1252", content(TWO), settings={"encoding": "cp1252"}),
    Case(5, "encoded twice: JosÃ©", content(TWO.replace("José", "JosÃ©"))),
    Case(
        6,
        "two encodings in one file",
        content(TWO.encode() + "G-3,José,jose3@farm.example,,x\nG-4,Ñ,n@farm.example,,x\n".encode("cp1252")),
    ),
    Case(7, "semicolons", content(_swapped(";"))),
    Case(7, "semicolons, and commas in the cells", content(_swapped(";").replace("Ana", "Norby, Ana"))),
    Case(8, "tabs", content(_swapped("\t"))),
    Case(8, "pipes", content(_swapped("|"))),
    Case(8, "tabs in a .tsv", content(_swapped("\t")), file="list.tsv"),
    Case(8, "commas in a .tsv", content(_swapped(",")), file="list.tsv"),
    Case(8, "a .txt with tabs", content(_swapped("\t")), file="list.txt"),
    Case(9, "a line sep=; on top", content("sep=;\r\n" + _swapped(";"))),
    Case(9, "a line sep=; and commas below", content("sep=;\r\n" + _swapped(","))),
    Case(9, "a line sep= that names a quotation mark", content('sep="\n' + _swapped('"'))),
    Case(10, "CR LF", content(_swapped(",").replace("\n", "\r\n"))),
    Case(10, "CR alone", content(_swapped(",").replace("\n", "\r"))),
    Case(10, "three kinds of line ends", content(f"{HEADINGS}\r{ANA}\r\n{CY}\n")),
    Case(10, "no line end behind the last row", content(f"{HEADINGS}\n{ANA}")),
    Case(11, "U+2028 in a name", between("G-2,An\u2028na,anna@farm.example,,x")),
    Case(11, "U+0085 in a name", between("G-2,An\x85na,anna@farm.example,,x")),
    Case(11, "a vertical tab in a name", between("G-2,An\vna,anna@farm.example,,x")),
    Case(
        11, "U+2028, U+0085, VT and FS in a free column", between("G-2,Anna,anna@farm.example,,a\u2028b\x85c\vd\x1ce")
    ),
    Case(12, "a line break in a name", between('G-2,"An\nna",anna@farm.example,,x')),
    Case(12, "a line break in a free column", between('G-2,Anna,anna@farm.example,,"two\nlines"')),
    Case(13, "a quotation mark that nothing closes", between('G-2,"Anna,anna@farm.example,,x')),
    Case(
        13,
        "one that a later row closes",
        lines(
            ANA, 'G-2,"Anna,anna@farm.example,,x', "G-3,Ben,ben@farm.example,,x", 'G-4,Di "D",di@farm.example,,x', CY
        ),
    ),
    Case(13, "one that opens in the headings", content(f'externalId,"name,email,phone,Note\n{ANA}\n{CY}\n')),
    Case(13, "one that closes too early between tabs", content(_swapped("\t").replace("Ana", '"An"a'))),
    Case(14, 'a quotation mark in the middle: 12" pipe', between('G-2,Anna,anna@farm.example,,12" pipe')),
    Case(14, "text behind a closing quotation mark", between('G-2,"Anna" B,anna@farm.example,,x')),
    Case(14, "a quoted word inside a quoted cell", between('G-2,"Anna ""Ann"" B",anna@farm.example,,x')),
    Case(15, "too few cells", between("G-2,Anna,anna@farm.example")),
    Case(16, "too many cells: a comma that is not quoted", between("G-2,Norby, Anna,anna@farm.example,,x")),
    Case(16, "empty cells beyond the headings", between("G-2,Anna,anna@farm.example,,x,,,")),
    Case(17, "the heading email twice", lines(ANA, headings="externalId,name,email,email,Note")),
    Case(17, "a free heading twice", lines("G-1,Ana,ana@farm.example,x,y", headings="externalId,name,email,Note,Note")),
    Case(
        17,
        "headings that differ in case only",
        lines("G-1,Ana,ana@farm.example,x,y", headings="externalId,name,email,Grower type,grower-type"),
    ),
    Case(
        18,
        "E-Mail, External ID, blanks around",
        lines(ANA, headings=" External ID , Grower name , E-Mail ,Mobile,Note"),
    ),
    Case(
        18,
        "two headings that could be the email",
        lines("G-1,Ana,a@farm.example,b@farm.example,x", headings="externalId,name,email,E-Mail,Note"),
    ),
    Case(
        18,
        "two headings that could be the phone",
        lines("G-1,Ana,,515-555-0142,515-555-0143", headings="externalId,name,email,phone,Mobile"),
    ),
    Case(
        18,
        "the same, and the campaign chooses",
        lines("G-1,Ana,,515-555-0142,515-555-0143", headings="externalId,name,email,phone,Mobile"),
        settings={"columns": {"phone": "Mobile"}},
    ),
    Case(
        18,
        "headings in Spanish",
        lines(ANA, headings="ID del productor,Nombre,Correo electrónico,Teléfono móvil,Notas"),
    ),
    Case(18, "headings in Portuguese", lines(ANA, headings="Código do produtor,Nome completo,E-mail,Telemóvel,Obs")),
    Case(18, "headings in French", lines(ANA, headings="N° client,Nom,Courriel,Téléphone portable,Remarque")),
    Case(
        18,
        "headings in capitals with underscores",
        lines(ANA, headings="GROWER_ID,FULL_NAME,EMAIL_ADDRESS,CELL_PHONE,NOTE"),
    ),
    Case(
        18,
        "a heading that the campaign names and the list has not",
        lines(ANA),
        settings={"columns": {"email": "Post"}},
    ),
    Case(
        18,
        "a heading of two lines, as spreadsheets break long ones",
        lines(ANA, "G-2,Ben,ben,,x", headings='"Grower\nID",name,"E-\nmail",phone,Note'),
    ),
    Case(
        18,
        "headings that would write over a terminal",
        lines(ANA, headings="\x1b[2Jid,name,email,phone,Note"),
    ),
    Case(
        18,
        "first and last name in two columns",
        lines("G-1,Ana,Prado,ana@farm.example,x", headings="externalId,First name,Last name,email,Note"),
    ),
    Case(18, "no id", lines("Ana,ana@farm.example", headings="name,email")),
    Case(18, "no address", lines("G-1,Ana,x", headings="externalId,name,Branch")),
    Case(
        19,
        "headings of the user's own",
        lines("G-1,Ana,ana@farm.example,640,=1+1", headings="externalId,name,email,2026 acres,Branch"),
    ),
    Case(19, "a column without heading", lines("G-1,Ana,ana@farm.example,x,y", headings="externalId,name,email,,Note")),
    Case(20, "no headings, the first row is a grower", content(f"{ANA}\n{CY}\n")),
    Case(20, "a title above the headings", content(f"Growers of 2026,,,,\n,,,,\n{HEADINGS}\n{ANA}\n")),
    Case(21, "0 bytes", content(b"")),
    Case(21, "a byte order mark and nothing else", content(b"\xef\xbb\xbf")),
    Case(21, "no such file", lambda _file: None),
    Case(21, "a folder", lambda file: file.mkdir()),
    Case(22, "headings and no rows", content(f"{HEADINGS}\n")),
    Case(22, "headings and blank rows", content(f"{HEADINGS}\n\n,,,,\n  ,\t,,,\n")),
    Case(23, "blank rows and rows of commas between and below", lines(ANA, "", ",,,,", CY, ",,,,", "", "")),
    Case(24, "a cell of 10 MB", between(f"G-2,Anna,anna@farm.example,,{'x' * 10_000_000}")),
    Case(24, "a quoted cell of 80 KB over many lines", between(f'G-2,Anna,anna@farm.example,,"{MANY_LINES}"')),
    Case(25, "3,000 rows", lines(*(f"G-{n},Ana,a{n}@farm.example,,x" for n in range(3_000)))),
    Case(26, "a NUL in a name", between("G-2,An\0na,anna@farm.example,,x")),
    Case(26, "a NUL in a free column", between("G-2,Anna,anna@farm.example,,x\0")),
)
