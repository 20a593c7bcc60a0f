"""What families of mailers write, after their own sources and manuals: one sample each, made up here.

The failed address is ``ana@u.example`` throughout; ours are ``bounces@universite.example`` and
``bureau@universite.example``.
"""

from typing import NamedTuple


class Sample(NamedTuple):
    """A returned mail: who wrote it, its subject and text, and what it says."""

    family: str
    sender: str
    subject: str
    text: str
    kind: str = "permanent"
    reason: str = ""


RETURNED = """Received: from campaign.universite.example by relay.example; Tue, 1 Sep 2026 08:00:00 -0400
Message-ID: <one@universite.example>
From: Bureau <bureau@universite.example>
To: ana@u.example
Subject: Rappel
Date: Tue, 1 Sep 2026 08:00:00 -0400

Bonjour
"""

SAMPLES = (
    Sample(
        "Postfix",
        "MAILER-DAEMON@relay.example (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        """This is the mail system at host relay.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

For further assistance, please send mail to postmaster.

                   The mail system

<ana@u.example>: host mx.u.example[192.0.2.1] said: 550 5.1.1 <ana@u.example>:
    Recipient address rejected: User unknown in virtual mailbox table (in reply
    to RCPT TO command)
""",
        reason="no_such_user",
    ),
    Sample(
        "Postfix, expanded",
        "MAILER-DAEMON@relay.example (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        """This is the Postfix program at host relay.example.

<ana@u.example> (expanded from <ana>): unknown user: "ana"
""",
        reason="no_such_user",
    ),
    Sample(
        "Postfix, delayed",
        "MAILER-DAEMON@relay.example (Mail Delivery System)",
        "Delayed Mail (still being retried)",
        """This is the mail system at host relay.example.

####################################################################
# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #
####################################################################

Your message could not be delivered for more than 4 hour(s).
It will be retried until it is 5 day(s) old.

<ana@u.example>: host mx.u.example[192.0.2.1] said: 450 4.2.0 <ana@u.example>:
    Recipient address rejected: Greylisted (in reply to RCPT TO command)
""",
        kind="delayed",
    ),
    Sample(
        "Sendmail 8",
        "Mail Delivery Subsystem <MAILER-DAEMON@relay.example>",
        "Returned mail: see transcript for details",
        """The original message was received at Tue, 1 Sep 2026 08:00:00 -0400
from localhost [127.0.0.1]

   ----- The following addresses had permanent fatal errors -----
<ana@u.example>
    (reason: 550 5.1.1 <ana@u.example>... User unknown)

   ----- Transcript of session follows -----
... while talking to mx.u.example.:
>>> DATA
<<< 550 5.1.1 <ana@u.example>... User unknown
550 5.1.1 <ana@u.example>... User unknown
<<< 503 5.0.0 Need RCPT (recipient)
""",
        reason="no_such_user",
    ),
    Sample(
        "Sendmail 8, warning",
        "Mail Delivery Subsystem <MAILER-DAEMON@relay.example>",
        "Warning: could not send message for past 4 hours",
        """    **********************************************
    **      THIS IS A WARNING MESSAGE ONLY      **
    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **
    **********************************************

The original message was received at Tue, 1 Sep 2026 08:00:00 -0400
from localhost [127.0.0.1]

   ----- Transcript of session follows -----
<ana@u.example>... Deferred: Connection timed out with mx.u.example.
Warning: message still undelivered after 4 hours
Will keep trying until message is 5 days old
""",
        kind="delayed",
    ),
    Sample(
        "Sendmail 5",
        "Mail Delivery Subsystem <MAILER-DAEMON@relay.example>",
        "Returned mail: User unknown",
        """   ----- Transcript of session follows -----
While talking to mx.u.example:
>>> RCPT To:<ana@u.example>
<<< 550 <ana@u.example>... User unknown
550 <ana@u.example>... User unknown

   ----- Unsent message follows -----
""",
        reason="no_such_user",
    ),
    Sample(
        "Exim 4",
        "Mail Delivery System <Mailer-Daemon@relay.example>",
        "Mail delivery failed: returning message to sender",
        """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ana@u.example
    host mx.u.example [192.0.2.1]
    SMTP error from remote mail server after RCPT TO:<ana@u.example>:
    550 5.7.1 relaying denied
""",
        reason="policy",
    ),
    Sample(
        "Exim 4, generated",
        "Mail Delivery System <Mailer-Daemon@relay.example>",
        "Mail delivery failed: returning message to sender",
        """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ana@u.example
    (generated from ana.roy@u.example)
    Unrouteable address
""",
    ),
    Sample(
        "Exim 4, warning",
        "Mail Delivery System <Mailer-Daemon@relay.example>",
        "Warning: message 1Abc-0001 delayed 24 hours",
        """This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on relay.example.

The message identifier is:     1Abc-0001
The subject of the message is: Rappel

The address to which the message has not yet been delivered is:

  ana@u.example
    Delay reason: Connection timed out

No action is required on your part. Delivery attempts will continue for
some time, and this warning may be repeated at intervals if the message
remains undelivered.
""",
        kind="delayed",
    ),
    Sample(
        "qmail",
        "MAILER-DAEMON@relay.example",
        "failure notice",
        """Hi. This is the qmail-send program at relay.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ana@u.example>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.2.1 The email account that you tried to reach is disabled.
Giving up on 192.0.2.1.

--- Below this line is a copy of the message.

Return-Path: <bounces@universite.example>
""",
        reason="mailbox_disabled",
    ),
    Sample(
        "qmail-ldap, quota",
        "MAILER-DAEMON@relay.example",
        "failure notice",
        """Hi. This is the qmail-send program at relay.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ana@u.example>:
user is over quota

--- Enclosed is a copy of the message.
""",
        reason="mailbox_full",
    ),
    Sample(
        "vpopmail",
        "MAILER-DAEMON@relay.example",
        "failure notice",
        """Hi. This is the qmail-send program at relay.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ana@u.example>:
Sorry, no mailbox here by that name. vpopmail (#5.1.1)

--- Below this line is a copy of the message.
""",
        reason="no_such_user",
    ),
    Sample(
        "Courier",
        "Mail Delivery System <MAILER-DAEMON@relay.example>",
        "NOTICE: mail delivery status.",
        """This is a delivery status notification from relay.example,
running the Courier mail server, version 1.2.

The original message was received on Tue, 1 Sep 2026 08:00:00 -0400
from universite.example (campaign.universite.example [192.0.2.7])

---------------------------------------------------------------------------

                           UNDELIVERABLE MAIL

Your message to the following recipients cannot be delivered:

<ana@u.example>:
    mx.u.example [192.0.2.1]:
>>> RCPT TO:<ana@u.example>
<<< 550 User unknown.

---------------------------------------------------------------------------

If your message was also sent to additional recipients, their delivery
status is not included in this report.
""",
        reason="no_such_user",
    ),
    Sample(
        "Exchange 5.5",
        "System Administrator <postmaster@u.example>",
        "Undeliverable: Rappel",
        """Your message

  To:      Ana Roy
  Subject: Rappel
  Sent:    Tue, 1 Sep 2026 08:00:00 -0400

did not reach the following recipient(s):

ana@u.example on Tue, 1 Sep 2026 08:00:02 -0400
    The recipient name is not recognized
\tThe MTS-ID of the original message is: c=ca;a= ;p=u;l=MX0109011200ABC
    MSEXCH:IMS:U:SITE:MX 0 (000C05A6) Unknown Recipient
""",
        reason="no_such_user",
    ),
    Sample(
        "Exchange 2003",
        "postmaster@u.example",
        "Delivery Status Notification (Failure)",
        """This is an automatically generated Delivery Status Notification.

Delivery to the following recipients failed.

       ana@u.example
""",
    ),
    Sample(
        "Exchange 2003, names",
        "System Administrator <postmaster@u.example>",
        "Undeliverable: Rappel",
        """Your message did not reach some or all of the intended recipients.

      Subject:\tRappel
      Sent:\t9/1/2026 8:00 AM

The following recipient(s) could not be reached:

      ana@u.example on 9/1/2026 8:00 AM
            The e-mail account does not exist at the organization this message was sent to.
            <mx.u.example #5.1.1>
""",
        reason="no_such_user",
    ),
    Sample(
        "Exchange 2010",
        "Microsoft Outlook <MicrosoftExchange329e71@u.example>",
        "Undeliverable: Rappel",
        """Delivery has failed to these recipients or groups:

ana@u.example<mailto:ana@u.example>
The e-mail address you entered couldn't be found. Please check the recipient's e-mail address and try to resend the message. If the problem continues, please contact your helpdesk.

Diagnostic information for administrators:

Generating server: mx.u.example

ana@u.example
#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##

Original message headers:

""",  # noqa: E501 -- as it is written
        reason="no_such_user",
    ),
    Sample(
        "Exchange in French",
        "Microsoft Outlook <MicrosoftExchange329e71@u.example>",
        "Non remis : Rappel",
        """Échec de la remise pour ces destinataires ou groupes :

ana@u.example<mailto:ana@u.example>
L'adresse de courrier que vous avez entrée est introuvable. Vérifiez l'adresse de messagerie du destinataire et réessayez de l'envoyer.

Informations de diagnostic pour les administrateurs :

Serveur de génération : mx.u.example

ana@u.example
#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##

En-têtes de message d'origine :

""",  # noqa: E501 -- as it is written
        reason="no_such_user",
    ),
    Sample(
        "Office 365",
        "Microsoft Outlook <MicrosoftExchange329e71@u.onmicrosoft.example>",
        "Undeliverable: Rappel",
        """[https://products.example/header.png]
Your message to ana@u.example couldn't be delivered.

ana wasn't found at u.example.

bureau\tOffice 365\tana
Action Required\t\tRecipient

Unknown To address

Original Message Details
Created Date:\t9/1/2026 12:00:00 PM
Sender Address:\tbounces@universite.example
Recipient Address:\tana@u.example
Subject:\tRappel

Error Details
Reported error:\t550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup
DSN generated by:\tYT1.prod.example
""",
    ),
    Sample(
        "Office 365, external",
        "Microsoft Outlook <postmaster@outlook.example>",
        "Undeliverable: Rappel",
        """Delivery has failed to these recipients or groups:

ana@u.example (ana@u.example)
Your message couldn't be delivered because the recipient's mailbox is full and can't accept messages now. Please try resending your message later, or contact the recipient directly.

Diagnostic information for administrators:

Generating server: YT1.prod.example

ana@u.example
Remote Server returned '554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException'
""",  # noqa: E501 -- as it is written
        reason="mailbox_full",
    ),
    Sample(
        "Domino",
        "Postmaster@u.example",
        "DELIVERY FAILURE: User ana (ana@u.example) not listed in Domino Directory",
        """Your message

  Subject: Rappel

was not delivered to:

  ana@u.example

because:

  User ana (ana@u.example) not listed in Domino Directory
""",
        reason="no_such_user",
    ),
    Sample(
        "Notes",
        "Postmaster@u.example",
        "Delivery failure",
        """------- Failure Reasons  --------

User not listed in public Name & Address Book
ana@u.example

------- Returned Message --------
""",
        reason="no_such_user",
    ),
    Sample(
        "GroupWise",
        "Mailer-Daemon@u.example",
        "Message status - undeliverable",
        """The message that you sent was undeliverable to the following:
\tana@u.example (user not found)

Possibly truncated original message follows:

""",
        reason="no_such_user",
    ),
    Sample(
        "OpenSMTPD",
        "Mailer Daemon <MAILER-DAEMON@relay.example>",
        "Delivery status notification: error",
        """    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this email.

    An error has occurred while attempting to deliver a message for
    the following list of recipients:

ana@u.example: 550 5.2.2 <ana@u.example>... Mailbox Full

    Below is a copy of the original message:

""",
        reason="mailbox_full",
    ),
    Sample(
        "MailMarshal",
        "MailMarshal <postmaster@relay.example>",
        "Undeliverable: Rappel",
        """Your message:
   From:    bounces@universite.example
   Subject: Rappel

Could not be delivered because of

550 5.1.1 User unknown

The following recipients were affected:
    ana@u.example

Additional Information
======================
Original Sender:    <bounces@universite.example>
Sender-MTA:         <192.0.2.7>
Remote-MTA:         <192.0.2.1>
Reporting-MTA:      <relay.example>
MessageName:        <B549996730000.000000000001.0003.mml>
Last-Attempt-Date:  <08:00:07 Tue, 1 September 2026>
""",
        reason="no_such_user",
    ),
    Sample(
        "Smail 3",
        "<MAILER-DAEMON@relay.example>",
        "mail failed, returning to sender",
        """|------------------------- Message log follows: -------------------------|
 no valid recipients were found for this message
|------------------------- Failed addresses follow: ---------------------|
 <ana@u.example> ... unknown host
|------------------------- Message text follows: ------------------------|
""",
        reason="no_such_host",
    ),
    Sample(
        "Biglobe",
        "postmaster@biglobe.example",
        "Returned mail: User unknown",
        """   ----- The following addresses had delivery problems -----
ana@u.example

   ----- Non-delivered information -----
The number of messages in recipient's mailbox exceeded the local limit.
""",
        reason="mailbox_full",
    ),
    Sample(
        "au",
        "no-reply@app.auone-net.example",
        "Undeliverable: Rappel",
        """Your mail sent on: Tue, 1 Sep 2026 08:00:00 +0900
    Could not be delivered to: <ana@u.example>
    As their mailbox is full.
""",
        reason="mailbox_full",
    ),
    Sample(
        "EZweb",
        "Postmaster@ezweb.example",
        "Mail System Error - Returned Mail",
        """The user(s) account is temporarily over quota.

<ana@u.example>
""",
        reason="mailbox_full",
    ),
    Sample(
        "EZweb, transcript",
        "Postmaster@ezweb.example",
        "Mail System Error - Returned Mail",
        """The following recipients did not receive this message:

<ana@u.example>

Please reply to Postmaster@ezweb.example if you feel this message to be in error.

>>> RCPT TO:<ana@u.example>
<<< 550 <ana@u.example>: User unknown
""",
        reason="no_such_user",
    ),
    Sample(
        "docomo",
        "MAILER-DAEMON@docomo.example (Mail Delivery System)",
        "Returned mail: User unknown",
        """This is the mail system at host docomo.example.

<ana@u.example>: host mfsmax.docomo.example[192.0.2.1] said: 550 Unknown user
    ana@u.example (in reply to end of DATA command)
""",
        reason="no_such_user",
    ),
    Sample(
        "Gmail, 2006",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        "Delivery Status Notification (Failure)",
        """This is an automatically generated Delivery Status Notification

Delivery to the following recipient failed permanently:

     ana@u.example

Technical details of permanent failure:
Google tried to deliver your message, but it was rejected by the recipient domain. The error that the other server returned was: 550 550 5.1.1 User unknown (state 14).

----- Original message -----

""",  # noqa: E501 -- as it is written
        reason="no_such_user",
    ),
    Sample(
        "Gmail, 2016",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        "Delivery Status Notification (Failure)",
        """
** Address not found **

Your message wasn't delivered to ana@u.example because the address couldn't be found, or is unable to receive mail.

Learn more here: https://support.google.example/mail/?p=NoSuchUser

The response was:

550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces.
""",  # noqa: E501 -- as it is written
        reason="no_such_user",
    ),
    Sample(
        "Gmail, blocked",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        "Delivery Status Notification (Failure)",
        """
** Message blocked **

Your message to ana@u.example has been blocked. See technical details below for more information.

The response was:

550 5.7.26 Unauthenticated email from universite.example is not accepted due to domain's DMARC policy.
""",
        reason="policy",
    ),
    Sample(
        "Gmail, delay",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        "Delivery Status Notification (Delay)",
        """
** Delivery incomplete **

There was a temporary problem delivering your message to ana@u.example. Gmail will retry for 46 more hours. You'll be notified if the delivery fails permanently.

The response was:

The recipient server did not accept our requests to connect. [mx.u.example 192.0.2.1: timed out]
""",  # noqa: E501 -- as it is written
        kind="delayed",
    ),
    Sample(
        "Yahoo",
        "MAILER-DAEMON@yahoo.example",
        "Failure Notice",
        """Sorry, we were unable to deliver your message to the following address.

<ana@u.example>:
554: 5.7.9: Message not accepted for policy reasons.  See https://postmaster.yahoo.example/errors

--- Below this line is a copy of the message.

""",
        reason="policy",
    ),
    Sample(
        "GMX",
        "GMX Mailer Daemon <mailer-daemon@gmx.example>",
        "Mail delivery failed: returning message to sender",
        """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of
its recipients. This is a permanent error. The following address
failed:

"ana@u.example":
SMTP error from remote server after RCPT command:
host: mx.u.example
5.1.1 <ana@u.example> User unknown
""",
        reason="no_such_user",
    ),
    Sample(
        "1&1",
        "Mail Delivery System <mailer-daemon@kundenserver.example>",
        "Mail delivery failed: returning message to sender",
        """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of
its recipients. The following addresses failed:

<ana@u.example>

For the following reason:

Mail size limit exceeded. For explanation visit
http://postmaster.kundenserver.example/en/
""",
        reason="too_big",
    ),
    Sample(
        "Web.de in German",
        "WEB.DE Mailer Daemon <mailer-daemon@web.example>",
        "Mail delivery failed: returning message to sender",
        """Diese Nachricht wurde automatisch erzeugt.

Ihre Nachricht konnte nicht zugestellt werden:

ana@u.example:
SMTP error from remote server for RCPT TO command, host: mx.u.example (192.0.2.1) reason: 550 5.1.1 User unknown
""",  # noqa: E501 -- as it is written
        reason="no_such_user",
    ),
    Sample(
        "Yandex",
        "mailer-daemon@yandex.example",
        "Недоставленное сообщение",
        """Это письмо отправлено почтовым сервером yandex.example.

Ваше письмо не может
быть отправлено адресатам. Технические подробности можно найти ниже.

<ana@u.example>: host mx.u.example[192.0.2.1] said: 550 5.7.1 No such user!
    (in reply to RCPT TO command)
""",
        reason="no_such_user",
    ),
    Sample(
        "Mail.ru",
        "mailer-daemon@corp.mail.example",
        "Mail failure.",
        """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error.
The following address(es) failed:

  ana@u.example
    SMTP error from remote mail server after RCPT TO:<ana@u.example>:
    host mx.u.example [192.0.2.1]: 550 Account is disabled.
""",
        reason="mailbox_disabled",
    ),
    Sample(
        "Zoho",
        "mailer-daemon@mail.zoho.example",
        "Undelivered Mail Returned to Sender",
        """This message was created automatically by mail delivery software.
 A message that you sent could not be delivered to one or more of its recipients. This is a permanent error.

ana@u.example Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 <ana@u.example>: Recipient address rejected: User unknown
""",  # noqa: E501 -- as it is written
        reason="no_such_user",
    ),
    Sample(
        "Verizon",
        "Post_Office@vtext.example",
        "Undeliverable Message",
        """Error: The following address is invalid or was not found.
To: ana@u.example

Message could not be delivered to mobile.
Error: No valid recipients for this MM
""",
    ),
    Sample(
        "IMail",
        "Postmaster <postmaster@u.example>",
        "Undeliverable Mail",
        """Unknown user: ana@u.example

Original message follows.

""",
        reason="no_such_user",
    ),
    Sample(
        "MDaemon",
        "MDaemon@u.example",
        "Permanent Delivery Failure",
        """The attached message had PERMANENT fatal delivery errors.

--------------------------------------------------------------------------

The following addresses had delivery problems:

 ana@u.example
   Reason: 550 5.1.1 Recipient unknown <ana@u.example>

--------------------------------------------------------------------------
""",
        reason="no_such_user",
    ),
    Sample(
        "hMailServer",
        "mailer-daemon@relay.example",
        "Message undeliverable: Rappel",
        """Your message did not reach some or all of the intended recipients.

   Sent: Tue, 1 Sep 2026 08:00:00 -0400
   Subject: Rappel

The following recipient(s) could not be reached:

ana@u.example
   Error Type: SMTP
   Remote server (192.0.2.1) issued an error.
   hMailServer sent: RCPT TO:<ana@u.example>
   Remote server replied: 550 5.1.1 no such recipient

hMailServer
""",
        reason="no_such_user",
    ),
    Sample(
        "Apache James",
        "postmaster@relay.example",
        "Rappel",
        """Hi. This is the James mail server at relay.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out. Below
I include the list of recipients and the reason why I was unable to deliver
your message.

Failed recipient(s):
ana@u.example

Error message:
550 5.1.1 User unknown
""",
        reason="no_such_user",
    ),
    Sample(
        "Oracle Messaging Server",
        "Internet Mail Delivery <postmaster@relay.example>",
        "Delivery Notification: Delivery has failed",
        """This report relates to a message you sent with the following header fields:

  Message-id: <one@universite.example>
  Date: Tue, 01 Sep 2026 08:00:00 -0400
  From: Bureau <bureau@universite.example>
  To: ana@u.example
  Subject: Rappel

Your message cannot be delivered to the following recipients:

  Recipient address: ana@u.example
  Reason: Remote SMTP server has rejected address
  Diagnostic code: smtp;550 5.1.1 unknown user
  Remote system: dns;mx.u.example (TCP|192.0.2.7|1|192.0.2.1|25)
""",
        reason="no_such_user",
    ),
    Sample(
        "Kerio",
        "Mail Delivery Subsystem <postmaster@u.example>",
        "Delivery failure: ana@u.example",
        """Your message could not be delivered to one or more recipients.

The following recipients could not be reached:

<ana@u.example>:
Error: 550 5.1.1 User unknown
""",
        reason="no_such_user",
    ),
    Sample(
        "Barracuda",
        "Mail Delivery Service <mailer-daemon@u.example>",
        "**Message you sent blocked by our bulk email filter**",
        """Your message to: ana@u.example
was blocked by our Spam Firewall. The email you sent with the following subject has NOT BEEN DELIVERED:

Subject: Rappel
""",
        reason="spam",
    ),
    Sample(
        "Symantec Messaging Gateway",
        "Mailer-Daemon@gateway.example",
        "Delivery failure (ana@u.example)",
        """Your message cannot be delivered to the following recipients:

ana@u.example: 550 5.1.1 User unknown
""",
        reason="no_such_user",
    ),
    Sample(
        "Mimecast",
        "Mail Delivery System <postmaster@mimecast.example>",
        "[Postmaster] Email Delivery Failure",
        """An email that you attempted to send to the following address could not be delivered:
-- ana@u.example

The problem appears to be :
-- Recipient email address is possibly incorrect

Additional information follows :
-- 5.4.1 Recipient address rejected: Access denied

This condition occurred after 1 attempt(s) to deliver over
a period of 0 hour(s).
""",
        reason="no_such_user",
    ),
    Sample(
        "Lotus cc:Mail gateway",
        "Mail Delivery Agent <postmaster@u.example>",
        "Undeliverable Message",
        """To:            <bounces@universite.example>
Cc:
Subject:       Rappel

Message not delivered to recipients below.  Press F1 for help with VNM
error codes.

\tVNM3043:  ana@u.example

VNM3043 -- MAILBOX IS FULL
""",
        reason="mailbox_full",
    ),
    Sample(
        "Zimbra",
        "MAILER-DAEMON@relay.example (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        """This is the mail system at host relay.example.

<ana@u.example>: host mx.u.example[192.0.2.1] said: 452 4.2.2 Over quota (in
    reply to end of DATA command)
""",
        kind="temporary",
        reason="mailbox_full",
    ),
    Sample(
        "DragonFly Mail Agent",
        "<MAILER-DAEMON@relay.example>",
        "Mail delivery failed",
        """This is the DragonFly Mail Agent v0.13 at relay.example.

There was an error delivering your mail to <ana@u.example>.

mx.u.example [192.0.2.1] did not like our RCPT TO:
550 5.1.1 <ana@u.example>: User unknown

Message headers follow.

""",
        reason="no_such_user",
    ),
    Sample(
        "MessageLabs",
        "MAILER-DAEMON@messagelabs.example",
        "Mail Delivery Failure",
        """This is the mail delivery agent at messagelabs.example.
I was unable to deliver your message to the following addresses:

ana@u.example

Reason: 550 5.1.1 User unknown

The message subject was: Rappel
""",
        reason="no_such_user",
    ),
    Sample(
        "Trend Micro IMSS",
        "InterScan MSS <imss@u.example>",
        "Mail could not be delivered",
        """Sent <<< RCPT TO:<ana@u.example>
Received >>> 550 5.1.1 <ana@u.example>... user unknown

Could not deliver mail to this user.

*****************     End of message     ***************
""",
        reason="no_such_user",
    ),
    Sample(
        "SurfControl",
        "Postmaster@u.example",
        "Your message could not be delivered",
        """Your message could not be delivered.
The File Transfer Agent reported the following error:

550 5.1.1 unknown recipient

To: <ana@u.example>
Subject: Rappel
""",
        reason="no_such_user",
    ),
    Sample(
        "X.400 gateway",
        "postmaster@gateway.example",
        "Delivery Report (failure) for ana@u.example",
        """This report relates to your message:
Subject: Rappel,
\tMessage-ID: <one@universite.example>,
\tTo: ana@u.example

of Tue, 1 Sep 2026 08:00:00 -0400

Your message was not delivered to:
\tana@u.example
for the following reason:
\tUnrecognised O/R name
""",
    ),
    Sample(
        "SendGrid",
        "MAILER-DAEMON@sendgrid.example",
        "Undelivered Mail Returned to Sender",
        """Hello, this is the mail server on relay.example.

I am sending you this message to inform you on the delivery status of a
message you previously sent.  Immediately below you will find a list of
the affected recipients;  also attached is a Delivery Status Notification
(DSN) report in standard format, as well as the headers of the original
message.

  <ana@u.example>  delivery failed; will not continue trying
""",
    ),
    Sample(
        "PowerMTA, relayed",
        "postmaster@relay.example",
        "Delivery report",
        """Hello, this is the mail server on relay.example.

I am sending you this message to inform you on the delivery status of a
message you previously sent.  Immediately below you will find a list of
the affected recipients;  also attached is a Delivery Status Notification
(DSN) report in standard format, as well as the headers of the original
message.

  <ana@u.example>  relayed to mailer mx.u.example

""",
        kind="delivered",
    ),
    Sample(
        "CommuniGate Pro",
        "MAILER-DAEMON@relay.example",
        "Undeliverable mail: Rappel",
        """Failed to deliver to '<ana@u.example>'
LOCAL module(account ana) reports:
 account is full (quota exceeded)
""",
        reason="mailbox_full",
    ),
    Sample(
        "Mercury",
        "Mail Delivery Subsystem <maiser@u.example>",
        "Postmaster notify: delivery failure.",
        """   *** Mail Delivery Failure ***

The following addresses could not be found on this system:

   ana@u.example
       (Reason: 550 No such local user)
""",
    ),
    Sample(
        "WebSense",
        "postmaster@u.example",
        "Undeliverable: Rappel",
        """Your message

  To: ana@u.example
  Subject: Rappel

was rejected by the mail server: 554 5.7.1 Message rejected as spam by content filtering.

Recipient: ana@u.example
""",
        reason="spam",
    ),
    Sample(
        "SES",
        "MAILER-DAEMON@amazonses.example",
        "Delivery Status Notification (Failure)",
        """An error occurred while trying to deliver the mail to the following recipients:
ana@u.example
""",
    ),
    Sample(
        "French provider",
        "Courrier <postmaster@fournisseur.example>",
        "Échec de remise de votre message",
        """Bonjour,

Votre message n'a pas pu être remis au destinataire suivant :

ana@u.example

Motif : 550 5.1.1 Adresse d au moins un destinataire invalide.
""",
        reason="no_such_user",
    ),
    Sample(
        "Spanish",
        "Mail Delivery System <MAILER-DAEMON@correo.example>",
        "Correo no entregado",
        """El mensaje no se pudo entregar a los siguientes destinatarios:

   ana@u.example
     550 5.1.1 Usuario desconocido
""",
        reason="no_such_user",
    ),
    Sample(
        "German Exchange",
        "Microsoft Outlook <MicrosoftExchange329e71@u.example>",
        "Unzustellbar: Rappel",
        """Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:

ana@u.example<mailto:ana@u.example>
Die eingegebene E-Mail-Adresse konnte nicht gefunden werden.

Diagnoseinformationen für Administratoren:

Generierender Server: mx.u.example

ana@u.example
Remote Server returned '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found'
""",
        reason="no_such_user",
    ),
)
