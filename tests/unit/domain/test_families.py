"""Each family of mailers, by a sample made up after what it writes; and answers that nobody wrote."""

from collections.abc import Iterator

import pytest

from diffuse.adapters.returned_mail import taken_apart
from diffuse.domain.classify import classify
from diffuse.domain.refusals import reason_of
from diffuse.domain.returned import Classified, Kind
from tests.unit.domain.families import RETURNED, SAMPLES, Sample

ANA = "From: Ana <ana@u.example>\nTo: bounces@universite.example\n"


def read(mail: str) -> Classified:
    return classify(taken_apart(mail.encode()))


def written(sample: Sample, tail: str = "", said: str = "plain") -> str:
    head = (
        f"From: {sample.sender}\nTo: bounces@universite.example\nSubject: {sample.subject}\n"
        "Date: Tue, 1 Sep 2026 12:00:00 +0000\n"
    )
    return f"{head}Content-Type: text/{said}; charset=utf-8\n\n{sample.text}{tail}"


@pytest.mark.parametrize("tail", ["", f"\n{RETURNED}"], ids=["alone", "with our mail behind it"])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one.family)
def test_a_bounce_for_people_names_the_address_the_kind_and_why(sample: Sample, tail: str) -> None:
    found = read(written(sample, tail))
    (failure,) = found.failures
    assert (failure.address, failure.kind) == ("ana@u.example", sample.kind)
    assert failure.reason == sample.reason or not sample.reason


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one.family)
def test_an_automatic_answer_that_quotes_a_bounce_is_no_failure(sample: Sample) -> None:
    quoted = "".join(f"> {line}\n" for line in sample.text.splitlines())
    head = f"{ANA}Auto-Submitted: auto-replied\nSubject: Automatic reply: {sample.subject}\n"
    assert read(f"{head}\nI am away.\n\n{quoted}").kind is Kind.AUTO_REPLY


def report(fields: str, *, head: str = "", top: str = "delivery-status") -> str:
    return (
        "From: MAILER-DAEMON@mx.example\nTo: bounces@universite.example\nSubject: Notice\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        f"--b\nContent-Type: text/plain\n\nA notice.\n--b\nContent-Type: message/{top}\n{head}\n{fields}\n"
        "--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <one@universite.example>\n--b--\n"
    )


FIELDS = (
    "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; ana@u.example\nAction: failed\nStatus: 5.1.1"
)


def reports() -> Iterator[str]:
    """Yield one report as RFC 3464 and 6533 allow it to be written, and as mailers write it."""
    yield report(FIELDS)
    yield report(FIELDS, top="global-delivery-status")
    yield report(FIELDS.replace("\n\n", "\n"))
    yield report(FIELDS.replace(": ", " : "))
    yield report(FIELDS.replace("rfc822; ana@u.example", "LOCAL; <ana@u.example>"))
    yield report(FIELDS.replace("rfc822; ", "rfc822;\n  "))
    yield report(FIELDS.replace("5.1.1", "5.1.1 (bad destination mailbox address)"))
    yield report(FIELDS.replace("Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 User unknown"))
    yield report(FIELDS.replace("Action: failed\n", ""))
    encoded = (
        "UmVwb3J0aW5nLU1UQTogZG5zOyBteC5leGFtcGxlCgpGaW5hbC1SZWNpcGllbnQ6IHJmYzgyMjsg\n"
        "YW5hQHUuZXhhbXBsZQpBY3Rpb246IGZhaWxlZApTdGF0dXM6IDUuMS4x\n"
    )
    yield report(encoded, head="Content-Transfer-Encoding: base64\n")
    yield report(FIELDS.replace("@", "=40"), head="Content-Transfer-Encoding: quoted-printable\n")


@pytest.mark.parametrize("mail", [*reports()])
def test_a_report_is_read_in_every_form_that_the_standards_allow(mail: str) -> None:
    found = read(mail)
    (failure,) = found.failures
    assert (failure.address, failure.kind, failure.status) == ("ana@u.example", Kind.PERMANENT, "5.1.1")
    assert found.message_ids == ("<one@universite.example>",)


def test_a_report_that_is_encoded_and_broken_says_nothing() -> None:
    assert read(report("ABC*", head="Content-Transfer-Encoding: base64\n")).kind is Kind.UNSURE


def test_an_address_that_was_left_encoded_is_known_in_both_forms() -> None:
    (failure,) = read(report(FIELDS.replace("ana@", "ana+2Broy@"))).failures
    assert (failure.address, failure.also) == ("ana+2Broy@u.example", ("ana+roy@u.example",))


