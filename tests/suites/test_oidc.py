"""Identity providers: whose word is taken, and that no lie passes for one."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey

from diffuse.adapters.oidc import KEPT, SOON, OpenIdProvider
from diffuse.errors import PermanentFailure, TransientFailure
from diffuse.ports import Handshake
from diffuse.testing import FrozenClock
from tests.oidc import CALLBACK, CLIENT, SECRET, Provider, account, others, provider, sign_in_at_others
from tests.servers import free_port

NOW = datetime(2027, 1, 12, 14, 42, tzinfo=UTC)
ANA = "ariane@universite.example"


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Provider, FrozenClock]]:
    clock = FrozenClock(NOW)
    with provider(clock.now) as one:
        yield one, clock


@pytest.fixture
def clock(shared: tuple[Provider, FrozenClock]) -> FrozenClock:
    shared[1].set(NOW)
    return shared[1]


@pytest.fixture
def there(shared: tuple[Provider, FrozenClock], clock: FrozenClock) -> Provider:
    """The provider, truthful again."""
    one, _ = shared
    one.lies, one.changes, one.kept_back, one.further = "", {}, {}, []
    one.asked.clear()
    return one


@contextmanager
def known(
    url: str, now: Callable[[], datetime], claim: str = "email", secret: str = SECRET
) -> Iterator[OpenIdProvider]:
    """The provider as we know it."""
    with closing(OpenIdProvider(url, CLIENT, secret, claim=claim, now=now)) as one:
        yield one


@pytest.fixture
def ours(there: Provider, clock: FrozenClock) -> Iterator[OpenIdProvider]:
    with known(there.url, clock.now) as one:
        yield one


def signed_in(ours: OpenIdProvider, there: Provider, **claims: Any) -> str:  # noqa: ANN401
    begun = ours.begin(CALLBACK)
    back = there.signs_in(begun.address, **{"email": ANA, **claims})
    return ours.finish(begun, CALLBACK, back["code"])


def test_whoever_signs_in_is_named_by_the_provider(ours: OpenIdProvider, there: Provider) -> None:
    assert signed_in(ours, there) == ANA
    assert signed_in(ours, there, email=" Sam@Universite.example ") == "Sam@Universite.example"


def test_every_sign_in_has_a_state_a_nonce_and_a_verifier_of_its_own(ours: OpenIdProvider) -> None:
    drawn = [
        getattr(ours.begin(CALLBACK), name) for _ in range(20) for name in ("state", "nonce", "verifier")
    ]
    assert len(set(drawn)) == 60


def test_what_the_provider_says_of_itself_is_asked_once_an_hour(
    ours: OpenIdProvider, there: Provider, clock: FrozenClock
) -> None:
    for _ in range(3):
        signed_in(ours, there)
    assert there.asked.count("/.well-known/openid-configuration") == 1
    assert there.asked.count("/jwks") == 1
    clock.advance(KEPT)
    signed_in(ours, there)
    assert there.asked.count("/.well-known/openid-configuration") == 2


def test_a_key_that_is_new_is_looked_for(ours: OpenIdProvider, there: Provider) -> None:
    signed_in(ours, there)
    there.rotates()
    assert signed_in(ours, there) == ANA


def test_keys_that_nobody_here_knows_or_that_do_not_sign_are_passed_over(
    ours: OpenIdProvider, there: Provider
) -> None:
    seal = RSAKey.generate_key(2048, {"kid": "2", "use": "enc", "alg": "RSA-OAEP"}).as_dict(private=False)
    unknown = {"kty": "OKP", "crv": "Ed999", "kid": "3", "x": "AAAA"}
    there.further = [seal, unknown, {"kty": "AKP", "kid": "4", "pub": "AAAA"}, {}, "x"]
    there.lies = "no kid"
    assert signed_in(ours, there) == ANA


def test_a_provider_without_keys_vouches_for_nobody(clock: FrozenClock, there: Provider) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/jwks":
            return httpx.Response(200, json={"keys": []})
        with httpx.Client() as client:
            found = client.send(request)
        return httpx.Response(found.status_code, json=found.json())

    wire = httpx.MockTransport(answer)
    with (
        closing(OpenIdProvider(there.url, CLIENT, SECRET, now=clock.now, transport=wire)) as ours,
        pytest.raises(PermanentFailure, match="does not hold"),
    ):
        signed_in(ours, there)


def test_a_provider_that_takes_the_secret_in_the_form_gets_it_there(
    ours: OpenIdProvider, there: Provider
) -> None:
    there.lies = "post"
    assert signed_in(ours, there) == ANA


def test_a_claim_that_the_token_does_not_hold_is_asked_for(there: Provider, clock: FrozenClock) -> None:
    with known(there.url, clock.now, "employee_number") as ours:
        there.kept_back = {"employee_number": "e-fr"}
        assert signed_in(ours, there) == "e-fr"
        for kept_back, said in (
            ({"employee_number": "e-fr", "sub": "another"}, "about another account"),
            ({}, "does not say 'employee_number' of whoever signed in; let it"),
            ({"employee_number": 7}, "does not say 'employee_number'"),
        ):
            there.kept_back = kept_back
            with pytest.raises(PermanentFailure, match=said):
                signed_in(ours, there)


@pytest.mark.parametrize("said", [False, "false", "False"])
def test_an_address_that_is_not_verified_is_refused(
    ours: OpenIdProvider, there: Provider, said: object, clock: FrozenClock
) -> None:
    with pytest.raises(PermanentFailure, match="has not verified the address"):
        signed_in(ours, there, email_verified=said)
    assert signed_in(ours, there, email_verified=True) == ANA
    with known(there.url, clock.now, "preferred_username") as other:
        assert signed_in(other, there, email_verified=said, preferred_username="e-fr") == "e-fr"


AT = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"iss": "https://other.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "other"}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": [CLIENT, "other"]}, "azp"),
        ({"azp": "other"}, "azp"),
        ({"exp": AT - 61}, "expired"),
        ({"exp": None}, "exp"),
        ({"exp": "later"}, "exp"),
        ({"iat": AT + 61}, "future"),
        ({"iat": None}, "iat"),
        ({"nbf": AT + 61}, "nbf|invalid|valid"),
        ({"sub": None}, "sub"),
        ({"at_hash": "another"}, "at_hash"),
    ],
)
def test_a_word_that_does_not_hold_is_refused_and_says_what_of_it(
    ours: OpenIdProvider, there: Provider, changes: dict[str, Any], said: str
) -> None:
    there.changes = changes
    with pytest.raises(PermanentFailure, match=f"the word of {there.url} does not hold: .*({said})"):
        signed_in(ours, there)


@pytest.mark.parametrize("changes", [{"exp": AT - 59}, {"iat": AT + 59}, {"aud": [CLIENT]}, {"azp": CLIENT}])
def test_clocks_may_differ_by_a_minute(
    ours: OpenIdProvider, there: Provider, changes: dict[str, Any]
) -> None:
    there.changes = changes
    assert signed_in(ours, there) == ANA


@pytest.mark.parametrize("lie", ["signature", "none", "secret", "public"])
def test_a_word_that_anybody_could_have_signed_is_refused(
    ours: OpenIdProvider, there: Provider, lie: str
) -> None:
    there.lies = lie
    with pytest.raises(PermanentFailure, match="does not hold"):
        signed_in(ours, there)


def test_a_code_counts_once_and_for_whoever_began(ours: OpenIdProvider, there: Provider) -> None:
    begun, another = ours.begin(CALLBACK), ours.begin(CALLBACK)
    code = there.signs_in(begun.address, email=ANA)["code"]
    with pytest.raises(PermanentFailure, match=r"answers 400 at .*: invalid_grant, The code is not valid"):
        ours.finish(another, CALLBACK, code)
    code = there.signs_in(begun.address, email=ANA)["code"]
    assert ours.finish(begun, CALLBACK, code) == ANA
    with pytest.raises(PermanentFailure, match="invalid_grant"):
        ours.finish(begun, CALLBACK, code)


def test_a_word_for_another_sign_in_is_refused(ours: OpenIdProvider, there: Provider) -> None:
    begun, another = ours.begin(CALLBACK), ours.begin(CALLBACK)
    code = there.signs_in(begun.address, email=ANA)["code"]
    mixed = Handshake(begun.address, begun.state, another.nonce, begun.verifier)
    with pytest.raises(PermanentFailure, match="nonce"):
        ours.finish(mixed, CALLBACK, code)


def test_a_secret_that_the_provider_does_not_know_is_a_clear_refusal(
    there: Provider, clock: FrozenClock
) -> None:
    with (
        known(there.url, clock.now, secret="hush-hush") as ours,
        pytest.raises(
            PermanentFailure, match=r"answers 401 at .*/token: invalid_client, Unknown client"
        ) as refused,
    ):
        signed_in(ours, there)
    assert "hush" not in f"{refused.value} {ours!r}"


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ("issuer", "calls itself https://other.example; put that into oidc_issuer"),
        ("html", "answers 200 at"),
        ("error", "answers 418 at"),
    ],
)
def test_what_is_not_this_provider_is_refused_at_the_beginning(
    ours: OpenIdProvider, there: Provider, lie: str, said: str
) -> None:
    there.lies = lie
    with pytest.raises(PermanentFailure, match=said):
        ours.begin(CALLBACK)


def test_no_secret_goes_where_somebody_on_the_way_could_read_it(clock: FrozenClock) -> None:
    issuer = "https://id.universite.example"

    def answer(request: httpx.Request) -> httpx.Response:
        found = {"issuer": issuer, "authorization_endpoint": f"{issuer}/a", "token_endpoint": "http://id/t"}
        return httpx.Response(200, json={**found, "jwks_uri": f"{issuer}/j"})

    wire = httpx.MockTransport(answer)
    with (
        closing(OpenIdProvider(issuer, CLIENT, SECRET, now=clock.now, transport=wire)) as ours,
        pytest.raises(PermanentFailure, match="gives no token_endpoint by https"),
    ):
        ours.begin(CALLBACK)


def test_a_provider_that_gives_no_token_is_refused(ours: OpenIdProvider, there: Provider) -> None:
    there.lies = "no token"
    with pytest.raises(PermanentFailure, match="gave no ID token"):
        signed_in(ours, there)


def test_a_provider_that_is_busy_is_tried_later_and_few_wait_for_it(
    ours: OpenIdProvider, there: Provider, clock: FrozenClock
) -> None:
    there.lies = "busy"
    for _ in range(3):
        with pytest.raises(TransientFailure, match="answers 503 at"):
            ours.begin(CALLBACK)
    assert len(there.asked) == 1
    there.lies = ""
    clock.advance(SOON)
    assert signed_in(ours, there) == ANA
    begun = ours.begin(CALLBACK)
    code = there.signs_in(begun.address, email=ANA)["code"]
    there.lies = "busy"
    with pytest.raises(TransientFailure, match="/token"):
        ours.finish(begun, CALLBACK, code)


def test_a_provider_that_is_away_is_tried_later() -> None:
    with (
        known(f"http://127.0.0.1:{free_port()}", lambda: NOW) as ours,
        pytest.raises(TransientFailure, match="does not answer: ConnectError"),
    ):
        ours.begin(CALLBACK)


@pytest.fixture(scope="module")
def theirs() -> Iterator[str]:
    """A provider that others have written, in a process of its own."""
    with others() as url:
        yield url


def today() -> datetime:
    return datetime.now(UTC)


def late() -> datetime:
    return datetime.now(UTC) + timedelta(hours=2)


def finished(url: str, subject: str, now: Callable[[], datetime] = today, claim: str = "email") -> str:
    with known(url, now, claim) as ours:
        begun = ours.begin(CALLBACK)
        back = sign_in_at_others(begun.address, subject)
        assert back["state"] == begun.state
        return ours.finish(begun, CALLBACK, back["code"])


def test_the_provider_of_others_vouches_too(theirs: str) -> None:
    account(theirs, "ana", email=ANA, email_verified=True, employee_number="e-fr")
    assert finished(theirs, "ana") == ANA
    assert finished(theirs, "ana", claim="employee_number") == "e-fr"
    assert finished(theirs, "ana", claim="sub") == "ana"


def test_the_word_of_the_provider_of_others_grows_old(theirs: str) -> None:
    account(theirs, "ana", email=ANA)
    with pytest.raises(PermanentFailure, match=r"does not hold: .*expired"):
        finished(theirs, "ana", late)


def test_the_provider_of_others_does_not_vouch_for_what_it_has_not_verified(theirs: str) -> None:
    account(theirs, "sam", email=ANA, email_verified=False)
    with pytest.raises(PermanentFailure, match="has not verified"):
        finished(theirs, "sam")


def test_the_provider_of_others_takes_a_code_once(theirs: str) -> None:
    account(theirs, "ana", email=ANA)
    with known(theirs, today) as ours:
        begun = ours.begin(CALLBACK)
        back = sign_in_at_others(begun.address, "ana")
        assert ours.finish(begun, CALLBACK, back["code"]) == ANA
        with pytest.raises(PermanentFailure, match="invalid_grant"):
            ours.finish(begun, CALLBACK, back["code"])
    assert sign_in_at_others(begun.address, "ana", "deny")["error"] == "access_denied"
