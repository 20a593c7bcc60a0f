"""What a report for programs says: delivery reports (RFC 3464, 6533) and complaints (RFC 5965)."""

import re
from collections.abc import Iterator, Mapping, Sequence

from diffuse.domain.refusals import reason_of, reply_of, status_of
from diffuse.domain.returned import Failure, Kind

ADDRESS = re.compile(
    r"(?<![\w.+=/@-])(\"[^\"\s<>@]{1,64}\"|[\w!#$%&'*+/=?^`{|}~.\-\U00010000-\U0010ffff]{1,64})"
    r"@((?:[\w-]{1,63}\.)+[\w-]{1,63})(?![\w@-])"
)
"""An address in a text, international ones too."""

_LAST = 0x10FFFF
_XTEXT = re.compile(r"\+([2-7][0-9A-F])")
"""A character as RFC 3461 (4) writes it in an address that a program forgot to decode."""

_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]*)[ \t]*:[ \t]*(.*)")
_ADDRESSED = ("original-recipient", "final-recipient", "x-actual-recipient")


def blocks(report: str) -> Iterator[Mapping[str, str]]:
    """Yield the groups of fields of a report, by lower-case name; a new recipient begins a new group."""
    found: dict[str, str] = {}
    last = ""
    for line in [*report.split("\n"), ""]:
        told = _FIELD.match(line)
        if told and not line[:1].isspace():
            last = told[1].lower()
            if last in found and last in _ADDRESSED:
                yield found
                found = {}
            found.setdefault(last, told[2].strip())
        elif line[:1].isspace() and line.strip() and last:
            found[last] += " " + line.strip()
        elif not line.strip():
            if found:
                yield found
            found, last = {}, ""


def address_in(value: str) -> str:
    """Return the address of a recipient field (``rfc822; user@example.org``), or ''."""
    value = re.sub(r"\\x\{([0-9A-Fa-f]{2,6})\}", _unescaped, value.partition(";")[2] or value)
    found = ADDRESS.search(value)
    return found[0].strip("'\"") if found else ""


def _character(code: re.Match[str]) -> str:
    return chr(int(code[1], 16))


def is_written(address: str) -> bool:
    """Tell whether an address could be written to: its local part is quoted, or has no empty piece."""
    local = address.rpartition("@")[0]
    return local.startswith('"') or "" not in local.split(".")


def _addressed(block: Mapping[str, str]) -> Sequence[str]:
    """Return the address as we wrote it (``Original-Recipient``), and then those that it was made into."""
    found = [one for name in _ADDRESSED if (one := address_in(block.get(name, "")))]
    found += [_XTEXT.sub(_character, one) for one in found if _XTEXT.search(one)]
    return [one for one in dict.fromkeys(found) if is_written(one)] or [""]


def failures(report: str) -> Iterator[Failure]:
    """Yield what a delivery report says of each address."""
    for block in blocks(report):
        if not any(name in block for name in _ADDRESSED):
            continue
        address, *also = _addressed(block)
        detail = block.get("diagnostic-code", "")
        action = block.get("action", "").lower().split(" ")[0].strip(";(")
        status = status_of(block.get("status", ""))
        if status.endswith(".0.0") or not status:
            told = status_of(detail)
            status = told if told and (not status or told[0] == status[0]) else status
        status = status or reply_of(detail)
        kind = _kind(action, status)
        if kind is None:
            continue
        reason = reason_of(status, "" if kind is Kind.DELIVERED else detail)
        yield Failure(
            address=address, kind=kind, status=status, reason=reason, detail=detail[:500], also=tuple(also)
        )


_REFUSED = re.compile(r"\b(?:rejected|refused)\b|rejeté|refusé", re.IGNORECASE)


def receipts(report: str, told: str) -> Iterator[Failure]:
    """Yield what the reader's own program says of a mail (RFC 8098): displayed, deleted, or thrown back.

    A filter refuses by ``failed``, by the modifier ``rejected``, or by ``deleted`` and its own words in what
    people are ``told`` (RFC 5429, 2.2).
    """
    for block in blocks(report):
        said = block.get("disposition", "").lower()
        if not said:
            continue
        address, *also = _addressed(block)
        action, _, modifier = said.rpartition(";")[2].strip().partition("/")
        by_filter = action == "deleted" and said.startswith("automatic") and _REFUSED.search(told)
        refused = by_filter or action == "failed" or "rejected" in said or "error" in modifier
        kind = Kind.PERMANENT if refused else Kind.DELIVERED
        detail = block.get("failure", block.get("error", ""))
        reason = reason_of("", detail, told) if refused else action
        yield Failure(address=address, kind=kind, reason=reason, detail=detail[:500], also=tuple(also))


def receipt_ids(report: str) -> Iterator[str]:
    """Yield the Message-IDs of the mails that a receipt is about."""
    for block in blocks(report):
        if found := block.get("original-message-id", ""):
            yield found


def complained(report: str) -> str:
    """Return the address that a complaint names, or ''."""
    for block in blocks(report):
        for name in ("original-rcpt-to", "removal-recipient", "redacted-address"):
            if found := address_in(block.get(name, "")):
                return found
    return ""


def is_complaint(report: str) -> bool:
    """Tell whether a report is one of abuse."""
    return any("feedback-type" in block for block in blocks(report))


def _kind(action: str, status: str) -> Kind | None:
    if action in {"delivered", "relayed", "expanded", "deliverable"}:
        return Kind.DELIVERED
    if action == "delayed":
        return Kind.PERMANENT if status.startswith("5") else Kind.DELAYED
    if status.startswith("2"):
        return Kind.DELIVERED if not action else Kind.PERMANENT
    if status.startswith("4"):
        return Kind.TEMPORARY
    return Kind.PERMANENT if action or status else None


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if int(found[1], 16) <= _LAST else found[0]
