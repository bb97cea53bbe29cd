"""What people call the columns of a grower list, in English, Spanish, Portuguese and French. Pure.

Only the four columns that every list has are known under other names. The others (`provider`, `linkType`, `locale` …)
change what a grower gets, and a column that happens to be called Language more often holds "Spanish" than `es`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_words = str.split
_WHO = {
    "en": "grower farmer producer customer client member account contact external",
    "es": "productor delproductor agricultor delagricultor cliente delcliente decliente socio delsocio externo",
    "pt": "docliente produtor doprodutor agricultor doagricultor cooperado docooperado associado doassociado",
    "fr": "producteur duproducteur agriculteur delagriculteur duclient declient adherent dadherent externe",
}
_PEOPLE = frozenset(word for words in _WHO.values() for word in words.split())
_BEFORE_OR_BEHIND = {
    "externalId": "id uid code number no num numero nummer n codigo identificador identifiant ident matricula",
    "name": "name nombre nome nom",
    "email": "email mail emailaddress correo correoelectronico courriel",
    "phone": "phone mobile cell cellphone phonenumber mobilephone telephone telefono telefone celular",
}
_BY_THEMSELVES = {
    "externalId": "id externalid identificador identifiant",
    "name": "name fullname growersname grower farmer producer nombre nombrecompleto nombreyapellido nombreyapellidos "
    "nombresyapellidos productor agricultor nome nomecompleto produtor cooperado nom nomcomplet nometprenom nomprenom "
    "prenometnom prenomnom producteur agriculteur",
    "email": "email emails mail emailaddress mailaddress primaryemail correo correoelectronico correoe "
    "direcciondecorreo direcciondecorreoelectronico direccionelectronica correioeletronico correioelectronico "
    "enderecodeemail courriel adressemail adresseemail adressecourriel adressedecourriel adresseelectronique "
    "courrierelectronique mel",
    "phone": "phone phonenumber phoneno mobile mobilephone mobilenumber mobilephonenumber mobileno cell cellphone "
    "cellnumber cellphonenumber cellular telephone telephonenumber telephoneno tel telno telnumber primaryphone "
    "telefono telefonomovil movil celular telefonocelular numerodetelefono numerodecelular numerodemovil "
    "telefonodecontacto telefone telemovel telefonecelular telefonemovel numerodetelefone fone telephoneportable "
    "telephonemobile telportable portable cellulaire telephonecellulaire numerodetelephone "
    "numerodeportable numerodecellulaire gsm",
}
_NAMES = {
    word: frozenset(_BY_THEMSELVES[word].split())
    | {person + part for person in _PEOPLE for part in _BEFORE_OR_BEHIND[word].split()}
    | {part + person for person in _PEOPLE for part in _BEFORE_OR_BEHIND[word].split()}
    for word in _BY_THEMSELVES
}
CALLED_OTHERWISE = frozenset(_NAMES)
"""leafcast's own words for columns that people call otherwise as well."""

_GIVEN = frozenset(_words("firstname givenname forename nombre nombres nome primeironome prenom prenoms"))
_FAMILY = frozenset(_words("lastname surname familyname apellido apellidos sobrenome nom nomdefamille"))
_COUNTRIES = frozenset(_words("country countrycode pais paisdeltelefono pays codepays codigopais codigodopais land"))


def could_be(word: str, heading: str) -> bool:
    """Whether a heading is a name that people have for one of leafcast's columns."""
    return plain(heading) in _NAMES.get(word, ())


def is_country(heading: str) -> bool:
    """Whether a column says which country a grower is of."""
    return plain(heading) in _COUNTRIES


def other_half_of_a_name(headings: Sequence[str], used: Sequence[int]) -> tuple[str, str] | None:
    """The headings of two columns that only together are a name, where no other one is; `used` are the columns that
    would be the name."""
    given = [heading for heading in headings if plain(heading) in _GIVEN]
    family = [heading for heading in headings if plain(heading) in _FAMILY and heading not in given]
    whole = [index for index in used if headings[index] not in given + family]
    return (given[0], family[0]) if given and family and not whole else None


@lru_cache(maxsize=1_024)
def plain(heading: str) -> str:
    """Letters and digits alone, small and without accents: `Correo electrónico` is `correoelectronico`, `N° client`
    is `nclient`."""
    letters = unicodedata.normalize("NFKD", heading).casefold()
    return "".join(letter for letter in letters if letter.isalnum())
