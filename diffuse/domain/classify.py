"""Say what a mail that came back is: complaint, report, challenge, automatic answer, bounce, answer."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from diffuse.domain import reports, told
from diffuse.domain.reports import ADDRESS
from diffuse.domain.returned import FAILURES, Classified, Failure, Kind, Mail

_MAILER = re.compile(
    r"mailer-?daemon|post_?master|mail.?delivery|mdaemon|delivery.?(?:sub)?system|mail.?system|mailer"
    r"|no-?reply@sns"
    r"|\bndr@|bounce|system administrator|microsoft ?exchange|anti-?virus|smtp|\bimss@|<>",
    re.IGNORECASE,
)
_AUTOMATIC = re.compile(
    r"out of (?:the )?office|auto(?:matic|mated|matique)?[ -]?(?:reply|response|responder|answer|r[ée]ponse)"
    r"|r[ée]ponse automatique|absen(?:t|ce)\b|\baway (?:until|from)|vacation|on leave|de retour"
    r"|vacances|\ben congé|annual leave|on holiday"
    r"|message d['’]absence|\bOOO\b"
    r"|automatische (?:antwort|beantwortung)|abwesen(?:d|heit)|nicht im b[üu]ro|im urlaub"
    r"|respuesta autom[áa]tica|fuera de (?:la )?oficina|ausen(?:te|cia)|de vacaciones"
    r"|risposta automatica|fuori (?:sede|ufficio)|assen(?:te|za)|in ferie"
    r"|resposta autom[áa]tica|ausência|fora do escrit[óo]rio|de férias"
    r"|automatisch (?:antwoord|bericht)|afwezig|niet (?:op|aanwezig)|met vakantie"
    r"|自動(?:応答|返信)|不在|休暇|自动(?:回复|答复)|автоответ|отсутств",
    re.IGNORECASE,
)
_CHALLENGE = re.compile(
    r"(?:confirm|verify|prove|authenticate|validate)[^.\n]{0,60}(?:you are (?:a )?(?:human|person|real)"
    r"|your (?:e-?mail|message|address|identity)|sender)|click (?:the|this|on)[^.\n]{0,60}(?:deliver"
    r"|release|approve)"
    r"|challenge.?response|sender verification|spam arrest|tmda|boxtrapper|confirmez votre (?:adresse"
    r"|envoi|courriel)"
    r"|demande d['’]authentification|mailinblack|challenge[ /-]response"
    r"|prot(?:ect|[ée]g)\w*[^.\n]{0,60}(?:junk|spam|pourriel)"
    r"|(?:confirmer|prouver|vérifier)[^.\n]{0,40}(?:bien une personne|humain|êtes une personne)"
    r"|(?:held|waiting|awaits?)[^.\n]{0,120}(?:allowed|approved|address book|allow(?:ed)? senders?)"
    r"|type the (?:letters|characters|word|code)|captcha",
    re.IGNORECASE,
)
_ID = re.compile(r"<[^<>\s]{3,250}@[^<>\s]{1,250}>")


def classify(mail: Mail) -> Classified:
    """Return what a mail is; the order of the questions is that of what would do most harm when missed."""
    ids = tuple(dict.fromkeys(_message_ids(mail)))
    for ask in (
        _complaint,
        _read_by_them,
        _report,
        _listed,
        _bounce_of_mailer,
        _challenge,
        _automatic,
        _bounce,
        _answer,
    ):
        found = ask(mail)
        if found:
            return Classified(kind=found.kind, reason=found.reason, failures=found.failures, message_ids=ids)
    inner = [classify(one) for one in mail.inner if _from_mailer(mail)]
    for found in inner:
        if found.kind in FAILURES:
            return found
    return Classified(kind=Kind.UNSURE, message_ids=ids)


def _complaint(mail: Mail) -> Classified | None:
    for report in mail.reports:
        if reports.is_complaint(report):
            kind = next(iter(re.findall(r"(?im)^feedback-type:\s*([\w-]+)", report)), "abuse").lower()
            return _complained(reports.complained(report) or _first_recipient(mail), kind)
    subject = mail.headers.get("subject", "").strip().lower()
    if subject.startswith("complaint about message from"):
        return _complained(_first_recipient(mail), "abuse")
    if subject == "unsubscribe" and "list-unsubscribe" not in mail.headers:
        return _complained(_address(mail.headers.get("from", "")), "opt-out")
    return None


def _read_by_them(mail: Mail) -> Classified | None:
    """Read a receipt of the reader's own program (RFC 8098): it arrived, unless a filter threw it back."""
    text = told.told_and_returned(_text(mail))[0]
    return _all(one for report in mail.receipts for one in reports.receipts(report, text))


