"""Sign in from a post, by a link in a mail or at an identity provider; nobody comes in by anything else."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import urlencode, urljoin

import pytest
from httpx2 import Response

from diffuse.adapters.oidc import OpenIdProvider
from diffuse.adapters.sql.directory import SqlDirectory
from diffuse.errors import TransientFailure
from diffuse.services.identify import FOLLOWED_FOR, MOST_LINKS, SIGNED_IN
from diffuse.web.handshakes import LASTS
from diffuse.web.limits import AT_ONCE, SHARE, Limited, Limits
from tests.oidc import CLIENT, SECRET, Provider, provider
from tests.servers import free_port
from tests.suites.web.given import BASE, EMPLOYEES, Service, shown
from tests.suites.web.sign_in import STANDS, Door, door

ANA = "ariane@universite.example"
CALLBACK = "/oidc/callback"
COOKIE = "__Host-diffuse"
HANDSHAKE = "__Host-diffuse-oidc"


@pytest.fixture
def mail(service: Service) -> Iterator[Door]:
    """The service where links by mail are the only way."""
    one = door(service)
    with one.browser:
        yield one


def given(answer: Response, name: str = COOKIE) -> str:
    """Return the line that sets a cookie."""
    found = [line for line in answer.headers.get_list("set-cookie") if line.startswith(f"{name}=")]
    return found[0] if found else ""


def test_a_link_by_mail_opens_a_session_and_leads_back_to_the_post(mail: Door) -> None:
    assert mail.who() == "nobody"
    answer = mail.ask(ANA)
    assert (answer.status_code, answer.headers["location"]) == (303, "sign-in?sent")
    assert "Regardez votre courriel" in shown(mail.get(f"{mail.post}/sign-in?sent"))
    link = mail.link()
    assert re.fullmatch(r"/e/[A-Za-z0-9_-]{43}", link)
    assert "Continuer en tant que Ariane Côté" in shown(mail.get(link))
    answer = mail.press(link)
    assert (answer.status_code, answer.headers["location"]) == (303, f"../p/{mail.token}")
    assert urljoin(f"{BASE}{link}", answer.headers["location"]) == f"{BASE}{mail.post}"
    assert mail.who() == "e-fr by magic-link"


def test_the_cookie_is_held_to_this_host_to_https_and_out_of_scripts(mail: Door) -> None:
    cookie = given(mail.press(mail.link()))
    assert re.fullmatch(
        rf"{COOKIE}=[A-Za-z0-9_-]{{43}}; HttpOnly; Max-Age=28800; Path=/; SameSite=lax; Secure", cookie
    )


def test_the_letter_says_until_when_it_holds_and_what_to_do_if_nobody_asked(mail: Door) -> None:
    mail.ask(ANA)
    mail.ask("sam@universite.example", mail.english)
    french, english = mail.letters.sent
    assert (french.to, french.language, english.to, english.language) == (
        ANA,
        "fr",
        "sam@universite.example",
        "en",
    )
    assert french.reply_to == "communications@universite.example"
    assert french.text.startswith("Bonjour Ariane,\n")
    assert "valable 30 minutes, jusqu’à 10\u00a0h\u00a012" in french.text
    assert "Si vous n’avez rien demandé, ignorez ce courriel" in french.text
    assert "valid for 30 minutes, until 0:12" in english.text
    assert "If you did not ask for anything, ignore this mail" in english.text
    assert len({one.message_id for one in mail.letters.sent}) == 2


def test_looking_at_a_link_opens_nothing_however_often(mail: Door) -> None:
    link = mail.link()
    before = len(mail.service.rows("entry"))
    for method in ("GET", "HEAD", "OPTIONS"):
        for _ in range(3):
            assert not given(mail.browser.request(method, link, follow_redirects=False))
    assert mail.who() == "nobody"
    assert len(mail.service.rows("entry")) == before
    assert mail.press(link).status_code == 303


def test_a_link_may_be_followed_again_until_it_is_over(mail: Door) -> None:
    link = mail.link()
    mail.service.clock.advance(FOLLOWED_FOR - timedelta(seconds=1))
    for _ in range(3):
        assert mail.press(link).status_code == 303
    mail.service.clock.advance(timedelta(seconds=1))
    assert mail.get(link).status_code == 404
    assert mail.press(link, form="0" * 48, confirm="Continuer").status_code == 404
    assert mail.who() == "e-fr by magic-link"


def test_a_session_is_over_after_a_day_of_work(mail: Door) -> None:
    token = mail.press(mail.link()).cookies[COOKIE]
    mail.service.clock.advance(SIGNED_IN - timedelta(seconds=1))
    assert mail.who() == "e-fr by magic-link"
    mail.service.clock.advance(timedelta(seconds=1))
    mail.browser.cookies.set(COOKIE, token)
    assert mail.who() == "nobody"


def test_a_session_survives_that_the_service_starts_anew(mail: Door) -> None:
    mail.press(mail.link())
    again = door(mail.service)
    with again.browser:
        again.browser.cookies = mail.browser.cookies
        assert again.who() == "e-fr by magic-link"


def test_a_session_ends_with_the_work_of_its_employee(mail: Door) -> None:
    mail.press(mail.link())
    left = replace(EMPLOYEES["fr"], ends=date(2027, 1, 11))
    SqlDirectory(mail.service.engine).save([left, EMPLOYEES["en"]])
    assert mail.who() == "nobody"


def test_a_button_of_the_post_ends_the_session_for_good(mail: Door) -> None:
    token = mail.press(mail.link()).cookies[COOKIE]
    answer = mail.browser.post(f"{mail.post}/sign-out", data={"confirm": "Terminer"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"../{mail.token}")
    assert "Max-Age=0" in given(answer)
    assert mail.who() == "nobody"
    mail.browser.cookies.set(COOKIE, token)
    assert mail.who() == "nobody"


def test_signing_in_again_ends_the_session_before(mail: Door) -> None:
    first = mail.press(mail.link()).cookies[COOKIE]
    assert mail.press(mail.link("sam@universite.example")).cookies[COOKIE] != first
    assert mail.who() == "e-en by magic-link"
    mail.browser.cookies.clear()
    mail.browser.cookies.set(COOKIE, first)
    assert mail.who() == "nobody"


@pytest.mark.parametrize("forged", ["", "x", "a" * 43, "é" * 43, "a" * 4000, "null", "\u212a" * 43])
def test_a_forged_cookie_opens_nothing(mail: Door, forged: str) -> None:
    mail.press(mail.link())
    mail.browser.cookies.clear()
    assert mail.who(headers={"Cookie": f"{COOKIE}={forged}".encode()}) == "nobody"


def test_tokens_of_one_kind_open_nothing_of_another(mail: Door) -> None:
    link = mail.link().removeprefix("/e/")
    session = mail.press(f"/e/{link}").cookies[COOKIE]
    personal = mail.service.path("acknowledge").removeprefix("/a/")
    mail.browser.cookies.clear()
    for token in (link, personal, mail.token):
        assert mail.who(headers={"Cookie": f"{COOKIE}={token}"}) == "nobody"
    for token in (session, personal, mail.token):
        assert mail.get(f"/e/{token}").status_code == 404
    for token in (link, session, personal):
        assert mail.get(f"/p/{token}/sign-in").status_code == 404
    for token in (link, session, mail.token):
        assert mail.get(f"/a/{token}").status_code == 404
        assert mail.get(f"/m/{token}").status_code == 404
    assert mail.service.browser.get(f"/a/{mail.token}").status_code == 404


def test_a_cookie_without_its_prefix_is_not_ours(mail: Door) -> None:
    """Another host of the domain can set it."""
    token = mail.press(mail.link()).cookies[COOKIE]
    mail.browser.cookies.clear()
    assert mail.who(headers={"Cookie": f"diffuse={token}"}) == "nobody"


@pytest.mark.parametrize(
    "address",
    [
        "nobody@universite.example",
        "",
        "x",
        "'; --",
        "a" * 5000,
        "double@universite.example",
        "left@x.example",
    ],
)
def test_nobody_learns_which_addresses_are_known(mail: Door, address: str) -> None:
    double = [replace(EMPLOYEES["fr"], id=f"d{n}", email="double@universite.example") for n in (1, 2)]
    gone = replace(EMPLOYEES["fr"], id="gone", email="left@x.example", ends=date(2027, 1, 11))
    SqlDirectory(mail.service.engine).save([*EMPLOYEES.values(), *double, gone])
    right, wrong = mail.ask(ANA), mail.ask(address)
    assert (wrong.status_code, wrong.content) == (right.status_code, right.content)
    assert {**wrong.headers} == {**right.headers}
    assert [one.to for one in mail.letters.sent] == [ANA]


def test_the_answer_does_not_wait_for_the_directory_or_the_mail(mail: Door) -> None:
    """What is looked up and sent comes after the answer, so no time tells anything."""
    order: list[str] = []
    send_link = mail.identify.send_link

    def sends(address: str, post: str, language: str) -> None:
        order.append("looked up")
        send_link(address, post, language)

    mail.identify.send_link = sends  # type: ignore[method-assign]
    app = mail.browser.app

    async def watched(scope: object, receive: object, send: object) -> None:
        async def sent(message: dict[str, object]) -> None:
            order.append(str(message["type"]))
            await send(message)  # type: ignore[operator]

        await app(scope, receive, sent)  # type: ignore[arg-type]

    mail.browser.app = mail.browser._transport.app = watched  # type: ignore[attr-defined]
    mail.ask(ANA)
    assert order[-2:] == ["http.response.body", "looked up"]


def test_no_mailbox_is_filled(mail: Door) -> None:
    for _ in range(MOST_LINKS + 3):
        assert mail.ask(ANA).status_code == 303
    assert len(mail.letters.sent) == MOST_LINKS
    mail.ask("SAM@universite.example")
    assert len(mail.letters.sent) == MOST_LINKS + 1
    mail.service.clock.advance(FOLLOWED_FOR)
    mail.ask(ANA)
    assert len(mail.letters.sent) == MOST_LINKS + 2


def test_a_letter_that_cannot_be_sent_counts_for_nothing(mail: Door) -> None:
    mail.letters.fails = TransientFailure("the mail server is away")
    for _ in range(MOST_LINKS + 1):
        assert mail.ask(ANA).status_code == 303
    assert mail.service.rows("entry") == []
    mail.letters.fails = None
    assert mail.press(mail.link()).status_code == 303


@pytest.mark.parametrize(
    ("changes", "headers"),
    [
        ({"form": "0" * 48}, {}),
        ({"confirm": ""}, {}),
        ({"website": "https://spam.example"}, {}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({}, {"Origin": "https://evil.example"}),
    ],
)
def test_what_is_not_our_form_sends_no_link(
    mail: Door, changes: dict[str, str], headers: dict[str, str]
) -> None:
    mail.browser.headers.update(headers)
    answer = mail.ask(ANA, **changes)
    assert answer.status_code == 400
    assert 'href="sign-in"' in answer.text
    assert mail.letters.sent == []


@pytest.mark.parametrize(
    ("changes", "headers"),
    [({"form": "0" * 48}, {}), ({"confirm": ""}, {}), ({}, {"Sec-Fetch-Site": "cross-site"})],
)
def test_what_is_not_our_button_opens_no_session(
    mail: Door, changes: dict[str, str], headers: dict[str, str]
) -> None:
    link = mail.link()
    mail.browser.headers.update(headers)
    answer = mail.press(link, **changes)
    assert answer.status_code == 400
    assert not given(answer)
    assert mail.browser.post(link, content=b"{}").status_code == 400


def test_a_form_of_one_page_is_nothing_on_another(mail: Door) -> None:
    first, second = mail.link(), mail.link("sam@universite.example")
    stamp = re.search(r'name="form" value="([0-9a-f]+)"', mail.get(first).text)
    assert stamp is not None
    assert mail.press(second, form=stamp[1]).status_code == 400
    assert mail.ask(ANA, form=stamp[1]).status_code == 400


def test_no_link_leads_to_another_site(mail: Door) -> None:
    for path in (
        "/p/https:%2f%2fevil.example/sign-in",
        "/p/..%2f/sign-in",
        f"{mail.post}/sign-in?next=//evil.example",
    ):
        answer = mail.get(path)
        assert "evil" not in answer.text + str(answer.headers)
    link = mail.link()
    answer = mail.press(f"{link}?next=https://evil.example&back=//evil.example")
    assert answer.headers["location"] == f"../p/{mail.token}"


def test_pages_name_their_language_and_let_nothing_run(mail: Door) -> None:
    french, english = (mail.get(f"/p/{token}/sign-in") for token in (mail.token, mail.english))
    assert 'lang="fr"' in french.text
    assert "Dites-nous qui vous êtes" in shown(french)
    assert 'lang="en"' in english.text
    assert "Tell us who you are" in shown(english)
    for answer in (french, english, mail.get(mail.link())):
        assert "<script" not in answer.text
        assert "form-action 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


def test_a_name_is_shown_as_it_is_written(mail: Door) -> None:
    SqlDirectory(mail.service.engine).save([replace(EMPLOYEES["fr"], name="<b>Ariane</b> & Co")])
    assert "&lt;b&gt;Ariane&lt;/b&gt; &amp; Co" in mail.get(mail.link()).text


def test_the_log_holds_nothing_by_which_somebody_can_sign_in(mail: Door) -> None:
    link = mail.link()
    token = mail.press(link).cookies[COOKIE]
    log = mail.service.log.getvalue()
    assert link.removeprefix("/e/") not in log
    assert token not in log
    found = [json.loads(line) for line in log.splitlines()]
    assert ("entry", "/e/…") in {(line["purpose"], line["path"]) for line in found}


def test_a_link_is_refused_that_is_used_without_end(mail: Door) -> None:
    link = mail.link()
    answers = [mail.get(link).status_code for _ in range(AT_ONCE + 5)]
    assert answers == [200] * AT_ONCE + [429] * 5


def test_the_link_of_a_post_is_for_many_people_behind_one_address_and_no_flood_shuts_others_out(
    service: Service,
) -> None:
    limits = Limits(lambda: 0.0)
    limited = Limited(None, limits=limits, refusal=None)  # type: ignore[arg-type]

    def asks(address: str) -> bool:
        return limited._allows({"type": "http", "path": "/p/x", "client": (address, 1), "headers": []})

    many = int(AT_ONCE / SHARE)
    assert sum(asks("203.0.113.7") for _ in range(many + 100)) in {many - 1, many}
    assert asks("203.0.113.8")


def test_without_a_way_to_sign_in_the_page_says_so(service: Service) -> None:
    closed = door(service, links=False)
    with closed.browser:
        answer = closed.get(f"{closed.post}/sign-in")
        assert "Cette page ne permet pas de se connecter" in shown(answer)
        assert "<form" not in answer.text
        assert closed.browser.post(f"{closed.post}/link", data={"address": ANA}).status_code == 404
        assert closed.get(f"{closed.post}/oidc").status_code == 404
        assert closed.get("/oidc/callback").status_code == 404


def test_what_leads_nowhere_is_told_like_everything_else_that_does(mail: Door) -> None:
    nowhere = mail.get("/a/x")
    for path in (f"/e/{'a' * 43}", "/p/x/sign-in", "/p/x/oidc", f"{mail.post}/nothing"):
        answer = mail.get(path)
        assert (answer.status_code, answer.content) == (404, nowhere.content)
    for path in ("/p/x/link", "/p/x/sign-out", f"/e/{'a' * 43}"):
        assert mail.browser.post(path, data={"confirm": "x"}).status_code == 404


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE"])
def test_other_methods_change_nothing(mail: Door, method: str) -> None:
    mail.press(mail.link())
    before = mail.service.rows("entry")
    for path in ("/sign-in", "/link", "/sign-out", "/oidc"):
        assert not given(mail.browser.request(method, f"{mail.post}{path}", follow_redirects=False))
    assert mail.service.rows("entry") == before
    assert mail.who() == "e-fr by magic-link"


# --- an identity provider ---------------------------------------------------------------------------


@pytest.fixture
def there(service: Service) -> Iterator[Provider]:
    with provider(service.clock.now) as one:
        yield one


@pytest.fixture
def office(service: Service, there: Provider) -> Iterator[Door]:
    """The service with an identity provider beside the links."""
    ours = OpenIdProvider(there.url, CLIENT, SECRET, now=service.clock.now)
    one = door(service, provider=ours)
    with one.browser:
        yield one
    ours.close()


def back(office: Door, there: Provider, email: str = ANA) -> dict[str, str]:
    """Begin at the service, sign in at the provider; return what the browser brings back."""
    answer = office.get(f"{office.post}/oidc")
    assert answer.status_code == 302
    return there.signs_in(answer.headers["location"], email=email)


def test_whoever_signs_in_at_the_provider_comes_back_to_the_post(office: Door, there: Provider) -> None:
    page = office.get(f"{office.post}/sign-in")
    assert 'href="oidc"' in page.text
    answer = office.get(f"{CALLBACK}?{urlencode(back(office, there))}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"../p/{office.token}")
    assert given(answer).startswith(f"{COOKIE}=")
    assert "Max-Age=0" in given(answer, HANDSHAKE)
    assert office.who() == "e-fr by oidc"


def test_the_provider_is_reached_by_a_link_which_no_policy_of_forms_holds_back(office: Door) -> None:
    page = office.get(f"{office.post}/sign-in").text
    assert re.search(r'<a class="button" href="oidc"', page)
    assert 'action="oidc"' not in page


def test_what_the_browser_keeps_meanwhile_is_ours_and_short_lived(office: Door) -> None:
    line = given(office.get(f"{office.post}/oidc"), HANDSHAKE)
    assert line.endswith("; HttpOnly; Max-Age=3600; Path=/; SameSite=lax; Secure")


@pytest.mark.parametrize("state", ["", "another", "é", None])
def test_an_answer_with_another_state_signs_nobody_in(
    office: Door, there: Provider, state: str | None
) -> None:
    brought = back(office, there)
    brought.pop("state")
    answer = office.get(f"{CALLBACK}?{urlencode({**brought, **({} if state is None else {'state': state})})}")
    assert answer.status_code == 400
    assert "a commencé dans une autre fenêtre" in shown(answer)
    assert f'href="../p/{office.token}/oidc"' in answer.text
    assert not given(answer)
    assert "/token" not in there.asked
    assert office.who() == "nobody"


def test_an_answer_to_another_browser_signs_nobody_in(office: Door, there: Provider) -> None:
    """Nobody can make another person's browser come back with an answer of their own."""
    brought = back(office, there)
    office.browser.cookies.clear()
    answer = office.get(f"{CALLBACK}?{urlencode(brought)}")
    assert answer.status_code == 404
    assert not given(answer)
    office.get(f"{office.post}/oidc")
    assert office.get(f"{CALLBACK}?{urlencode(brought)}").status_code == 400
    assert office.who() == "nobody"


