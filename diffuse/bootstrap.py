"""The only file that knows services and adapters: plain constructor calls.

Third parties are imported by the function that needs them, so that checking a file loads no server library.
"""

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from diffuse.domain.attention import Attention
from diffuse.domain.campaign import Campaign
from diffuse.domain.traffic import Limit, Server, Traffic
from diffuse.errors import AuthoringError, FieldPath, Problem, dotted
from diffuse.ports import (
    Audit,
    Calendar,
    Campaigns,
    Chain,
    Channel,
    Clock,
    Directory,
    Gauges,
    Hits,
    House,
    IdentityProvider,
    Ledger,
    Letters,
    Mailbox,
    Platform,
    Postings,
    Publications,
    Queue,
    Remarks,
    Renderer,
    Returns,
    Signer,
    Stamps,
)
from diffuse.services.announce import Announce
from diffuse.services.beat import Beat
from diffuse.services.deliver import Deliver
from diffuse.services.diagnose import Diagnose
from diffuse.services.export import Export
from diffuse.services.feeds import Feeds
from diffuse.services.forward import Forward
from diffuse.services.guard import Guard
from diffuse.services.identify import Identify
from diffuse.services.launch import Launch
from diffuse.services.meet import Meet
from diffuse.services.mine import Mine
from diffuse.services.operate import Operate
from diffuse.services.owed import Owed
from diffuse.services.person import Person
from diffuse.services.plan import Plan
from diffuse.services.receipts import ReceiptBook
from diffuse.services.receive import Receive
from diffuse.services.record import Record
from diffuse.services.retain import Retain, Terms
from diffuse.services.revise import Revise
from diffuse.services.stamp import Stamping
from diffuse.services.succeed import Succeed
from diffuse.services.vouch import Vouch

if TYPE_CHECKING:
    import threading

    import dramatiq
    from sqlalchemy import Engine

    from diffuse.adapters.mail_server import MailServer
    from diffuse.adapters.return_paths import ReturnPaths
    from diffuse.adapters.smtp import SmtpChannel
    from diffuse.adapters.sql.verdicts import SqlVerdicts
    from diffuse.settings import LaneLimit, Settings


@dataclass(frozen=True, kw_only=True)
class Authoring:
    """What officers need before anything is launched: no settings, no database."""

    campaigns: Campaigns
    renderer: Renderer
    calendar: Calendar


@dataclass(frozen=True, kw_only=True)
class App:
    """One installation, put together."""

    clock: Clock
    engine: "Engine"
    directory: Directory
    publications: Publications
    house: House
    ledger: Ledger
    queue: Queue
    templates: Path
    launch: Launch
    revise: Revise
    plan: Plan
    deliver: Deliver
    beat: Beat
    record: Record
    postings: Postings
    platforms: Mapping[str, Platform]
    announce: Announce
    feeds: Feeds
    meet: Meet
    owed: Owed
    identify: Identify
    provider: IdentityProvider | None
    signer: Signer
    mine: Mine
    remarks: Remarks
    succeed: Succeed
    export: Export
    operate: Operate
    gauges: Gauges
    hits: Hits
    chain: Chain
    audit: Audit
    stamps: Stamps
    stamping: Stamping
    vouch: Vouch
    pseudonym: Callable[[str], str]
    person: Person
    retain: Retain
    channel: Channel
    receive: Receive
    receives: bool
    returns: Returns

    def close(self) -> None:
        """Hang up on the mail server, the platforms and the identity provider, and let go of the database."""
        self.channel.close()
        if self.provider:
            self.provider.close()
        for platform in self.platforms.values():
            platform.close()
        self.engine.dispose()


def authoring(templates: Path | None = None) -> Authoring:
    """Put together what reads, checks and renders campaigns."""
    from diffuse.adapters.calendar import RegionCalendar
    from diffuse.adapters.campaign_files import CampaignFiles
    from diffuse.adapters.templates import Templates, default_folder

    return Authoring(
        campaigns=CampaignFiles(),
        renderer=Templates(templates or default_folder()),
        calendar=RegionCalendar(),
    )