def _complained(address: str, reason: str) -> Classified:
    one = Failure(address=address, kind=Kind.COMPLAINT, reason=reason)
    return Classified(kind=Kind.COMPLAINT, reason=reason, failures=(one,))


def _report(mail: Mail) -> Classified | None:
    found = [one for report in mail.reports for one in reports.failures(report)]
    if not found and not mail.reports:
        texts = [text for text in mail.texts if re.search(r"(?im)^final-recipient:", text)]
        found = [one for text in texts for one in reports.failures(told.told_and_returned(text)[0])]
    text = _text(mail)
    found = [_resolved(one, text) for one in found if one.address]
    return _all(_as_told(found, mail))


def _resolved(one: Failure, text: str) -> Failure:
    """Take the address that failed, where the mailer says that it was made from ours (Postfix)."""
    for other in one.also:
        if f"<{other}> (expanded from <{one.address}>)" in text:
            return replace(one, address=other, also=(one.address,))
    return one


def _as_told(found: list[Failure], mail: Mail) -> list[Failure]:
    """Take the address that people are told, when the report has another one that the text does not know."""
    text = told.told_and_returned(_text(mail))[0].lower()
    if len(found) != 1 or any(one.lower() in text for one in (found[0].address, *found[0].also)):
        return found
    names = told.named(_text(mail), _named(mail, "from", "return-path"))
    return [replace(found[0], address=names[0])] if len(names) == 1 else found


def _listed(mail: Mail) -> Classified | None:
    """Read ``X-Failed-Recipients``, which Exim and Gmail write."""
    addresses = [one[0] for one in ADDRESS.finditer(mail.headers.get("x-failed-recipients", ""))]
    if not addresses:
        return None
    text, _ = told.told_and_returned(_text(mail))
    found = told.listed(list(dict.fromkeys(addresses)), text, mail.headers.get("subject", ""))
    return _all(_as_told(list(found), mail))


def _bounce_of_mailer(mail: Mail) -> Classified | None:
    return _bounce(mail) if _from_mailer(mail) else None


def _from_mailer(mail: Mail) -> bool:
    return bool(_MAILER.search(mail.headers.get("from", "<>")))


def _bounce(mail: Mail) -> Classified | None:
    """Read a bounce that was written for people."""
    subject = mail.headers.get("subject", "")
    text = _text(mail)
    if _AUTOMATIC.match(subject) or not _speaks_of_delivery(
        subject, text[:3000], by_mailer=_from_mailer(mail)
    ):
        return None
    return _all(told.failures(text, subject, _named(mail, "from", "return-path"), _named(mail, *_ENVELOPE)))


def _speaks_of_delivery(subject: str, text: str, *, by_mailer: bool) -> bool:
    """Tell whether a text speaks of a delivery; a mailer's text does by a code or a receipt, too."""
    if any(words.search(one) for words in (told.FAILED, told.LATE) for one in (subject, text)):
        return True
    flowing = " ".join(text.split())
    words = (told.FAILED, told.LATE, told.ARRIVED, told.REFUSED)
    return by_mailer and any(one.search(flowing) for one in words)


