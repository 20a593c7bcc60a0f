"""Writes evidence as a zip that verifies offline: the same evidence, the same bytes."""

import hashlib
import io
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import IO, cast

from diffuse.adapters.csv_tables import print_table
from diffuse.adapters.pack.verify import MANIFEST, RECORDS, SEAL, entry
from diffuse.domain.evidence import FORM, GIVEN, Evidence, canonical, content, instant
from diffuse.domain.stamps import Stamp
from diffuse.errors import AuthoringError
from diffuse.ports import Chain, Head

COLUMNS = ("sequence", *GIVEN, "previous", "content_sha256", "sha256")
ALSO = ("LISEZMOI.txt", "README.txt", "verify.py")


class _Hashing(io.RawIOBase):
    """Hashes what goes through it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.sha256.update(data)
        return self._file.write(data)


class EvidenceZip:
    """Writes a pack to a file, whole or not at all."""

    def __init__(self, path: Path) -> None:
        """Take the file, which is replaced when it exists."""
        self._path = path
        self._hashes: dict[str, str] = {}

    def write(
        self,
        chain: Chain,
        wanted: Callable[[Evidence], bool],
        asked: dict[str, str],
        stamps: Sequence[Stamp] = (),
    ) -> int:
        """Write the chain up to its end of now; return how many records are shown.

        Args:
            chain: the evidence.
            wanted: which records are shown; of the others only their hashes go out.
            asked: what was asked for, by name, for the manifest.
            stamps: the timestamps of the chain.
        """
        part = self._path.with_name(f"{self._path.name}.part")
        try:
            with zipfile.ZipFile(part, "w") as pack:
                shown = self._fill(pack, chain, wanted, asked, stamps)
            os.replace(part, self._path)  # noqa: PTH105 -- the atomic one
        except OSError as error:
            raise AuthoringError.of(
                f"{self._path} cannot be written: {error.strerror}", "a folder that may be written"
            ) from error
        finally:
            with suppress(OSError):
                part.unlink()
        return shown

    def _fill(
        self,
        pack: zipfile.ZipFile,
        chain: Chain,
        wanted: Callable[[Evidence], bool],
        asked: dict[str, str],
        stamps: Sequence[Stamp],
    ) -> int:
        head = chain.head()
        named: set[str] = set()
        shown = 0
        with self._file(pack, RECORDS) as file:
            for record in until(chain.records(), head):
                is_shown = wanted(record)
                shown += is_shown
                if is_shown:
                    named |= {record.proof.policy_sha256, record.proof.message_sha256}
                file.write(f"{line(record, withheld=not is_shown)}\n")
        with self._file(pack, "evidence.csv") as file:
            print_table(file, COLUMNS, map(_row, filter(wanted, until(chain.records(), head))))
        for key, text in chain.texts():
            if key in named:
                with self._file(pack, f"texts/{key}.txt") as file:
                    file.write(text)
        for stamp in stamps:
            if stamp.sequence <= head.sequence:
                self._stamp(pack, stamp)
        for name in ALSO:
            with self._file(pack, name) as file:
                file.write(files("diffuse.adapters.pack").joinpath(name).read_text(encoding="utf-8"))
        self._seal(pack, head, asked, shown)
        return shown

    def _stamp(self, pack: zipfile.ZipFile, stamp: Stamp) -> None:
        """Write a timestamp beside what it is about: a hash as text, without a line end."""
        with self._file(pack, f"stamps/{stamp.sequence:08}.txt") as file:
            file.write(stamp.sha256)
        name = f"stamps/{stamp.sequence:08}.tsr"
        with pack.open(entry(name), "w") as raw:
            raw.write(stamp.response)
        self._hashes[name] = hashlib.sha256(stamp.response).hexdigest()

    def _seal(self, pack: zipfile.ZipFile, head: Head, asked: dict[str, str], shown: int) -> None:
        manifest: dict[str, object] = {
            "asked": asked,
            "files": dict(self._hashes),
            "form": FORM,
            "head": head._asdict(),
            "shown": shown,
        }
        with self._file(pack, MANIFEST) as file:
            file.write(f"{canonical(manifest)}\n")
        with self._file(pack, SEAL) as file:
            file.write(f"{self._hashes[MANIFEST]}\n")

    @contextmanager
    def _file(self, pack: zipfile.ZipFile, name: str) -> Iterator[IO[str]]:
        """Open a text file of the pack, and note its hash."""
        with pack.open(entry(name), "w", force_zip64=False) as raw:
            hashing = _Hashing(raw)
            text = io.TextIOWrapper(
                cast("IO[bytes]", io.BufferedWriter(hashing)), encoding="utf-8", newline=""
            )
            yield text
            text.flush()
            self._hashes[name] = hashing.sha256.hexdigest()


def until(records: Iterable[Evidence], head: Head) -> Iterator[Evidence]:
    """Yield the records up to the end that was noted: more may come while a pack is written."""
    for record in records:
        if record.sequence > head.sequence:
            return
        yield record


def line(record: Evidence, *, withheld: bool) -> str:
    """Write a record, or its hashes alone, as one line of canonical JSON."""
    links: dict[str, object] = {
        "content_sha256": record.content_sha256,
        "previous": record.previous,
        "sha256": record.sha256,
    }
    if withheld:
        return canonical({**links, "sequence": record.sequence, "withheld": True})
    return canonical({**content(record.sequence, record.nonce, record.proof), **links})


def _row(record: Evidence) -> tuple[object, ...]:
    given = record.proof
    told = (instant(given.at) if name == "at" else getattr(given, name) for name in GIVEN)
    return (record.sequence, *told, record.previous, record.content_sha256, record.sha256)
