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
    "1.7": "sender_refused",
    "1.8": "sender_refused",
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
    "4.14": "loop",
    "5.3": "too_many_recipients",
    "6.0": "content",
    "6.1": "content",
    "6.2": "content",
    "6.3": "content",
    "6.5": "content",
    "6.6": "content",
    "6.7": "content",
    "6.8": "content",
    "6.9": "content",
    "7.0": "policy",
    "7.1": "blocked",
    "7.2": "policy",
    "7.4": "tls",
    "7.5": "policy",
    "7.7": "policy",
    "7.10": "tls",
    "7.11": "tls",
    "7.13": "mailbox_disabled",
    "7.17": "moved",
    "7.18": "moved",
    "7.20": "policy",
    "7.21": "policy",
    "7.22": "policy",
    "7.23": "policy",
    "7.24": "policy",
    "7.25": "blocked",
    "7.26": "policy",
    "7.27": "sender_refused",
    "7.28": "blocked",
    "7.29": "policy",
    "7.30": "tls",
}
"""What the last two numbers of a status code say (RFC 3463, and the IANA registry after it)."""

_PHRASES: tuple[tuple[str, str], ...] = (
    ("no_such_user", r"recip(?:ient)?notfound|recipient address rejected: access denied"),
    ("expired", r"message (?:has )?expired|expired (?:message|in queue)"),
    ("moved", r"user (?:has )?moved|has moved to|no longer (?:works|at this address)"),
    ("sender_refused", r"sender address rejected|sender (?:verify|verification) fail|domain of sender"),
    ("too_many_recipients", r"too many recipients"),
    ("tls", r"\btls\b|starttls|encryption (?:is )?(?:needed|required)"),
    (
        "mailbox_full",
        (
            r"mailbox (?:is |was )?(?:full|over)|(?:over|exceed\w*|out of"
            r"|reached)[^.\n]{0,40}(?:quota|storage)"
            r"|quota (?:exceeded|has been exceeded|limit)|boîte[^.\n]{0,20}pleine|disk ?quota"
            r"|mailbox size limit|mailbox[^.\n]{0,20}exceed|(?:boîte|messagerie)[^.\n]{0,50}pleine"
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
    ("blocked", r"\brate of unsolicited mail"),
    (
        "spam",
        r"\bspam\b(?!haus)|unsolicited|junk mail|considered as spam|message content rejected|content filter",
    ),
    (
        "blocked",
        (
            r"black ?list|block ?list|spamhaus|dnsbl|\brbl\b|reputation|(?:ip|host|client|sender)[^.\n]{0,30}"
            r"(?:blocked|banned|denied)|reverse dns|\bptr\b|too many (?:connections|errors)"
            r"|rate[ -]?limit|gr[ea]y-?list|\brate of (?:unsolicited )?mail"
        ),
    ),
    (
        "policy",
        (
            r"\bspf\b|\bdkim\b|\bdmarc\b|policy|not authori[sz]ed|access denied"
            r"|relay(?:ing)? (?:access )?denied"
            r"|relaying|(?:unable to|not|n['’]t|cannot) relay|not permitted|restricted|permission"
        ),
    ),
    (
        "mailbox_disabled",
        (
            r"disabled|inactive|(?<!delivery temporarily )suspended|deactivated|not active|locked"
            r"|discontinued|expired account"
            r"|(?:account|mailbox)[^.\n]{0,30}(?:closed|cancell?ed|terminated)"
        ),
    ),
    (
        "no_such_user",
        (
            r"(?:user|account|recipient|mailbox|address(?:ee)?|alias|utilisateur|destinataire|adresse|usuario"
            r"|destinatario|utente|utilizador|benutzer|empfänger|gebruiker)s?[^.\n]{0,60}"
            r"(?:unknown|inconnu|not (?:be )?(?:found|exist|known|listed|recogni[sz]ed|valid|available)"
            r"|n['’]existe pas|desconocid[oa]|sconosciut[oa]|desconhecid[oa]|unbekannt|onbekend|inexistant"
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
    ("content", r"body type not supported|conversion (?:is )?(?:required|not)|smtputf8|8bitmime"),
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

VAGUE = frozenset({"0.0", "1.0", "1.10", "4.1", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0", "7.1"})
"""Codes that say less than the words that follow them."""


def status_of(*texts: str) -> str:
    """Return the most telling status code in some texts: one with details, else one without, else ''."""
    for text in texts:
        found = ENHANCED.findall(text)
        codes = [one for one in found if one[0] != "2"] or found  # a session goes well until it does not
        told = [one for one in codes if one[1:] != ("0", "0")]
        for one in (*told, *codes):
            return ".".join(one)
    return ""


def reply_of(text: str) -> str:
    """Return the class of the first SMTP reply in a text as a status code without details, or ''."""
    found = REPLY.search(text)
    return f"{found[1][0]}.0.0" if found else ""


def reason_of(status: str, *texts: str) -> str:
    """Return one word for why: from a code that says something, else from the words, else from any code.

    A later text is asked only where an earlier one says nothing.
    """
    detail = status.partition(".")[2]
    known = _BY_CODE.get(detail, "")
    if known and detail not in VAGUE:
        return known
    worded = next((reason for text in texts for reason, words in _WORDS if words.search(text)), "")
    return worded or known or "undefined"
