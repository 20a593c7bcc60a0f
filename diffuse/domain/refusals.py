"""Why a mail was not delivered: a status code and a word, from what a mail server wrote."""

import re

ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
"""A status code of RFC 3463; what looks like an address on a network is none."""

REPLY = re.compile(
    r"(?:^|[\s(\[:#;\"'*-])([45]\d\d)(?=[\s\-#:)\]\",.;<]|$)(?!\s*(?:bytes|days?|hours?|minutes?|[kKmM]B))",
    re.MULTILINE,
)
"""A reply code of RFC 5321."""

_BY_CODE: dict[str, str] = {
    "1.0": "no_such_user",
    "1.1": "no_such_user",
    "1.2": "no_such_host",
    "1.3": "bad_address",
    "1.4": "bad_address",
    "1.6": "moved",
    "1.8": "sender_refused",
    "1.7": "sender_refused",
    "1.10": "no_such_host",
    "2.0": "mailbox",
    "2.1": "mailbox_disabled",
    "2.2": "mailbox_full",
    "2.3": "too_big",
    "3.1": "mailbox_full",
    "3.2": "not_accepting",
    "3.4": "too_big",
    "4.1": "unreachable",
    "4.2": "unreachable",
    "4.3": "unreachable",
    "4.4": "no_such_host",
    "4.5": "unreachable",
    "4.6": "loop",
    "4.7": "expired",
    "5.3": "too_many_recipients",
    "7.0": "policy",
    "7.1": "blocked",
    "7.5": "policy",
    "7.7": "policy",
}
"""What the last two numbers of a status code say (RFC 3463, and the IANA registry after it)."""

_PHRASES: tuple[tuple[str, str], ...] = (
    (
        "mailbox_full",
        (
            r"mailbox (?:is |was )?(?:full|over)|(?:over|exceed\w*|out of"
            r"|reached)[^.\n]{0,40}(?:quota|storage)"
            r"|quota (?:exceeded|has been exceeded|limit)|boîte[^.\n]{0,20}pleine|disk ?quota"
            r"|mailbox size limit"
            r"|not enough (?:storage|disk) space|maildir over ?quota|too much mail data|overdrawn"
        ),
    ),
    (
        "too_big",
        (
            r"message (?:is |size )?(?:too (?:large|big)|exceeds|exceeded)|size limit"
            r"|max(?:imum)? message size"
            r"|message file too big"
        ),
    ),
    ("virus", r"\bvirus|malware|infected"),
    (
        "spam",
        r"\bspam\b(?!haus)|unsolicited|junk mail|considered as spam|message content rejected|content filter",
    ),
    (
        "blocked",
        (
            r"black ?list|block ?list|spamhaus|dnsbl|\brbl\b|reputation|(?:ip|host|client|sender)[^.\n]{0,30}"
            r"(?:blocked|banned|denied)|reverse dns|\bptr\b|too many (?:connections|errors)"
            r"|rate limit|greylist"
        ),
    ),
    (
        "policy",
        (
            r"\bspf\b|\bdkim\b|\bdmarc\b|policy|not authori[sz]ed|access denied"
            r"|relay(?:ing)? (?:access )?denied"
            r"|relaying|not permitted|restricted|permission"
        ),
    ),
    (
        "mailbox_disabled",
        r"disabled|inactive|suspended|deactivated|not active|locked|discontinued|expired account",
    ),
    (
        "no_such_user",
        (
            r"(?:user|account|recipient|mailbox|address(?:ee)?|alias|utilisateur|destinataire)s?[^.\n]{0,60}"
            r"(?:unknown|inconnu|not (?:be )?(?:found|exist|known|listed|recogni[sz]ed|valid|available)"
            r"|n'existe pas"
            r"|does(?:n['’]t| not) exist|invalid|unavailable|rejected|doesn['’]t have|not a valid)"
            r"|(?:unknown|no such|invalid|bad|unrouteable|unroutable|inexistent|non-?existent)"
            r"[^.\n]{0,30}(?:user|account|recipient|mailbox|address|alias|name)"
            r"|no mailbox (?:here )?by that name"
            r"|user ?unknown|not our customer|doesn['’]t have an? \S+ account|not listed in|no matches to"
        ),
    ),
    (
        "no_such_host",
        (
            r"(?:host|domain|name server|dns)[^.\n]{0,60}(?:unknown|not found|lookup fail\w*|non-?exist\w*"
            r"|could ?n[o']t be found|no (?:mail|mx))|unknown host|host unknown|no such (?:host|domain)"
            r"|bad destination"
        ),
    ),
    ("loop", r"too many hops|mail loop|loops? back|hop count"),
    (
        "expired",
        (
            r"(?:retry|delivery|queue)[^.\n]{0,40}(?:time ?out|expired|too long)|too old"
            r"|could not be delivered for"
            r"|delivery time expired|undeliverable for|giving up on"
        ),
    ),
    (
        "unreachable",
        (
            r"connection (?:refused|timed out|dropped|lost|failed)|timed? ?out|no route"
            r"|network (?:is )?unreachable"
            r"|deferred|temporar\w+|unable to connect|cannot connect|could not connect"
        ),
    ),
)
_WORDS = tuple((reason, re.compile(words, re.IGNORECASE)) for reason, words in _PHRASES)

VAGUE = frozenset({"0.0", "1.0", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0", "7.1"})
"""Codes that say less than the words that follow them."""


def status_of(*texts: str) -> str:
    """Return the most telling status code in some texts: one with details, else one without, else ''."""
    for text in texts:
        codes = ENHANCED.findall(text)
        told = [one for one in codes if one[1:] != ("0", "0")]
        for one in (*told, *codes):
            return ".".join(one)
    return ""


def reply_of(text: str) -> str:
    """Return the class of the first SMTP reply in a text as a status code without details, or ''."""
    found = REPLY.search(text)
    return f"{found[1][0]}.0.0" if found else ""


def reason_of(status: str, text: str) -> str:
    """Return one word for why: from a code that says something, else from the words, else from any code."""
    detail = status.partition(".")[2]
    known = _BY_CODE.get(detail, "")
    if known and detail not in VAGUE:
        return known
    worded = next((reason for reason, words in _WORDS if words.search(text)), "")
    return worded or known or "undefined"
