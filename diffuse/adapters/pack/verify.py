"""Check an evidence pack offline: ``python3 verify.py PACK.zip``, or with no name beside the unpacked files.

Needs Python 3.9 or later and nothing else. Prints what is wrong, each line naming the record or the file; the
exit status is 0 when all is well, 1 otherwise. README.txt says how to recompute everything by hand.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

FORM = "diffuse-evidence-1"
NOTHING = "0" * 64
LINKS = ("content_sha256", "previous", "sha256")
PIECE = 1 << 20
SEAL, MANIFEST, RECORDS = "MANIFEST.sha256", "manifest.json", "records.jsonl"
STAMP = re.compile(r"stamps/([0-9]+)\.tsr")
SHA256 = bytes.fromhex("608648016503040201")  # 2.16.840.1.101.3.4.2.1

Open = Callable[[str], IO[bytes]]


def canonical(value: dict[str, Any]) -> bytes:
    """Write JSON by RFC 8785: keys sorted, no blanks, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(data: bytes) -> str:
    """Return the SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def problems(names: list[str], open_: Open) -> Iterator[str]:
    """Yield everything that is wrong with the files of a pack."""
    for name in (SEAL, MANIFEST):
        if name not in names:
            yield f"{name}: expected in the pack, found no such file"
            return
    seal, written = _whole(open_, SEAL), _whole(open_, MANIFEST)
    if seal != f"{digest(written)}\n".encode():
        yield f"{MANIFEST}: expected the hash in {SEAL}, found {digest(written)}"
        return
    manifest = json.loads(written)
    files = manifest["files"]
    for name in sorted(set(names) - set(files) - {SEAL, MANIFEST}):
        yield f"{name}: found in the pack, but the manifest does not name it"
    for name in sorted(files):
        if name not in names:
            yield f"{name}: expected in the pack, found no such file"
        elif (found := _hash(open_, name)) != files[name]:
            yield f"{name}: expected the hash {files[name]}, found {found}"
    if RECORDS in names:
        yield from _chain(open_, manifest)


def _chain(open_: Open, manifest: dict[str, Any]) -> Iterator[str]:
    """Walk the chain, one record after the other."""
    previous, number = NOTHING, 0
    stamps = {int(named[1]): named[0] for name in manifest["files"] if (named := STAMP.fullmatch(name))}
    with open_(RECORDS) as lines:
        for number, line in enumerate(lines, start=1):
            try:
                record = json.loads(line)
                found = list(_record(line, record, number, previous, manifest["files"]))
                previous = str(record["sha256"])
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                yield f"record {number}: cannot be read ({error!r})"
                return
            if number in stamps:
                found += _stamped(_whole(open_, stamps.pop(number)), previous)
            for text in found:
                yield f"record {number}: {text}"
    for number_of, name in sorted(stamps.items()):
        yield f"record {number_of}: {name} is about it, found no such record"
    head = manifest["head"]
    if (number, previous) != (head["sequence"], head["sha256"]):
        yield (
            f"the end of the chain: expected record {head['sequence']} with {head['sha256']}, "
            f"found record {number} with {previous}"
        )


def _record(
    line: bytes, record: dict[str, Any], number: int, previous: str, files: dict[str, str]
) -> Iterator[str]:
    """Yield what is wrong with one record."""
    if canonical(record) + b"\n" != line:
        yield "expected canonical JSON, found another spelling"
    inner = record["content_sha256"]
    if "withheld" not in record:
        inner = digest(canonical({key: value for key, value in record.items() if key not in LINKS}))
        yield from _named(record, files)
    outer = digest(
        canonical({"content": inner, "previous": record["previous"], "sequence": record["sequence"]})
    )
    wanted = {"sequence": number, "previous": previous, "content_sha256": inner, "sha256": outer}
    for name, want in wanted.items():
        if record[name] != want:
            yield f"{name}: expected {want}, found {record[name]}"


def _stamped(response: bytes, sha256: str) -> Iterator[str]:
    """Yield what is wrong with what a timestamp is about; who signed it, openssl tells (README.txt)."""
    try:
        imprint = _inside(response, 0, 1, 1, 0, 2, 1, 0, 0, 2)
        algorithm, hashed = _inside(imprint, 0, 0), _inside(imprint, 1)
    except (IndexError, ValueError):
        yield "its timestamp cannot be read"
        return
    if algorithm != SHA256 or hashed != hashlib.sha256(sha256.encode()).digest():
        yield f"its timestamp is about something else: found {hashed.hex()}"


def _inside(data: bytes, *path: int) -> bytes:
    """Return what lies in a value of DER (X.690): at each step the place among the values within."""
    for place in path:
        data = list(_values(data))[place]
    return data


def _values(data: bytes) -> Iterator[bytes]:
    """Yield the contents of the values that stand one after the other."""
    at = 0
    while at < len(data):
        length, at = data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        if at + length > len(data):
            raise ValueError("cut off")
        yield data[at : at + length]
        at += length


def _named(record: dict[str, Any], files: dict[str, str]) -> Iterator[str]:
    """Yield what is wrong with the form of a record, and texts that it names and the pack lacks."""
    if record["form"] != FORM:
        yield f"form: expected {FORM}, found {record['form']}"
    for name in ("policy_sha256", "message_sha256"):
        if files.get(f"texts/{record[name]}.txt") != record[name]:
            yield f"{name}: expected the text texts/{record[name]}.txt with that hash"


def _whole(open_: Open, name: str) -> bytes:
    with open_(name) as file:
        return file.read()


def _hash(open_: Open, name: str) -> str:
    found = hashlib.sha256()
    with open_(name) as file:
        while piece := file.read(PIECE):
            found.update(piece)
    return found.hexdigest()


def entry(name: str) -> zipfile.ZipInfo:
    """Return the one form that an entry of a pack has, whenever and wherever it is made."""
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_STORED
    info.create_system = 3
    info.external_attr = 0o100644 << 16
    return info


def _rebuilt(pack: Path) -> Iterator[str]:
    """Build the archive anew from its own entries: not one byte of it may be anything else."""
    with tempfile.TemporaryFile() as again:
        with zipfile.ZipFile(pack) as given, zipfile.ZipFile(again, "w") as made:
            for info in given.infolist():
                with given.open(info) as source, made.open(entry(info.filename), "w") as copy:
                    while piece := source.read(PIECE):
                        copy.write(piece)
        again.seek(0)
        with pack.open("rb") as given_bytes:
            place = 0
            while True:
                ours, theirs = again.read(PIECE), given_bytes.read(PIECE)
                if ours != theirs:
                    pairs = enumerate(zip(ours, theirs))  # noqa: B905 -- Python 3.9
                    near = next((at for at, (a, b) in pairs if a != b), min(len(ours), len(theirs)))
                    yield f"the archive itself: found another byte than expected at {place + near}"
                    return
                if not ours:
                    return
                place += len(ours)


def check(path: Path) -> list[str]:
    """Return everything that is wrong with a pack: a zip, or the folder that it was unpacked to."""
    try:
        if path.is_dir():
            files = (each for each in path.rglob("*") if each.is_file() and "__pycache__" not in each.parts)
            names = [each.relative_to(path).as_posix() for each in files]
            return list(problems(names, lambda name: (path / name).open("rb")))
        with zipfile.ZipFile(path) as pack:
            names = pack.namelist()
            twice = sorted({name for name in names if names.count(name) > 1})
            found = [f"{name}: found twice in the archive" for name in twice]
            found += _damaged(pack) or problems(names, pack.open)
        return found or list(_rebuilt(path))
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError, RuntimeError) as error:
        return [f"{path.name}: cannot be read as a pack ({error})"]
    except zipfile.BadZipFile as error:
        return [f"{path.name}: cannot be read as a pack ({error})"]


def _damaged(pack: zipfile.ZipFile) -> list[str]:
    """Name each entry that the archive itself finds damaged."""
    found = []
    for info in pack.infolist():
        try:
            with pack.open(info) as file:
                while file.read(PIECE):
                    pass
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError) as error:
            found.append(f"{info.filename}: cannot be read ({error})")
    return found


def main() -> int:
    """Check, and say what was found."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    found = check(path)
    for line in found:
        print(line)  # noqa: T201 -- what it is for
    if not found:
        manifest = path / MANIFEST if path.is_dir() else zipfile.Path(zipfile.ZipFile(path), MANIFEST)
        head = json.loads(manifest.read_text(encoding="utf-8"))["head"]
        print(f"whole: {head['sequence']} records; the last has the hash {head['sha256']}")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