def test_an_answer_counts_once(office: Door, there: Provider) -> None:
    brought = back(office, there)
    kept = office.browser.cookies[HANDSHAKE]
    office.get(f"{CALLBACK}?{urlencode(brought)}")
    assert office.get(f"{CALLBACK}?{urlencode(brought)}").status_code == 404
    office.browser.cookies.clear()
    office.browser.cookies.set(HANDSHAKE, kept)
    answer = office.get(f"{CALLBACK}?{urlencode(brought)}")
    assert answer.status_code == 403
    assert "n’a pas confirmé qui vous êtes" in shown(answer)
    assert not given(answer)


def test_an_answer_that_comes_too_late_is_told_so_and_begins_again(office: Door, there: Provider) -> None:
    brought = back(office, there)
    office.service.clock.advance(LASTS + timedelta(seconds=1))
    answer = office.get(f"{CALLBACK}?{urlencode(brought)}")
    assert answer.status_code == 400
    assert "La connexion a duré trop longtemps" in shown(answer)
    assert "Max-Age=0" in given(answer, HANDSHAKE)


def test_what_the_browser_keeps_cannot_be_changed(office: Door, there: Provider) -> None:
    brought = back(office, there)
    state, nonce, verifier, post, stamp = office.browser.cookies[HANDSHAKE].split(".")
    for changed in (
        (state, nonce, verifier, office.english, stamp),
        ("x", nonce, verifier, post, stamp),
        (state, nonce, verifier, post, "0" * 48),
        (state, nonce, verifier, "//evil.example", stamp),
        (state, nonce, stamp),
        ("",),
    ):
        office.browser.cookies.clear()
        office.browser.cookies.set(HANDSHAKE, ".".join(changed))
        assert office.get(f"{CALLBACK}?{urlencode({**brought, 'state': 'x'})}").status_code == 404
    assert office.who() == "nobody"


