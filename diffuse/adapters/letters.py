"""Sends plain mail, one letter at a time."""

import smtplib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from diffuse.adapters.mail_server import MailServer, words
from diffuse.adapters.mime import Sender
from diffuse.errors import PermanentFailure, TransientFailure
from diffuse.ports import Letter

_PERMANENT = 5


class SmtpLetters:
    """Letters over a mail server; each opens its own connection, for there are few of them."""

    def __init__(self, server: MailServer, sender: Sender) -> None:
        """Take the server, and who letters come from."""
        self._server = server
        self._sender = sender

    def send(self, letter: Letter) -> None:
        """Hand a letter over.

        Raises:
            TransientFailure: when the server is away, or takes it later.
            PermanentFailure: when it will never take it.
        """
        try:
            with self._server.connect() as connection:
                connection.send_message(written(letter, self._sender), self._sender.email, [letter.to])
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused(letter, *error.recipients[letter.to]) from error
        except smtplib.SMTPResponseException as error:
            raise _refused(letter, error.smtp_code, error.smtp_error) from error
        except OSError as error:
            raise TransientFailure(f"{self._server} was lost: {error}; the letter is tried again") from error


def written(letter: Letter, sender: Sender) -> EmailMessage:
    """Write a letter as a message: plain text, marked as generated so that no machine answers it."""
    message = EmailMessage(policy=SMTP)
    message["From"] = formataddr((sender.name, sender.email), "utf-8")
    message["To"] = letter.to
    message["Reply-To"] = letter.reply_to
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(letter.date)
    message["Message-ID"] = letter.message_id
    message["Content-Language"] = letter.language
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message


def _refused(letter: Letter, code: int, reply: bytes | str) -> PermanentFailure | TransientFailure:
    kind = PermanentFailure if code // 100 == _PERMANENT else TransientFailure
    return kind(f"the letter to {letter.to} was refused", reply=words(code, reply))