@pytest.mark.parametrize("made", ["(expanded from\n    <ana@u.example>)", "(expanded from <ana@u.example>)"])
def test_a_bounce_for_people_keeps_what_the_address_was_made_from(made: str) -> None:
    mail = f"From: MAILER-DAEMON@x.example\nSubject: Undelivered\n\n<a.roy@m.example> {made}: user unknown\n"
    (failure,) = read(mail).failures
    assert (failure.address, failure.also) == ("a.roy@m.example", ("ana@u.example",))


@pytest.mark.parametrize(
    "mail",
    [
        "Subject: Automatic reply: Rappel\nAuto-Submitted: auto-generated\n\nI am away.",
        "Subject: Re: Rappel\nAuto-Submitted: auto-replied (vacation)\n\nThe old one is not delivered.",
        "Subject: Réponse automatique : Rappel\n\nJe suis absente.",
        "Subject: Je suis en congé jusqu'au 3 mai\n\nBonjour.",
        "Subject: Respuesta automática: Rappel\nIn-Reply-To: <one@u.example>\n\nEstoy fuera.",
        "Subject: Fuera de la oficina: Rappel\n\nEstoy fuera.",
        "Subject: Automatische Antwort: Rappel\nIn-Reply-To: <one@u.example>\n\nIch bin nicht da.",
        "Subject: Abwesenheitsnotiz: Rappel\n\nBis Montag.",
        "Subject: Automatisch antwoord: Rappel\n\nTot maandag.",
        "Subject: Afwezig: Rappel\n\nTot maandag.",
        "Subject: Risposta automatica: Rappel\n\nFino a lunedì.",
        "Subject: Fuori sede: Rappel\n\nFino a lunedì.",
        "Subject: Resposta automática: Rappel\n\nAté segunda.",
        "Subject: 自動応答: Rappel\n\n不在です。",
        "Subject: OOO: Rappel\n\nBack on Monday.",
        "Subject: Rappel\nPrecedence: auto_reply\n\nAway.",
        "Subject: Rappel\nX-Autoreply: yes\n\nAway.",
        "Subject: Rappel\nX-MS-Exchange-Inbox-Rules-Loop: ana@u.example\n\nAway.",
        "Subject: Rappel\nX-POST-MessageClass: 9; Autoresponder\n\nAway.",
        "Return-Path: <>\nSubject: Re: Rappel\nIn-Reply-To: <one@u.example>\n\nAway.",
    ],
)
def test_answers_that_nobody_wrote_are_known_in_the_languages_of_mail_programs(mail: str) -> None:
    found = read(ANA + mail)
    assert (found.kind, found.failures[0].address) == (Kind.AUTO_REPLY, "ana@u.example")


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Please confirm your message", "To release it, click this link."),
        ("Re: Rappel", "I use a challenge/response filter (TMDA). To confirm, reply to this mail."),
        ("Your email requires verification", "Verify that you are a real human being and not a spam source."),
        ("Please verify", "I'm protecting myself from receiving junk mail. Click the link below."),
        ("Demande d'authentification", "Votre message est en attente."),
        ("Confirmation requise", "Veuillez confirmer que vous êtes bien une personne en cliquant ici."),
        ("Your message awaits", "It is held until you ask to be added to my allowed senders."),
        ("confirm", "Type the letters that you see in the picture."),
    ],
)
def test_filters_that_ask_whether_a_person_wrote_are_challenges(subject: str, text: str) -> None:
    assert read(f"{ANA}Subject: {subject}\n\n{text}\n").kind is Kind.CHALLENGE


def receipt(disposition: str, text: str = "Your message was read on Tuesday.") -> str:
    return (
        f"{ANA}Subject: Receipt\nContent-Type: multipart/report; report-type=disposition-notification;"
        f" boundary=b\n\n--b\nContent-Type: text/plain\n\n{text}\n"
        "--b\nContent-Type: message/disposition-notification\n\nReporting-UA: x\n"
        "Final-Recipient: rfc822;ana@u.example\nOriginal-Message-ID: <one@universite.example>\n"
        f"Disposition: {disposition}\n--b--\n"
    )


@pytest.mark.parametrize(
    ("disposition", "text", "kind", "reason"),
    [
        ("manual-action/MDN-sent-manually; displayed", "Read.", Kind.DELIVERED, "displayed"),
        ("automatic-action/MDN-sent-automatically; deleted", "Not read.", Kind.DELIVERED, "deleted"),
        (
            "automatic-action/MDN-sent-automatically; deleted",
            "It was automatically rejected: Quota exceeded",
            Kind.PERMANENT,
            "mailbox_full",
        ),
        ("automatic-action/MDN-sent-automatically/rejected; deleted", "", Kind.PERMANENT, "undefined"),
        ("automatic-action/MDN-sent-automatically; failed", "User unknown", Kind.PERMANENT, "no_such_user"),
    ],
)
def test_a_receipt_of_the_readers_program_is_one_and_no_failure_unless_it_refuses(
    disposition: str, text: str, kind: Kind, reason: str
) -> None:
    found = read(receipt(disposition, text))
    (failure,) = found.failures
    assert (failure.kind, failure.address, failure.reason) == (kind, "ana@u.example", reason)
    assert found.message_ids == ("<one@universite.example>",)