def attention(path: Path | None) -> Attention | None:
    """Read the organisation's rules of attention; None when no file is given."""
    from diffuse.adapters.attention_file import read_attention

    return None if path is None else read_attention(path)


def mail(settings: "Settings", stop: "threading.Event | None" = None) -> "SmtpChannel":
    """Put together the e-mail channel; it ends what is under way once ``stop`` is set.

    Raises:
        AuthoringError: naming every setting that cannot work.
    """
    from diffuse.adapters.smtp import SmtpChannel

    return SmtpChannel(
        servers=_mail_servers(settings),
        sender_name=settings.sender_name,
        sender_email=settings.sender_email,
        sign=_dkim(settings),
        return_path=paths.address if (paths := _return_paths(settings)) else None,
        stop=stop,
    )


def platforms(settings: "Settings") -> dict[str, Platform]:
    """Put together the intranet platforms, by channel; nothing is connected before something is published.

    Raises:
        AuthoringError: naming every account that cannot work.
    """
    from diffuse.adapters.platforms.building import platform

    authority = settings.sender_email.rpartition("@")[2]
    found: dict[str, Platform] = {"feed": platform("feed", {}, authority=authority)}
    problems: list[Problem] = []
    for channel, account in settings.platforms.items():
        try:
            found[channel] = platform(channel, account.given(), authority=authority)
        except AuthoringError as error:
            problems += (one.under("platforms", channel) for one in error.problems)
    if problems:
        raise AuthoringError(*problems)
    return found


def identity_provider(settings: "Settings", clock: Clock) -> IdentityProvider | None:
    """Put together what vouches for employees; None when there is none."""
    if not settings.oidc_issuer:
        return None
    from diffuse.adapters.oidc import OpenIdProvider

    return OpenIdProvider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret.get_secret_value(),
        claim=settings.oidc_claim,
        now=clock.now,
    )


def letters(settings: "Settings") -> Letters:
    """Put together what sends plain letters, through the first mail server.

    Raises:
        AuthoringError: naming every setting that cannot work.
    """
    from diffuse.adapters.letters import SmtpLetters
    from diffuse.adapters.mime import Sender

    sender = Sender(name=settings.sender_name, email=settings.sender_email)
    return SmtpLetters(next(iter(_mail_servers(settings).values())), sender)


def _return_paths(settings: "Settings") -> "ReturnPaths | None":
    """Put together what signs the envelope sender of each message; None without a bounce_address."""
    if not settings.bounce_address:
        return None
    from diffuse.adapters.return_paths import ReturnPaths

    return ReturnPaths(
        settings.bounce_address,
        settings.secret.get_secret_value(),
        key_id=settings.secret_id,
        old={number: one.get_secret_value() for number, one in settings.old_secrets.items()},
    )


def mailboxes(settings: "Settings") -> list[Mailbox]:
    """Put together where mails come back."""
    found: list[Mailbox] = []
    if settings.returns_maildir:
        from diffuse.adapters.maildir import Maildir

        found.append(Maildir(settings.returns_maildir))
    if settings.returns_imap_host:
        from diffuse.adapters.imap import ImapMailbox

        found.append(
            ImapMailbox(
                host=settings.returns_imap_host,
                port=settings.returns_imap_port,
                security=settings.returns_imap_security,
                username=settings.returns_imap_username,
                password=settings.returns_imap_password.get_secret_value(),
                folder=settings.returns_imap_folder,
            )
        )
    return found


def _receives(settings: "Settings") -> bool:
    return bool(settings.returns_maildir or settings.returns_imap_host)


def _receive(settings: "Settings", clock: Clock, returns: Returns, succeed: Succeed) -> Receive:
    """Put together what reads mails that came back."""
    from diffuse.adapters.returned_mail import taken_apart

    paths = _return_paths(settings)
    return Receive(
        clock=clock,
        returns=returns,
        mailboxes=mailboxes(settings),
        take_apart=taken_apart,
        delivery_of=paths.delivery if paths else lambda _: None,
        succeed=succeed,
    )


