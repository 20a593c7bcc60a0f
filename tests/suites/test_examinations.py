"""Looking at journals, mail servers and the broker of hints."""

from pathlib import Path

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker

from diffuse.adapters.dot_journal import DotJournals
from diffuse.adapters.dramatiq_queue import redis_broker
from diffuse.adapters.examinations import BrokerExamination, JournalExamination, MailExamination
from diffuse.adapters.mail_server import MailServer
from diffuse.demo.receiver import Receiver
from diffuse.errors import AuthoringError
from diffuse.ports import Finding
from diffuse.testing import FrozenClock
from tests.suites.store.given import NOW

NOWHERE = "redis://:s3cret@127.0.0.1:1/0"


def of(broker: dramatiq.Broker | None) -> Finding:
    (finding,) = BrokerExamination(lambda: broker).findings()
    return finding


@pytest.mark.servers
def test_a_redis_that_answers_is_well(redis_url: str) -> None:
    assert of(redis_broker(redis_url)) == Finding(about="hints", seen="the broker answers")


def test_a_redis_that_is_away_is_a_trouble_that_shows_no_password() -> None:
    finding = of(redis_broker(NOWHERE))
    assert finding.trouble
    assert "by polling" in finding.seen
    assert "s3cret" not in finding.seen + finding.remedy


@pytest.mark.parametrize("answers", [True, False])
def test_a_broker_without_a_client_is_asked_for_a_connection(answers: bool) -> None:
    class Connected(StubBroker):
        @property
        def connection(self) -> object:
            if not answers:
                raise ConnectionRefusedError
            return object()

    assert of(Connected()).trouble is not answers


def test_without_a_broker_all_is_well() -> None:
    assert not of(None).trouble


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(AuthoringError):
        list(BrokerExamination(lambda: redis_broker("redis://127.0.0.1:1/0?nope=1")).findings())


def test_a_journal_of_a_dead_process_is_a_trouble_and_one_of_a_living_process_is_none(tmp_path: Path) -> None:
    journals = DotJournals(tmp_path)
    with journals.begin("w1.1"):
        (finding,) = JournalExamination(tmp_path).findings()
        assert not finding.trouble
        assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(InterruptedError), journals.begin("w2.1"):
        raise InterruptedError
    (finding,) = JournalExamination(tmp_path).findings()
    assert finding.trouble
    assert finding.seen == f"1 of dead workers lie in {tmp_path}"


@pytest.mark.servers
def test_each_mail_server_is_greeted_and_told_by_its_name(tmp_path: Path) -> None:
    with Receiver(maildir=tmp_path / "m", journal=tmp_path / "j", clock=FrozenClock(NOW)) as receiver:
        servers = {
            "near": MailServer(host="127.0.0.1", port=receiver.port, security="none"),
            "far": MailServer(host="127.0.0.1", port=1, security="none"),
        }
        near, far = MailExamination(lambda: servers).findings()
    assert near == Finding(about="mail server near", seen="answers, and lets us in")
    assert (far.about, far.trouble) == ("mail server far", True)
    assert "cannot be reached" in far.seen
