"""What a mail server tells people only: addresses where mailers write them, each with its piece of the text.

The forms are those of families: one line with nothing but an address (Exim, Gmail, Yahoo), an address with
a colon (qmail, Postfix, OpenSMTPD), a reply of SMTP in front of it (Sendmail), a day after it (Exchange), a
label before it (Notes, James, IMail, InterScan), or a sentence around it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from diffuse.domain.refusals import reason_of, reply_of, status_of
from diffuse.domain.reports import ADDRESS, is_written
from diffuse.domain.returned import Failure, Kind

_A = ADDRESS.pattern.replace('(\\"', '(?:\\"', 1).replace("@((?:", "@(?:(?:", 1)
_BARE = _A.partition(")")[2]
_LABEL = (
    r"(?:unknown user|unknown local user|failed recipients?|(?:original |final |invalid "
    r"|intended )?recipients?"
    r"(?: address(?:es)?)?|rcpt to|e-?mail(?: address)?|address(?:es|ee)?|user|mailbox|destinataire|adresse"
    r"|undeliverable to|could not be delivered to|did not reach|destination|local mailbox"
    r"|(?:invalid final delivery )?userid|bad address)"
)
_STRONG: tuple[re.Pattern[str], ...] = tuple(
    re.compile(form, re.MULTILINE | re.IGNORECASE)
    for form in (
        rf"^[ \t]*(?:(?:\d+[.)]|[*•-])[ \t]+)?[<\[]({_A})[>\]]\s*(?:\([^)]{{0,200}}\))?[ \t]*:",
        rf"^[ \t]+[^<>\n]{{1,200}}<({_A})>:[ \t]",
        rf"^[ \t]*+(?:[-*•\"']{{1,2}}[ \t]*+)?(?:smtp:|mailto:)?<?({_A})>?[\"']?[:;,.]?[ \t]*$",
        rf"\((?:ultimately )?(?:generated|expanded) from:?[ \t]*<?({_A})",
        rf"^[ \t]*({_A})[ \t]+on[ \t]+(?:\w{{3}},?[ \t]|\d)",
        rf"\bSMTP=({_BARE})[;>\s]",
        rf"^[ \t]*({_A})[ \t]*:[ \t]",
        rf"^[ \t]*[45]\d\d[ -](?:[45]\.\d+\.\d+[ \t]+)?<?({_A})>?\.\.\.",
        rf"^[ \t]*<?({_A})>?[ \t]*\.\.\.",
        rf"^[ \t]*({_A})[ \t]+[^\n]*(?:ERROR_CODE|[ \t]5\d\d[ -])",
        (
            rf"\b(?:undeliverable|addressed|deliver(?:ed|ing|y)?|mail|message|sent|send)[ \t\n]+(?:to|for"
            rf"|à|au destinataire)"
            rf"[ \t]*:?[ \t]*\n?[ \t]*[\"'<(\[]{{0,2}}({_A})"
        ),
        rf"^[ \t\[*-]*{_LABEL}[ \t]*[:=][ \t]*\[?(?:smtp:|rfc822;)?[ \t]*[\"'<]*({_A})",
        rf"^(?!(?:to|cc|from|reply-to|sender)\b)[^\n<>@]{{4,60}}:[ \t]*<?({_A})>?[ \t]*$",
        rf"^[> \t]*{_A}[ \t]+<({_A})>[ \t]*$",
        rf"^[ \t]*<({_A})>",
        rf"^[ \t]*\"[^\"\n]*\"[ \t]*<({_A})>",
        rf"^[ \t]*({_A})[ \t]*(?:[(\[=-]|\t| {{2,}})",
        rf"\bRCPT TO:[ \t]*<({_A})>",
    )
)
"""Where mailers write whom they could not reach, the plainest form first."""

_WEAK: tuple[re.Pattern[str], ...] = tuple(
    re.compile(form, re.MULTILINE | re.IGNORECASE)
    for form in (
        (
            rf"\b(?:to|for|user|recipient|address|mailbox|account"
            rf"|addressed)[ \t]*[:,]?[ \t]*\n?[ \t]*[\"'<(\[]{{0,2}}({_A})"
        ),
        rf"(?<!from )(?<!contact )(?<!write )(?<!to )[<\"'(]({_A})",
        rf"(?<!from )(?<!contact )(?<!by )(?<!at )({_A})",
    )
)

_ORIGINAL = re.compile(
    r"^[ \t>]*+(?:[-=*_+#~][-=*_+#~ ]++[ \t]*+)?(?:"
    r"(?:this is|below (?:this line )?is|here is|following is|enclosed is|attached is"
    r"|the following is)[ \t]+(?:an?|the|your)"
    r"[ \t]+(?:[\w,]+[ \t]+){0,3}(?:copy|original|returned|header)"
    r"|(?:start of )?(?:original|returned|unsent|undelivered|old)[ \t]+(?:message|mail|text|headers?)"
    r"|(?:your |the )?(?:original |failed |full |body of )(?:of )?(?:the )?(?:message|mail)(?: body"
    r"| header\w*)?"
    r"(?: as received| (?:follows|is|was)[^\n]{0,30})?[ \t]*[:.]?[ \t]*[-=*]*[ \t]*$"
    r"|message (?:header|text|contents?)s?[ \t]*(?:follows?)?[ \t]*[:.-]"
    r"|(?:---+|===+)[ \t]*(?:original|returned|message|mail|forwarded|headers?)"
    r"|original message|failed message|message header|[-=]+[ \t]*header of the"
    r")",
    re.IGNORECASE | re.MULTILINE,
)
_HEADERS = re.compile(
    r"(?:^(?:Received|Return-Path|From|To|Cc|Subject|Date|Message-ID|MIME-Version|Content-[\w-]+"
    r"|X-[\w-]+|Reply-To"
    r"|DKIM-Signature|Delivered-To|Sender|List-[\w-]+|Precedence|Received-SPF|Authentication-Results"
    r"|Importance"
    r"|References|In-Reply-To|Organization|User-Agent|Thread-\w+"
    r"|ARC-[\w-]+):[^\n]*\n(?:[ \t]+\S[^\n]*\n)*){3,}",
    re.IGNORECASE | re.MULTILINE,
)
_CARRIED = re.compile(r"^[> \t]*(?:Received|Return-Path|Message-ID):", re.IGNORECASE | re.MULTILINE)
_SHOWN = re.compile(
    r"^[ \t]+(?:to|cc|subject|sent|date|from|message-id|in-reply-to)[ \t]*:[^\n]*\n(?=(?:[^\n]*\n){0,12})",
    re.IGNORECASE | re.MULTILINE,
)
"""Headers of the returned mail that stand in the middle of a text (Exchange, PMDF)."""

FAILED = re.compile(
    r"could ?n['o]t be (?:delivered|sent|reached)|(?:was|were|is|has|have) (?:not"
    r"|n't)(?: \w+){0,3} (?:delivered|been delivered)"
    r"|undeliver\w+|non-?delivery|returned mail|returning (?:message|mail) to sender|return(?:ed)? to sender"
    r"|(?:delivery|mail|message|transaction|permanent|fatal)[^.\n]{0,40}(?:fail\w*|error|problem|impossible)"
    r"|fail\w* (?:to )?(?:deliver|recipient|address|notice|mail|message)|not delivered"
    r"|unable to deliver|did not reach"
    r"|cannot (?:be )?deliver|could not deliver|user unknown|unknown user|permanent error|bounced"
    r"|reject(?:ed|ing)"
    r"|n['’]a pas pu (?:être|etre)|non remis|échec de|impossible de remettre|no such user"
    r"|mailbox (?:is )?full|failure|mail loop|loop alert|aborted"
    r"|error (?:sending|while|during)|there was an error|fatal errors|не доставлен|nicht zugestellt"
    r"|配信|送信できません|届けることが|宛先|エラー|无法|退信"
    r"|unzustellbar|fehler bei der (?:nachrichten)?zustellung|zustellung[^.\n]{0,40}(?:fehlgeschlagen|nicht)"
    r"|no (?:se )?(?:ha )?(?:podido|pudo|puede) (?:ser )?entreg|no (?:se )?entreg|mensaje devuelto"
    r"|não (?:foi|pôde|pode)(?: \w+){0,2} entreg|não entregue|falha na entrega"
    r"|mancat[ao] (?:recapito|consegna)|impossibile (?:recapitare|consegnare)|non (?:è stato )?recapitat"
    r"|niet (?:worden |kunnen )*(?:bezorgd|afgeleverd)|onbestelbaar",
    re.IGNORECASE,
)
LATE = re.compile(
    r"(?:has|have|was|were) been delayed\b|not yet been delivered"
    r"|is delayed|delayed"
    r"|(?:will|to) (?:continue|keep)[^.\n]{0,30}(?:try|attempt|retr)|will (?:be )?(?:retr|try)\w*"
    r"|delivery attempts will|warning message only|do not need to resend|could not send mail for past"
    r"|still being",
    re.IGNORECASE,
)
GIVEN_UP = re.compile(
    r"giv(?:en|ing) up|gave up|will not be (?:retried|tried)|no longer be"
    r"|\bpermanent(?:ly)?\b(?<!fails permanently)",
    re.IGNORECASE,
)
REFUSED = re.compile(
    r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])|(?:^|[ (<:#])[45]\d\d[ -](?=[\w<#])|\bunknown\b|not found"
    r"|did not receive|invalid|quota|not exist",
    re.IGNORECASE,
)
"""What only mailers mean by itself: a code of RFC 3463 or 5321, or why."""
ARRIVED = re.compile(
    r"\brelayed to (?:the )?mailer|(?:has|have) been (?:successfully )?(?:delivered|relayed) to"
    r"|successfully (?:delivered|relayed)|a été (?:remis|livré)",
    re.IGNORECASE,
)
"""A receipt, in the words of PowerMTA and Exchange."""


_MEANT = re.compile(rf"(?<=[<\s,:]){_A}(?=[>\s,;]|$)")


_MADE_FROM = re.compile(
    rf"(?:expanded|generated)[ \t]+from:?\s+<?({_A})|original address:\s*<?({_A})", re.IGNORECASE
)
"""The address that ours was made from on the way (Sendmail, Postfix, Exim), or was before (PMDF)."""

_OFFICE = re.compile(
    r"(?<![\w.+-])(?:postmaster|mailer-daemon|support|abuse|help|helpdesk|admin|info"
    r"|noc)@(?:[\w-]+\.)+[\w-]+",
    re.IGNORECASE,
)
_LISTS = re.compile(
    r"(?<![\w.+-])(?:owner-[\w.-]+|[\w.-]+-(?:owner|request|admin|bounces))@(?:[\w-]+\.)+[\w-]+",
    re.IGNORECASE,
)
"""Addresses that lists send from."""


MOST_CUTS = 20
MOST_NAMED = 100
"""Addresses of one mail that are looked at: each of our messages has one recipient."""


def cuts(text: str) -> Sequence[int]:
    """Return where the returned mail may begin, the earliest first; behind its headers nothing is told.

    Of very many places the first few are looked at.
    """
    headers = next((one.start() for one in _HEADERS.finditer(text) if _CARRIED.search(one[0])), len(text))
    found = {one.start() for one in (*_ORIGINAL.finditer(text), *_HEADERS.finditer(text))}
    return [*sorted(at for at in found if at < headers)[:MOST_CUTS], headers]


def told_and_returned(text: str) -> tuple[str, str]:
    """Split a text into what the mailer tells and the mail that it returns, which may be empty."""
    at = next((one for one in cuts(text) if ADDRESS.search(text, 0, one)), cuts(text)[-1])
    return _SHOWN.sub("", text[:at]), text[at:]


def returned_headers(text: str) -> Mapping[str, str]:
    """Return the first of each header that a returned mail shows, by lower-case name."""
    found: dict[str, str] = {}
    for one in re.finditer(r"^[> \t]*([A-Za-z][\w-]*):[ \t]*([^\n]*(?:\n[ \t]+[^\n]+)*)", text, re.MULTILINE):
        found.setdefault(one[1].lower(), " ".join(one[2].split()))
    return found


def failures(text: str, subject: str, mailer: frozenset[str], others: frozenset[str]) -> Sequence[Failure]:
    """Return what a text says of each address, except those of the ``mailer``.

    ``others`` (whom the bounce was sent to, and the like) count only where a mailer names failed addresses.
    """
    told, returned = told_and_returned(text)
    meant = {one[0].lower() for one in _MEANT.finditer(returned)}
    mailer |= {one[0].lower() for one in _OFFICE.finditer(text)} - meant
    mailer |= {one[0].lower() for one in _LISTS.finditer(text)}
    for at in cuts(text):
        told = _SHOWN.sub("", text[:at])
        for form in _STRONG:
            if found := _found(form, told, mailer):
                return _read(found, subject, told)
    told, _ = told_and_returned(text)
    alone = len({one[0].lower() for one in ADDRESS.finditer(told)} - mailer - others) == 1
    for form in _WEAK:
        found = _found(form, told, mailer | others)
        found = {one: piece for one, piece in found.items() if one.lower() in meant or alone}
        if len(found) == 1:
            return _read(found, subject, told)
    return []


def _read(found: Mapping[str, str], subject: str, told: str) -> Sequence[Failure]:
    late = _is_late(subject, told)
    everywhere = told if len(found) == 1 else ""
    return [
        replace(one, kind=Kind.DELIVERED, reason="", status="")
        if ARRIVED.search(piece) and not FAILED.search(piece)
        else one
        for address, piece in found.items()
        for one in [_failure(address, piece, told, everywhere, late=late)]
    ]


def _is_late(subject: str, told: str) -> bool:
    return bool(LATE.search(subject) or LATE.search(told)) and not GIVEN_UP.search(f"{subject}\n{told}")


def named(text: str, mailer: frozenset[str]) -> Sequence[str]:
    """Return the addresses that a mailer names as failed in the plainest of forms."""
    told = told_and_returned(text)[0]
    return next((list(found) for form in _STRONG[:3] if (found := _found(form, told, mailer))), [])


def listed(addresses: Sequence[str], told: str, subject: str) -> Sequence[Failure]:
    """Return what a text says of addresses that are known from elsewhere."""
    lower = told.lower()
    places = [(lower.find(one.lower()), one) for one in addresses[:MOST_NAMED]]
    cuts = sorted(at for at, _ in places if at >= 0)
    pieces = {
        one: told[at : next((cut for cut in cuts if cut > at), len(told))] if at >= 0 else told
        for at, one in places
    }
    return _read(pieces, subject, told)


def _found(form: re.Pattern[str], told: str, ignored: frozenset[str]) -> Mapping[str, str]:
    matches = [
        *islice(
            (one for one in form.finditer(told) if one[1].lower() not in ignored and is_written(one[1])),
            MOST_NAMED,
        )
    ]
    pieces: dict[str, str] = {}
    seen: set[str] = set()
    for number, one in enumerate(matches):
        address = one[1].rstrip(".")
        if address.lower() in seen:
            continue
        seen.add(address.lower())
        line = told.rfind("\n", 0, one.start(1)) + 1
        end = next(
            (later.start() for later in matches[number + 1 :] if later[1].lower() != one[1].lower()),
            len(told),
        )
        pieces[address] = told[line:end]
    return pieces


def _failure(address: str, piece: str, told: str, everywhere: str, *, late: bool) -> Failure:
    """Read the piece of an address; what is said ``everywhere`` counts where the piece gives no reason."""
    words = piece.replace(address, " ")
    status = status_of(words) or reply_of(words) or status_of(told)
    if late:
        kind = Kind.DELAYED
    elif status.startswith("4"):
        kind = Kind.TEMPORARY
    else:
        kind = Kind.PERMANENT
    if status.startswith("2"):
        status = ""
    return Failure(
        address=address,
        kind=kind,
        status=status,
        reason=reason_of(status, words, everywhere.replace(address, " ")),
        detail=" ".join(words.split())[:500],
        also=_made_from(address, piece),
    )


def _made_from(address: str, piece: str) -> tuple[str, ...]:
    found = (one[1] or one[2] for one in _MADE_FROM.finditer(piece))
    return tuple(one for one in dict.fromkeys(found) if one.lower() != address.lower())