def _mail_servers(settings: "Settings") -> "dict[str, MailServer]":
    from diffuse.adapters.mail_server import MailServer

    try:
        return {
            one.name: MailServer(
                host=one.host,
                port=one.port,
                security=one.security,
                username=one.username,
                password=one.password.get_secret_value(),
                timeout=timedelta(seconds=settings.smtp_timeout),
                dot_timeout=timedelta(seconds=settings.smtp_dot_timeout),
                connections=one.connections,
            )
            for one in settings.servers
        }
    except AuthoringError as error:
        raise AuthoringError(*(replace(each, path=_setting(each.path)) for each in error.problems)) from error


def _dkim(settings: "Settings") -> Callable[[bytes], bytes] | None:
    """Put together what signs messages; None when they are not signed.

    Raises:
        AuthoringError: naming the setting that cannot work.
    """
    key, file = settings.dkim_key.get_secret_value(), settings.dkim_key_file
    if not (settings.dkim_domain or settings.dkim_selector or key or file):
        return None
    from diffuse.adapters.dkim import DkimSigner, key_in

    try:
        key = key_in(file) if file else key
        return DkimSigner(domain=settings.dkim_domain, selector=settings.dkim_selector, key=key).sign
    except AuthoringError as error:
        names: dict[FieldPath, str] = {("key",): "dkim_key_file"} if file else {}
        named = (
            replace(each, path=(names.get(each.path, f"dkim_{dotted(each.path)}"),))
            for each in error.problems
        )
        raise AuthoringError(*named) from None


def traffic(settings: "Settings") -> Traffic:
    """Say how much may go through which server, and to which domain."""

    def limit(one: "LaneLimit") -> Limit:
        return Limit(per_minute=one.per_minute, per_day=one.per_day)

    return Traffic(
        servers=tuple(Server(name=one.name, weight=one.weight, limit=limit(one)) for one in settings.servers),
        domains={domain: limit(one) for domain, one in settings.domain_limits.items()},
    )


def _setting(path: FieldPath) -> FieldPath:
    """Name the setting that a field of the e-mail channel comes from."""
    if path and str(path[0]).startswith("dkim_"):
        return path
    return ("sender",) if path == ("sender_email",) else (f"smtp_{dotted(path)}",)


def broker(settings: "Settings") -> "dramatiq.Broker | None":
    """Put together the broker that carries hints; None when no address of one is set."""
    if url := settings.rabbitmq_url.get_secret_value():
        from diffuse.adapters.rabbitmq_broker import rabbitmq_broker

        return rabbitmq_broker(url)
    if url := settings.redis_url.get_secret_value():
        from diffuse.adapters.dramatiq_queue import redis_broker

        return redis_broker(url)
    return None


def _queue(hints: "dramatiq.Broker | None") -> Queue:
    if hints is None:
        from diffuse.adapters.no_queue import NoQueue

        return NoQueue()
    from diffuse.adapters.dramatiq_queue import DramatiqQueue

    return DramatiqQueue(hints)


def diagnose(settings: "Settings") -> Diagnose:
    """Put together what looks at an installation and changes nothing."""
    from diffuse.adapters.clock import SystemClock
    from diffuse.adapters.examinations import BrokerExamination, JournalExamination, MailExamination
    from diffuse.adapters.intranet_examinations import (
        ChannelExamination,
        IdentityExamination,
        PlatformExamination,
    )
    from diffuse.adapters.sql.examination import DatabaseExamination

    clock = SystemClock()
    return Diagnose(
        [
            DatabaseExamination(settings.database_url.get_secret_value(), machine=clock),
            JournalExamination(settings.journal),
            MailExamination(lambda: mail(settings).servers),
            BrokerExamination(lambda: broker(settings)),
            PlatformExamination(lambda: platforms(settings)),
            ChannelExamination(lambda: _running(settings), lambda: platforms(settings)),
            IdentityExamination(
                provider=lambda: identity_provider(settings, clock),
                back=f"{settings.base_url}/oidc/callback",
                header=settings.identity_header,
                proxies=", ".join(map(str, settings.trusted_proxies)),
                mails_links=settings.magic_links,
                running=lambda: _running(settings),
            ),
        ]
    )


