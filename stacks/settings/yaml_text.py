"""Text of a YAML file, identical for each reader of the file."""

import codecs
import unicodedata

MOST_BYTES = 2**20
"""Maximum size of a file: two hundred models take a tenth of it."""

_OTHER_ENCODINGS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
# https://yaml.org/spec/1.1/#id872840 : YAML ends lines there, and no editor does.
_LINE_ENDS = "\x85\u2028\u2029"
# Go's reader rejects these; the others display a line in another order than readers see (CVE-2021-42574).
_REFUSED = "\ufeff\ufffe\uffff" + "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class Unreadable(Exception):
    """Error of a file that is not YAML, or that readers would interpret differently, with its line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line, self.message = line, message


def text_of(content: bytes) -> str:
    """Return a file's text, with `\\n` at the end of lines.

    Raises:
        Unreadable: if the file is too large, is not UTF-8, or has characters that YAML cannot hold.
    """
    if len(content) > MOST_BYTES:
        raise Unreadable(
            1, f"{len(content)} bytes are more than {MOST_BYTES}, the most: make two stacks of it"
        )
    for mark, name in _OTHER_ENCODINGS.items():
        if content.startswith(mark):
            raise Unreadable(1, f"is {name}: save it as UTF-8")
    try:
        text = content.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(line, f"byte 0x{content[error.start]:02X} is not UTF-8: save it as UTF-8") from None
    text = text.replace("\r\n", "\n")
    for index, character in enumerate(text):
        if not character.isprintable() and _forbidden(character):
            raise Unreadable(
                text.count("\n", 0, index) + 1, f"{_named(character)} cannot stand here: remove it"
            )
    return text


def _forbidden(character: str) -> bool:
    if character in "\t\n":
        return False
    return character in _LINE_ENDS + _REFUSED or unicodedata.category(character) == "Cc"


def _named(character: str) -> str:
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "")
    return f"the character {code} ({name.lower()})" if name else f"the control character {code}"