def _challenge(mail: Mail) -> Classified | None:
    text = "\n".join((mail.headers.get("subject", ""), *mail.texts))[:3000]
    return Classified(kind=Kind.CHALLENGE) if _CHALLENGE.search(text) else None


def _automatic(mail: Mail) -> Classified | None:
    """Find answers that nobody wrote (RFC 3834); X-Auto-Response-Suppress alone proves nothing."""
    headers = mail.headers
    submitted = headers.get("auto-submitted", "no").lower().partition(";")[0].strip()
    if (
        submitted not in {"", "no"}
        or any(name in headers for name in _ANSWERING)
        or "autoresponder"
        in f"{headers.get('x-post-messageclass', '')}{headers.get('delivered-to', '')}".lower()
        or headers.get("precedence", "").lower() == "auto_reply"
        or "vacation" in headers.get("x-mailer", "").lower()
        or _AUTOMATIC.search(headers.get("subject", ""))
    ):
        return _automatic_answer(mail)
    return None


def _automatic_answer(mail: Mail) -> Classified:
    one = Failure(address=_address(mail.headers.get("from", "")), kind=Kind.AUTO_REPLY, reason="vacation")
    return Classified(kind=Kind.AUTO_REPLY, reason="vacation", failures=(one,))


def _answer(mail: Mail) -> Classified | None:
    """Find what a person wrote: an answer to a mail, from somebody who is no mailer.

    People write with a return path: an answer without one wrote itself (RFC 3834, 3.1).
    """
    headers = mail.headers
    if _MAILER.search(headers.get("from", "<>")) or not (headers.keys() & {"in-reply-to", "references"}):
        return None
    if "".join(headers.get("return-path", "").split()) == "<>":
        return _automatic_answer(mail)
    one = Failure(address=_address(headers.get("from", "")), kind=Kind.HUMAN_REPLY)
    return Classified(kind=Kind.HUMAN_REPLY, failures=(one,))


_ANSWERING = (
    "x-autoreply",
    "x-autorespond",
    "x-auto-reply",
    "x-mail-autoreply",
    "x-autoresponder",
    "x-fc-machinegenerated",
    "x-ms-exchange-inbox-rules-loop",
)
"""Headers that programs write which answer by themselves: cPanel, Exchange's rules, FirstClass and others."""

_ENVELOPE = ("to", "reply-to", "delivered-to", "x-original-to")
_ORDER = (Kind.PERMANENT, Kind.TEMPORARY, Kind.DELAYED, Kind.DELIVERED)


def _all(found: Iterable[Failure]) -> Classified | None:
    failures = tuple({one.address.lower(): one for one in found}.values())
    if not failures:
        return None
    worst = min(failures, key=lambda one: _ORDER.index(one.kind))
    return Classified(kind=worst.kind, reason=worst.reason, failures=failures)


def _text(mail: Mail) -> str:
    return "\n".join(mail.texts)


def _named(mail: Mail, *names: str) -> frozenset[str]:
    """Return the addresses that stand in some headers."""
    return frozenset(one[0].lower() for name in names for one in ADDRESS.finditer(mail.headers.get(name, "")))


def _first_recipient(mail: Mail) -> str:
    for original in mail.originals:
        if found := _address(told.returned_headers(original).get("to", "")):
            return found
    return ""


def _address(value: str) -> str:
    found = [one[0] for one in ADDRESS.finditer(value)]
    return found[-1] if found else ""


def _message_ids(mail: Mail) -> Iterator[str]:
    """Yield ids of mails that this one is about."""
    texts = (*mail.originals, *(told.told_and_returned(one)[1] for one in mail.texts))
    for text in texts:
        yield from _ID.findall(told.returned_headers(text).get("message-id", ""))
    for receipt in mail.receipts:
        yield from (one for told_id in reports.receipt_ids(receipt) for one in _ID.findall(told_id))
    for name in ("in-reply-to", "references"):
        yield from _ID.findall(mail.headers.get(name, ""))


__all__ = ["FAILURES", "classify"]