def _running(settings: "Settings") -> list[Campaign]:
    """Return the campaigns that are published; nothing is upgraded for it."""
    from diffuse.adapters import baked_json, definitions
    from diffuse.adapters.sql.engine import connect
    from diffuse.adapters.sql.publications import SqlPublications

    engine = connect(settings.database_url.get_secret_value())
    try:
        campaigns, wordings = (definitions.dump, definitions.load), (baked_json.dump, baked_json.load)
        kept = SqlPublications(engine, campaigns=campaigns, wordings=wordings)
        return [one.campaign for one in kept.running()]
    finally:
        engine.dispose()


def _seconds(clock: Clock) -> Callable[[], float]:
    """Count the seconds of a clock that is not the machine's: it moves as it is told to."""
    return lambda: clock.now().timestamp()


def _people(
    settings: "Settings", engine: "Engine", clock: Clock, queue: Queue, pseudonym: Callable[[str], str]
) -> tuple[Person, Retain]:
    """Put together what answers for single employees, and what forgets them in time."""
    from diffuse.adapters.sql.access import SqlAccessLog
    from diffuse.adapters.sql.choices import SqlChoices
    from diffuse.adapters.sql.persons import SqlPersons
    from diffuse.adapters.sql.retention import SqlRetention

    persons = SqlPersons(engine, pseudonym=pseudonym)
    person = Person(
        clock=clock,
        persons=persons,
        choices=SqlChoices(engine),
        log=SqlAccessLog(engine),
        queue=queue,
        pseudonym=pseudonym,
    )
    evidence = settings.keep_evidence
    terms = Terms(
        hits=timedelta(days=settings.keep_hits),
        leavers=timedelta(days=settings.keep_leavers),
        evidence=None if evidence is None else timedelta(days=evidence),
    )
    retain = Retain(clock=clock, signals=SqlRetention(engine), persons=persons, person=person, terms=terms)
    return person, retain


def _stamping(settings: "Settings", chain: Chain, stamps: Stamps, clock: Clock) -> Stamping:
    """Put together what has the evidence stamped, and checks the timestamps."""
    from diffuse.adapters.timestamps import TimestampAuthority

    roots = settings.timestamp_ca.read_bytes() if settings.timestamp_ca else b""
    return Stamping(
        chain=chain,
        stamps=stamps,
        clock=clock,
        authority=TimestampAuthority(settings.timestamp_url, roots=roots),
        is_asked=bool(settings.timestamp_url),
    )


def _verdicts(settings: "Settings") -> "SqlVerdicts":
    """Put together what tells persons from programs.

    Raises:
        AuthoringError: naming every line of the file of networks that holds none.
    """
    from functools import lru_cache, partial

    from diffuse.adapters.agents import names_itself
    from diffuse.adapters.scanner_networks import read_networks
    from diffuse.adapters.sql.verdicts import SqlVerdicts
    from diffuse.domain.networks import within

    networks = read_networks(settings.scanner_networks) if settings.scanner_networks else ()
    is_scanner = lru_cache(4096)(partial(within, ranges=networks))
    return SqlVerdicts(names_itself=names_itself, is_scanner=is_scanner)


