"""What a mail that came back is: report, complaint, challenge, automatic answer, bounce, answer."""

from datetime import date

import pytest

from diffuse.adapters.returned_mail import taken_apart
from diffuse.domain.away import away_until
from diffuse.domain.classify import classify
from diffuse.domain.returned import Classified, Kind

TODAY = date(2026, 5, 1)


def read(head: str, body: str = "") -> Classified:
    return classify(taken_apart(f"{head.strip()}\n\n{body}".encode()))


def report(fields: str) -> Classified:
    return read(
        """From: MAILER-DAEMON@example.org
Content-Type: multipart/report; report-type=delivery-status; boundary=b""",
        f"""--b

A message could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

{fields}
--b
Content-Type: text/rfc822-headers

Message-ID: <one@universite.example>
To: ana@universite.example
--b--
""",
    )


@pytest.mark.parametrize(
    ("action", "status", "kind", "reason"),
    [
        ("failed", "5.1.1", Kind.PERMANENT, "no_such_user"),
        ("failed", "5.2.2", Kind.PERMANENT, "mailbox_full"),
        ("failed", "4.4.1", Kind.TEMPORARY, "unreachable"),
        ("delayed", "4.4.1", Kind.DELAYED, "unreachable"),
        ("delivered", "2.1.5", Kind.DELIVERED, "undefined"),
        ("relayed", "2.0.0", Kind.DELIVERED, "undefined"),
        ("expanded", "2.0.0", Kind.DELIVERED, "undefined"),
    ],
)
def test_a_report_says_by_action_and_status_what_happened(
    action: str, status: str, kind: Kind, reason: str
) -> None:
    found = report(f"Final-Recipient: rfc822; ana@universite.example\nAction: {action}\nStatus: {status}")
    (failure,) = found.failures
    assert (found.kind, failure.address, failure.status) == (kind, "ana@universite.example", status)
    assert failure.reason == reason
    assert found.message_ids == ("<one@universite.example>",)


def test_a_report_names_the_address_that_we_wrote_and_keeps_what_it_was_made_into() -> None:
    found = report(
        "Original-Recipient: rfc822;ana@universite.example\nFinal-Recipient: rfc822;a.roy@mail.example\n"
        "Action: failed\nStatus: 5.1.1"
    )
    (failure,) = found.failures
    assert (failure.address, failure.also) == ("ana@universite.example", ("a.roy@mail.example",))


@pytest.mark.parametrize(
    ("status", "words", "reason"),
    [
        ("5.0.0", "550 User unknown", "no_such_user"),
        ("5.0.0", "552 Quota exceeded", "mailbox_full"),
        ("5.7.1", "550 listed at spamhaus", "blocked"),
        ("5.7.1", "550 DMARC policy", "policy"),
        ("5.3.4", "552 too big", "too_big"),
    ],
)
def test_words_say_why_where_the_code_is_vague(status: str, words: str, reason: str) -> None:
    found = report(
        f"Final-Recipient: rfc822; ana@universite.example\nAction: failed\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {words}"
    )
    assert found.failures[0].reason == reason


@pytest.mark.parametrize(
    ("sender", "body"),
    [
        ("MAILER-DAEMON@mx.example", "Hi. I was not able to deliver.\n\n<ana@u.example>:\nno mailbox #5.1.1"),
        (
            "Mail Delivery System <Mailer-Daemon@x.example>",
            "This failed permanently:\n\n  ana@u.example\n    550",
        ),
        ("Postmaster <postmaster@x.example>", "Unknown user: ana@u.example"),
        ("System Administrator <postmaster@x.example>", "did not reach:\n\nana@u.example on Fri, 1 May 2026"),
        ("MAILER-DAEMON <>", "There was an error delivering your mail to <ana@u.example>.\n550 5.1.1 no"),
    ],
)
def test_bounces_that_are_written_for_people_are_read_by_their_form(sender: str, body: str) -> None:
    found = read(f"From: {sender}\nSubject: Undeliverable\nTo: bounces@universite.example", body)
    assert (found.kind, [one.address for one in found.failures]) == (Kind.PERMANENT, ["ana@u.example"])


def test_an_automatic_answer_is_known_by_its_header_and_not_by_what_exchange_is_asked() -> None:
    answer = "From: Ana <ana@u.example>\nSubject: Rappel\nIn-Reply-To: <one@universite.example>"
    assert read(f"{answer}\nAuto-Submitted: auto-replied").kind is Kind.AUTO_REPLY
    assert read(f"{answer}\nX-Auto-Response-Suppress: All").kind is Kind.HUMAN_REPLY
    assert read(answer.replace("Rappel", "Réponse automatique : Rappel")).kind is Kind.AUTO_REPLY


def test_an_answer_that_speaks_of_failure_is_still_a_persons_answer() -> None:
    found = read(
        "From: Ana <ana@u.example>\nSubject: Re: Rappel\nIn-Reply-To: <one@universite.example>",
        "My mail to support could not be delivered. Can you help?",
    )
    assert found.kind is Kind.HUMAN_REPLY


def test_a_filter_that_asks_who_wrote_is_a_challenge_and_anything_else_is_unsure() -> None:
    ask = "From: Filter <filter@u.example>\nSubject: Please confirm your message"
    assert read(ask, "Click this link to release it.").kind is Kind.CHALLENGE
    assert read("From: Ana <ana@u.example>\nSubject: Bonjour", "Un café?").kind is Kind.UNSURE
    assert read("").kind is Kind.UNSURE


def test_a_complaint_goes_before_everything_else() -> None:
    found = read(
        'From: <fb@x.example>\nContent-Type: multipart/report; report-type=feedback-report; boundary="b"',
        "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
        "Original-Rcpt-To: <ana@u.example>\n--b--\n",
    )
    assert (found.kind, found.reason, found.failures[0].address) == (Kind.COMPLAINT, "abuse", "ana@u.example")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Je suis absente jusqu'au 15 mai.", date(2026, 5, 15)),
        ("Je suis absent du 4 mai au 1er juin 2026 inclusivement.", date(2026, 6, 1)),
        ("De retour au bureau le lundi 18 mai 2026.", date(2026, 5, 17)),
        ("I am out of office until May 20, 2026.", date(2026, 5, 20)),
        ("I will be back on Monday, 18 May.", date(2026, 5, 17)),
        ("Away until 2026-05-09", date(2026, 5, 9)),
        ("Back in the office on January 4", None),  # too far for a mail that nobody signed
        ("Until 31 February", None),
        ("I was away until April 2, 2026", None),
        ("Je serai de retour au travail le 11 mai.", date(2026, 5, 10)),
        ("The university is closed on May 18 and May 19. I answer soon.", None),
        ("Absente.\n> À lire jusqu'au 29 mai", None),
        (
            "Away until 6 May.\nOn 30 April 2026, Office <office@example.org> wrote:\nuntil 29 May",
            date(2026, 5, 6),
        ),
        ("Absent.\n-----Message d'origine-----\nÀ lire jusqu'au 29 mai", None),
        ("Out.\n-----Original Message-----\nRead it until 29 May", None),
        ("Absent.\nDe : Bureau\nEnvoyé : 30 avril\nObjet : à lire jusqu'au 29 mai", None),
        ("Absente.\nLe 30 avril 2026, le Bureau a écrit :\nà lire jusqu'au 29 mai", None),
        ("Je suis absent.", None),
        ("until 05/06/2026", None),  # in May, or in June?
    ],
)
def test_the_last_day_of_an_absence_is_taken_only_where_it_is_plain(text: str, day: date | None) -> None:
    assert away_until(text, TODAY) == day