def complaint(kind: str, fields: str) -> str:
    return (
        "From: fbl@isp.example\nSubject: FW: Rappel\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nThis is an email abuse report. It could not be delivered.\n"
        f"--b\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\nVersion: 1\n{fields}\n"
        f"--b\nContent-Type: message/rfc822\n\n{RETURNED}\n--b--\n"
    )


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("abuse", "Original-Rcpt-To: <ana@u.example>"),
        ("abuse", "Original-Rcpt-To: rfc822;ana@u.example"),
        ("fraud", ""),
        ("opt-out", "Removal-Recipient: ana@u.example"),
        ("other", "Redacted-Address: ana@u.example"),
        ("not-spam", "Original-Rcpt-To: ana@u.example"),
    ],
)
def test_feedback_names_the_address_and_its_type(kind: str, fields: str) -> None:
    found = read(complaint(kind, fields))
    assert (found.kind, found.reason, found.failures[0].address) == (Kind.COMPLAINT, kind, "ana@u.example")
    assert found.message_ids == ("<one@universite.example>",)


@pytest.mark.parametrize(
    ("reason", "status", "words"),
    [
        ("mailbox_full", "5.0.0", "552 5.2.2 Mailbox full"),
        ("mailbox_full", "", "552 account is over quota"),
        ("mailbox_full", "5.2.0", "Requested mail action aborted: exceeded storage allocation"),
        ("mailbox_full", "", "La boîte aux lettres du destinataire est pleine"),
        ("no_such_user", "", "550 No such user here"),
        ("no_such_user", "", "550 Requested action not taken: mailbox unavailable"),
        ("no_such_user", "5.1.10", "RESOLVER.ADR.RecipientNotFound"),
        ("no_such_user", "5.4.1", "Recipient address rejected: Access denied. AS(201806281)"),
        ("no_such_user", "5.0.0", "unrouteable address"),
        ("no_such_user", "", "Usuario desconocido"),
        ("no_such_user", "", "Empfänger unbekannt"),
        ("policy", "", "554 Relay access denied"),
        ("policy", "5.7.1", "Unable to relay"),
        ("policy", "5.7.26", "Unauthenticated email is not accepted due to domain's DMARC policy"),
        ("policy", "5.7.23", "Sender Policy Framework violation"),
        ("too_big", "5.3.4", ""),
        ("too_big", "", "552 Message size exceeds fixed maximum message size"),
        ("spam", "", "554 5.7.1 This message contains spam content"),
        ("virus", "5.7.0", "message contains malware"),
        ("blocked", "5.7.1", "Client host [192.0.2.1] blocked using zen.spamhaus.org"),
        ("blocked", "4.7.0", "421 Too many connections from your IP"),
        ("blocked", "4.2.0", "Greylisted, please try again"),
        ("blocked", "4.7.28", "unusual rate of unsolicited mail originating from your IP address"),
        ("no_such_host", "", "Host or domain name not found. Name service error for name=u.example"),
        ("no_such_host", "5.1.10", "recipient address has null MX"),
        ("unreachable", "", "connect to u.example[192.0.2.1]:25: Connection refused"),
        ("unreachable", "", "delivery temporarily suspended: connect to u.example: Connection timed out"),
        ("expired", "4.4.7", ""),
        ("expired", "", "delivery temporarily suspended; Message expired"),
        ("mailbox_disabled", "", "550 The email account that you tried to reach is disabled"),
        ("mailbox_disabled", "", "account has been closed"),
        ("tls", "5.7.10", "Encryption needed"),
        ("tls", "", "TLS is required, but was not offered by host"),
        ("loop", "5.4.14", ""),
        ("sender_refused", "", "550 Sender address rejected: Domain not found"),
        ("too_many_recipients", "", "452 Too many recipients"),
        ("content", "5.6.0", ""),
        ("moved", "", "551 user has moved to another place"),
        ("undefined", "5.0.0", "no"),
    ],
)
def test_codes_and_words_of_servers_give_one_reason(reason: str, status: str, words: str) -> None:
    assert reason_of(status, words) == reason