def app(  # noqa: PLR0915 -- one line for each part
    settings: "Settings",
    *,
    clock: Clock | None = None,
    channel: Channel | None = None,
    hints: "dramatiq.Broker | None" = None,
    stop: "threading.Event | None" = None,
) -> App:
    """Open the database, bring its tables up to date, and put everything together.

    Args:
        settings: the installation's settings.
        clock: another clock than the database's.
        channel: another channel than e-mail.
        hints: the broker that a worker has already.
        stop: ends what is being sent when it is set.
    """
    from diffuse.adapters import baked_json, definitions
    from diffuse.adapters.dot_journal import DotJournals
    from diffuse.adapters.feeds import atom
    from diffuse.adapters.remembered import RememberedFile
    from diffuse.adapters.signer import KeyedSigner
    from diffuse.adapters.sql.audit import SqlAudit
    from diffuse.adapters.sql.choices import SqlChoices
    from diffuse.adapters.sql.clock import clock_of
    from diffuse.adapters.sql.control import SqlControl
    from diffuse.adapters.sql.directory import SqlDirectory
    from diffuse.adapters.sql.engine import connect
    from diffuse.adapters.sql.entries import SqlEntries
    from diffuse.adapters.sql.evidence import SqlEvidence
    from diffuse.adapters.sql.gauges import SqlGauges
    from diffuse.adapters.sql.hits import SqlHits
    from diffuse.adapters.sql.house import SqlHouse
    from diffuse.adapters.sql.ledger import SqlLedger
    from diffuse.adapters.sql.migrate import upgrade
    from diffuse.adapters.sql.overview import SqlOverview
    from diffuse.adapters.sql.plans import SqlPlans
    from diffuse.adapters.sql.postings import SqlPostings
    from diffuse.adapters.sql.publications import SqlPublications
    from diffuse.adapters.sql.pulse import SqlPulse
    from diffuse.adapters.sql.relief import SqlRelief
    from diffuse.adapters.sql.remarks import SqlRemarks
    from diffuse.adapters.sql.results import SqlResults
    from diffuse.adapters.sql.returns import SqlReturns
    from diffuse.adapters.sql.revisions import SqlVersions
    from diffuse.adapters.sql.stamps import SqlStamps
    from diffuse.adapters.sql.theirs import SqlTheirs
    from diffuse.adapters.stopwatch import stopwatch
    from diffuse.adapters.templates import default_folder

    writing = authoring(settings.templates)
    engine = connect(settings.database_url.get_secret_value())
    upgrade(engine)
    seconds = stopwatch if clock is None else _seconds(clock)
    clock = clock or clock_of(engine)
    directory = SqlDirectory(engine)
    publications = SqlPublications(
        engine, campaigns=(definitions.dump, definitions.load), wordings=(baked_json.dump, baked_json.load)
    )
    revise = Revise(publications=publications, versions=SqlVersions(engine), clock=clock)
    ledger = SqlLedger(engine, traffic(settings))
    signer = KeyedSigner(
        secret=settings.secret.get_secret_value(),
        base_url=settings.base_url,
        mail_domain=settings.sender_email.rpartition("@")[2],
        key_id=settings.secret_id,
        old={number: one.get_secret_value() for number, one in settings.old_secrets.items()},
        person_secret=settings.person_secret.get_secret_value(),
    )
    chain = SqlEvidence(
        engine, publications=publications.get, policies=definitions.dump, pseudonym=signer.pseudonym
    )
    chain.adopt()
    queue = _queue(hints or broker(settings))
    house = SqlHouse(engine, rules=(definitions.dump, definitions.load_attention))
    worker = f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"
    plans = SqlPlans(engine)
    control = SqlControl(engine)
    succeed = Succeed(
        clock=clock,
        directory=directory,
        publications=publications,
        relief=SqlRelief(engine),
        plans=plans,
    )
    postings = SqlPostings(engine)
    plan = Plan(
        clock=clock,
        directory=directory,
        publications=publications,
        plans=plans,
        control=control,
        house=house,
        succeed=succeed,
        postings=postings,
        calendar=writing.calendar,
        signer=signer,
        queue=queue,
        planner=worker,
    )
    owed = Owed(
        clock=clock,
        directory=directory,
        relief=SqlRelief(engine),
        publications=publications,
        control=control,
        postings=postings,
        theirs=SqlTheirs(engine),
        signer=signer,
    )
    announce = Announce(
        clock=clock,
        publications=publications,
        control=control,
        house=house,
        calendar=writing.calendar,
        postings=postings,
        platforms=(reached := platforms(settings)),
        owed=owed,
        signer=signer,
        worker=worker,
        stop=stop,
    )
    hits = SqlHits(engine, chain, _verdicts(settings))
    stamping = _stamping(settings, chain, stamps := SqlStamps(engine), clock)
    record = Record(hits=hits, publications=publications, clock=clock, signer=signer)
    receive = _receive(settings, clock, (returns := SqlReturns(engine)), succeed)
    channel, remarks = channel or mail(settings, stop), SqlRemarks(engine)
    guard = Guard(
        clock=clock,
        stopwatch=seconds,
        control=control,
        pulse=SqlPulse(engine),
        memory=RememberedFile(settings.journal),
    )
    deliver = Deliver(
        guard=guard,
        clock=clock,
        publications=publications,
        ledger=ledger,
        channel=channel,
        journals=DotJournals(settings.journal),
        signer=signer,
        worker=worker,
        stop=stop,
        retry_for=timedelta(hours=settings.retry_hours),
    )
    person, retain = _people(settings, engine, clock, queue, signer.pseudonym)
    return App(
        clock=clock,
        channel=channel,
        engine=engine,
        directory=directory,
        publications=publications,
        house=house,
        ledger=ledger,
        queue=queue,
        templates=settings.templates or default_folder(),
        launch=Launch(
            clock=clock,
            campaigns=writing.campaigns,
            renderer=writing.renderer,
            calendar=writing.calendar,
            publications=publications,
            control=control,
            house=house,
            revise=revise,
            queue=queue,
            platforms=reached,
        ),
        revise=revise,
        plan=plan,
        deliver=deliver,
        receive=receive,
        receives=_receives(settings),
        returns=returns,
        postings=postings,
        platforms=reached,
        announce=announce,
        feeds=Feeds(
            publications=publications,
            postings=postings,
            signer=signer,
            write=atom,
            author=settings.sender_name,
            authority=settings.sender_email.rpartition("@")[2],
        ),
        owed=owed,
        meet=Meet(
            clock=clock,
            directory=directory,
            choices=SqlChoices(engine),
            house=house,
            publications=publications,
            postings=postings,
            hits=hits,
            record=record,
            owed=owed,
            signer=signer,
        ),
        identify=Identify(
            clock=clock,
            directory=directory,
            entries=SqlEntries(engine),
            letters=letters(settings),
            base_url=settings.base_url,
            sender=settings.sender_email,
        ),
        provider=identity_provider(settings, clock),
        signer=signer,
        beat=Beat(
            announce=announce,
            record=record,
            receive=receive if _receives(settings) else None,
            guard=guard,
            clock=clock,
            ledger=ledger,
            publications=publications,
            control=control,
            plan=plan,
            deliver=deliver,
            forward=Forward(
                clock=clock,
                remarks=remarks,
                publications=publications,
                letters=letters(settings),
                domain=settings.sender_email.rpartition("@")[2],
            ),
            retain=retain,
            stamping=stamping,
        ),
        person=person,
        retain=retain,
        operate=Operate(
            clock=clock,
            control=control,
            overview=SqlOverview(engine),
            publications=publications,
            postings=postings,
            queue=queue,
        ),
        gauges=SqlGauges(engine, stopwatch),
        succeed=succeed,
        hits=hits,
        record=record,
        mine=Mine(
            hits=hits,
            theirs=SqlTheirs(engine),
            publications=publications,
            person=person,
            signer=signer,
            clock=clock,
        ),
        remarks=remarks,
        chain=chain,
        pseudonym=signer.pseudonym,
        stamps=stamps,
        stamping=stamping,
        vouch=Vouch(theirs=SqlTheirs(engine), hits=hits, publications=publications, clock=clock),
        audit=SqlAudit(engine, pseudonym=signer.pseudonym),
        export=Export(
            results=SqlResults(engine, publications=publications.get),
            directory=directory,
            publications=publications,
            postings=postings,
            relief=SqlRelief(engine),
            receipts=ReceiptBook(
                publications=publications, relief=SqlRelief(engine), pseudonym=signer.pseudonym
            ),
            clock=clock,
            smallest_group=settings.smallest_group,
        ),
    )
