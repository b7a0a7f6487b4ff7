"""What patients, lesions, cases, photographs and hospitals are called in six languages, and how their numbers are."""

from collections.abc import Iterable


def split_words(text: str) -> tuple[str, ...]:
    """Return the words of a text."""
    return tuple(text.split())


# English and German, then French, Spanish, Italian and Portuguese
PERSON = split_words(
    "patient subject pat patienten patientin proband probanden patiente sujet paciente sujeto paziente "
    "soggetto doente utente"
)
LESION = split_words("lesion lasion laesion lasions laesions lesione lesao")
CASE = split_words("case fall cas caso")
IMAGE = split_words(
    "image img picture photo photograph bild foto aufnahme imagen fotografia immagine imagem photographie"
)
FILE = split_words(
    "file datei bilddatei fichier archivo fichero arquivo ficheiro file_immagine archivo_imagen fichier_image "
    "arquivo_imagem path pfad chemin ruta percorso caminho"
)
SOURCE = split_words(
    "source hospital centre center institution clinic collection dataset quelle klinik krankenhaus "
    "zentrum einrichtung sammlung hopital clinique etablissement fuente centro clinica coleccion "
    "institucion fonte ospedale collezione istituto instituicao colecao"
)
NUMBER = split_words(
    "id nr no num number code key uid guid uuid nummer kennung kennzeichen schlussel schluessel numero identifiant "
    "identificador identificativo codigo codice ident identifier"
)
OF = ("", "de", "del", "du", "da", "do", "dell", "della", "de_la", "di")


def with_number(words: Iterable[str]) -> tuple[str, ...]:
    """Return words with each way to say that their number is meant, before or after, joined or not."""
    names = (
        name
        for number in NUMBER
        for word in words
        for name in (
            *(f"{word}_{number}", f"{word}{number}"),
            *("_".join(filter(None, (number, of, word))) for of in OF),
        )
    )
    return tuple(dict.fromkeys(names))
