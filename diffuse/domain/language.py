"""Values that exist once per language."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar, overload

from diffuse.errors import AuthoringError

Value = TypeVar("Value")
ANY = "*"


class ByLanguage(Mapping[str, Value], Generic[Value]):
    """A value per language code, immutable: ``ByLanguage(fr="Relève", en="Succession")``.

    A single positional value stands for every language: ``ByLanguage("https://…")``.
    """

    __slots__ = ("_values",)

    @overload
    def __init__(self, everywhere: Value, /) -> None: ...
    @overload
    def __init__(self, /, **values: Value) -> None: ...

    def __init__(self, /, *everywhere: Value, **values: Value) -> None:
        """Keep one value for all languages, or one value for each of those named."""
        if len(everywhere) + bool(values) > 1:
            given = [*(f"{value!r}" for value in everywhere), *(f"{k}={v!r}" for k, v in values.items())]
            raise AuthoringError.of(
                f"a value for every language beside others ({', '.join(given)})",
                "one value alone, or one for each language, such as fr='…', en='…'",
            )
        self._values: dict[str, Value] = {ANY: everywhere[0]} if everywhere else dict(sorted(values.items()))

    def __getitem__(self, language: str) -> Value:
        """Return the value in that language; KeyError when there is none."""
        return self._values[language] if language in self._values else self._values[ANY]

    def __iter__(self) -> Iterator[str]:
        """Give the languages that were named (``*`` when one value stands for all)."""
        return iter(self._values)

    def __len__(self) -> int:
        """Count the languages that were named."""
        return len(self._values)

    def __hash__(self) -> int:
        """Equal values have equal hashes."""
        return hash(tuple(self._values.items()))

    def __repr__(self) -> str:
        """Show the call that makes an equal value."""
        if ANY in self._values:
            return f"ByLanguage({self._values[ANY]!r})"
        return f"ByLanguage({', '.join(f'{k}={v!r}' for k, v in self._values.items())})"

    def missing(self, languages: Iterable[str]) -> tuple[str, ...]:
        """Name the languages for which there is no value."""
        return () if ANY in self._values else tuple(c for c in languages if c not in self._values)
