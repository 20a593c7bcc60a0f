"""A pack verifies offline, and a change of any of its bytes is found and named."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffuse.adapters.pack.verify import check
from diffuse.adapters.pack.zipped import EvidenceZip
from diffuse.domain.evidence import NOTHING, Evidence, Proof, hash_of, sealed
from diffuse.ports import Head

POLICY, MESSAGE = '{"id":"usage"}', '{"subject":["À retenir"]}'
PROOF = Proof(
    person="ab" * 16,
    identified_by="link",
    campaign="essai",
    policy="usage",
    version="2026.1",
    key_point="dire",
    delivery=1,
    policy_sha256=hash_of(POLICY),
    message_sha256=hash_of(MESSAGE),
    language="fr",
    statement="=J’ai lu et compris.",
    answer="acknowledge",
    detail="",
    at=datetime(2026, 9, 14, 14, 30, 0, 123456, tzinfo=UTC),
    channel="email",
    origin="recorded",
)


class Chained:
    """A chain of four records in memory; every other one is of another campaign."""

    def records(self) -> Iterator[Evidence]:
        previous = NOTHING
        for number in range(1, 5):
            campaign = "essai" if number % 2 else "ailleurs-2"
            proof = replace(PROOF, delivery=number, campaign=campaign)
            record = sealed(number, f"{number:032x}", proof, previous)
            previous = record.sha256
            yield record

    def texts(self) -> Iterator[tuple[str, str]]:
        for text in (POLICY, MESSAGE):
            yield hash_of(text), text

    def head(self) -> Head:
        *_, last = self.records()
        return Head(last.sequence, last.sha256)


def written(path: Path, campaign: str = "essai") -> Path:
    shown = EvidenceZip(path).write(
        Chained(), lambda record: record.proof.campaign == campaign, {"campaign": campaign}
    )
    assert shown == 2
    return path


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("packs") / "pack.zip")


def test_a_pack_verifies_with_the_program_that_lies_in_it(pack: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(pack) as archive:
        archive.extractall(tmp_path / "unpacked")
    for words in ([tmp_path / "unpacked" / "verify.py"], [tmp_path / "unpacked" / "verify.py", pack]):
        done = subprocess.run([sys.executable, "-I", *words], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("whole: 4 records")


def test_the_same_evidence_makes_the_same_bytes(pack: Path, tmp_path: Path) -> None:
    assert written(tmp_path / "again.zip").read_bytes() == pack.read_bytes()


def test_withheld_records_say_nothing_and_the_table_runs_no_formula(pack: Path) -> None:
    with zipfile.ZipFile(pack) as archive:
        assert b"ailleurs-2" not in b"".join(archive.read(name) for name in archive.namelist())
        assert ",'=J" in archive.read("evidence.csv").decode()


@settings(max_examples=150)
@given(place=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_any_changed_byte_of_a_pack_is_found(
    tmp_path_factory: pytest.TempPathFactory, pack: Path, place: int, bit: int
) -> None:
    data = bytearray(pack.read_bytes())
    data[place % len(data)] ^= 1 << bit
    forged = tmp_path_factory.mktemp("forged") / "pack.zip"
    forged.write_bytes(data)
    assert check(forged)


@settings(max_examples=100)
@given(
    file=st.integers(min_value=0), place=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=6)
)
def test_any_changed_byte_of_an_unpacked_file_is_found_and_the_file_named(
    tmp_path_factory: pytest.TempPathFactory, pack: Path, file: int, place: int, bit: int
) -> None:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(pack) as archive:
        archive.extractall(folder)
        names = archive.namelist()
    name = names[file % len(names)]
    data = bytearray((folder / name).read_bytes())
    data[place % len(data)] ^= 1 << bit
    (folder / name).write_bytes(data)
    assert any(name in line for line in check(folder))


def test_a_changed_record_is_named_even_when_the_manifest_agrees_with_it(tmp_path: Path) -> None:
    forged = written(tmp_path / "pack.zip", "ailleurs-2")
    with zipfile.ZipFile(forged) as archive:
        archive.extractall(tmp_path / "pack")
    lines = (tmp_path / "pack" / "records.jsonl").read_bytes()
    (tmp_path / "pack" / "records.jsonl").write_bytes(
        lines.replace(b'"policy":"usage"', b'"policy":"ethic"', 1)
    )
    assert any(line.startswith("record 2: content_sha256") for line in _agreed(tmp_path / "pack"))


def _agreed(folder: Path) -> list[str]:
    """Let the manifest say what the forged records say, and check."""
    manifest = (folder / "manifest.json").read_text(encoding="utf-8")
    wrong = next(line for line in check(folder) if line.startswith("records.jsonl"))
    want, found = wrong.split("hash ")[1].split(", found ")
    (folder / "manifest.json").write_text(manifest.replace(want, found), encoding="utf-8")
    seal = hash_of(manifest.replace(want, found))
    (folder / "MANIFEST.sha256").write_text(f"{seal}\n", encoding="utf-8")
    return check(folder)
