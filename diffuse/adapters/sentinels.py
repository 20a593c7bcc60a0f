"""Opaque words that hold the place of values while a text is laid out."""

import re
from hashlib import blake2b

from diffuse.domain.message import ABOUT, GIVEN_NAME, NAME, Pieces, Slot

_LENGTHS = {NAME: 14, GIVEN_NAME: 10, ABOUT: 14}
_ADDRESS_LENGTH = 60


class Sentinels:
    """Words of ASCII letters and digits, which no escaping, quoting or inlining changes.

    They are made from the texts that they will stand in, so that none of these can contain one.
    """

    def __init__(self, *texts: str) -> None:
        """Choose a mark for these texts; the same texts always give the same words."""
        self._mark = "zq" + blake2b(ascii(texts).encode(), digest_size=2).hexdigest()
        self._words: dict[str, Slot | str] = {}
        self._of_slot: dict[str, str] = {}

    def slot(self, name: str) -> str:
        """Return the word for a slot, always the same, and about as long as what will fill it."""
        if name not in self._of_slot:
            self._of_slot[name] = self._word(Slot(name), _LENGTHS.get(name, _ADDRESS_LENGTH))
        return self._of_slot[name]

    def literal(self, value: str) -> str:
        """Return a new word for a value that is known already."""
        return self._word(value, 0)

    @property
    def values(self) -> dict[str, str | None]:
        """What each word stands for; None for a slot."""
        return {word: None if isinstance(value, Slot) else value for word, value in self._words.items()}

    def split(self, text: str) -> Pieces:
        """Cut a text at its slots; empty parts are left out."""
        parts = re.split(rf"({self._mark}\d+x*zq)", text)
        return tuple(self._words.get(part, part) for part in parts if part)

    def _word(self, value: Slot | str, length: int) -> str:
        start = f"{self._mark}{len(self._words):02d}"
        word = start + "x" * (length - len(start) - 2) + "zq"
        self._words[word] = value
        return word