def test_an_answer_in_the_name_of_another_provider_signs_nobody_in(office: Door, there: Provider) -> None:
    brought = {**back(office, there), "iss": "https://other.example"}
    assert office.get(f"{CALLBACK}?{urlencode(brought)}").status_code == 403
    assert "/token" not in there.asked


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"nonce": "another"}, "nonce"), ({"aud": "other"}, "aud"), ({"exp": 1}, "expired")],
)
def test_a_word_that_does_not_hold_signs_nobody_in_and_the_log_says_why(
    office: Door, there: Provider, changes: dict[str, object], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    there.changes = changes
    answer = office.get(f"{CALLBACK}?{urlencode(back(office, there))}")
    assert answer.status_code == 403
    assert "n’a pas confirmé qui vous êtes" in shown(answer)
    assert said in caplog.text
    assert office.who() == "nobody"


@pytest.mark.parametrize(
    ("error", "status"),
    [("access_denied", 403), ("<script>", 403), ("temporarily_unavailable", 503), ("server_error", 503)],
)
def test_a_provider_that_signs_nobody_in_is_told_of(
    office: Door, there: Provider, error: str, status: int
) -> None:
    brought = back(office, there)
    answer = office.get(f"{CALLBACK}?{urlencode({'error': error, 'state': brought['state']})}")
    assert answer.status_code == status
    assert "La connexion n’a pas abouti" in shown(answer)
    assert "<script" not in answer.text


def test_while_the_provider_is_away_links_by_mail_still_work(service: Service) -> None:
    ours = OpenIdProvider(f"http://127.0.0.1:{free_port()}", CLIENT, SECRET, now=service.clock.now)
    away = door(service, provider=ours)
    with away.browser:
        answer = away.get(f"{away.post}/oidc")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
        assert "Le service de connexion de l’établissement ne répond pas" in shown(answer)
        assert 'action="link"' in answer.text
        assert away.who() == "nobody"
        assert away.press(away.link()).status_code == 303
        assert away.who() == "e-fr by magic-link"
    ours.close()


def test_a_provider_that_goes_away_meanwhile_is_told_of(office: Door, there: Provider) -> None:
    brought = back(office, there)
    there.lies = "busy"
    answer = office.get(f"{CALLBACK}?{urlencode(brought)}")
    assert answer.status_code == 503
    assert f'action="../p/{office.token}/link"' in answer.text
    there.lies = ""


@pytest.mark.parametrize(
    ("employee", "said"),
    [
        ({"id": "e-2", "email": "Ariane@Universite.example"}, "Plusieurs personnes"),
        ({"id": "e-fr", "ends": date(2027, 1, 11)}, "votre dernier jour de travail est passé"),
        ({"id": "e-fr", "email": "another@universite.example"}, "ne connaît pas le compte"),
    ],
)
def test_somebody_who_is_not_one_employee_is_told_so(
    office: Door, there: Provider, employee: dict[str, object], said: str
) -> None:
    changed = replace(EMPLOYEES["fr"], **employee)  # type: ignore[arg-type]
    SqlDirectory(office.service.engine).save(
        list({one.id: one for one in (EMPLOYEES["fr"], changed)}.values())
    )
    answer = office.get(f"{CALLBACK}?{urlencode(back(office, there))}")
    assert answer.status_code == 403
    assert said in shown(answer)
    assert ANA not in answer.text
    assert office.who() == "nobody"


def test_an_address_that_passed_on_identifies_whoever_has_it_now(office: Door, there: Provider) -> None:
    before = replace(EMPLOYEES["fr"], id="before", ends=date(2027, 1, 11))
    SqlDirectory(office.service.engine).save([before, EMPLOYEES["fr"]])
    office.get(f"{CALLBACK}?{urlencode(back(office, there))}")
    assert office.who() == "e-fr by oidc"


def test_the_last_day_of_work_is_that_of_the_employee(office: Door, there: Provider) -> None:
    """In Tokyo it is the day after already."""
    for ends, status in ((date(2027, 1, 12), 303), (date(2027, 1, 11), 403)):
        SqlDirectory(office.service.engine).save([replace(EMPLOYEES["en"], ends=ends)])
        brought = back(office, there, email="sam@universite.example")
        assert office.get(f"{CALLBACK}?{urlencode(brought)}").status_code == status
    office.service.clock.advance(timedelta(hours=1))
    SqlDirectory(office.service.engine).save([replace(EMPLOYEES["en"], ends=date(2027, 1, 12))])
    brought = back(office, there, email="sam@universite.example")
    assert office.get(f"{CALLBACK}?{urlencode(brought)}").status_code == 403


def test_looking_ahead_spends_no_code(office: Door, there: Provider) -> None:
    brought = back(office, there)
    for method in ("HEAD", "OPTIONS"):
        office.browser.request(method, f"{CALLBACK}?{urlencode(brought)}", follow_redirects=False)
    assert "/token" not in there.asked
    assert office.get(f"{CALLBACK}?{urlencode(brought)}").status_code == 303
    assert not given(office.browser.head(f"{office.post}/oidc", follow_redirects=False), HANDSHAKE)


def test_the_callback_leads_to_our_posts_alone(office: Door, there: Provider) -> None:
    brought = {**back(office, there), "next": "https://evil.example", "redirect_uri": "//evil.example"}
    answer = office.get(f"{CALLBACK}?{urlencode(brought)}")
    assert answer.headers["location"] == f"../p/{office.token}"


def test_an_erased_person_is_nobody(office: Door, there: Provider) -> None:
    SqlDirectory(office.service.engine).save(
        [replace(EMPLOYEES["fr"], id="~" + "a" * 32, name="—", email="gone@erased.invalid")]
    )
    answer = office.get(f"{CALLBACK}?{urlencode(back(office, there, email='gone@erased.invalid'))}")
    assert answer.status_code == 403


def test_whoever_does_not_sign_in_finds_back_to_the_intranet(mail: Door) -> None:
    assert f'<a href="{STANDS}">Revenir au message</a>' in mail.browser.get(f"/p/{mail.token}/sign-in").text
