"""Announcements in Teams, Slack, Mattermost and Google Chat, against strict servers of our own."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffuse.adapters.platforms.chat import Chat
from diffuse.adapters.platforms.google_chat import GoogleChat
from diffuse.adapters.platforms.mattermost import Mattermost
from diffuse.adapters.platforms.slack import Slack
from diffuse.adapters.platforms.teams import Teams
from diffuse.domain.post import Post, Posted, Refused, Retry, Unsure
from diffuse.errors import AuthoringError
from tests.suites.platforms.chat_servers import (
    CHATS,
    GOOGLE_CHAT,
    MATTERMOST,
    SLACK,
    TEAMS,
    ChatServer,
    chat_server,
)
from tests.suites.platforms.hook_server import Reply

URL = "https://chat.exemple.test/hook"
NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
POST = Post(
    key="acces-2026-fr-1",
    title="Les accès, l’été : à qui les confier ?",
    html="<p>Ne prêtez <strong>jamais</strong> votre accès.</p>"
    "<ul><li>ni à un collègue</li><li>ni à l’ami</li></ul>"
    '<p><a href="https://intranet.exemple.test/p?a=1&amp;b=2">La politique</a></p>',
    text="Ne prêtez jamais votre accès.",
    language="fr",
    publish_at=NOW,
    url="https://suivi.exemple.test/p/abc",
)
HOSTILE = (
    "<script>alert(1)</script><p onclick='x()'>Salut @all @channel @here @everyone @jean.tremblay,"
    " &lt;!channel&gt; &lt;users/all&gt; &lt;@U123&gt;</p>"
    "<p>*a* _b_ `c` [d](javascript:e) ~f~ {{DATE(g)}} &lt;b&gt;h&lt;/b&gt; \\</p>"
    "<p># i</p><p>1. j</p><p>- k</p><p>écrire à prevention@exemple.test, https://exemple.test/@all/a_b.</p>"
    "<blockquote><p>l</p></blockquote><pre>m\n n</pre><h2>o <strong>p</strong></h2>q<br>r<hr><em> s </em>"
)


@pytest.fixture(scope="module", params=list(CHATS))
def running(request: pytest.FixtureRequest) -> Iterator[ChatServer]:
    with chat_server(CHATS[request.param]) as server:
        yield server


@pytest.fixture
def server(running: ChatServer) -> ChatServer:
    running.empty()
    return running


@pytest.fixture
def chat(server: ChatServer) -> Iterator[Chat]:
    with_clock = server.recipe()
    built = replace(with_clock, arguments={**with_clock.arguments, "now": lambda: NOW}).build()
    assert isinstance(built, Chat)
    yield built
    built.close()


def test_an_announcement_stands_in_the_chat_with_its_button(server: ChatServer, chat: Chat) -> None:
    answer = chat.post(POST)
    assert isinstance(answer, Posted)
    (seen,) = server.seen
    assert seen.title == POST.title
    for words in ("jamais", "ni à un collègue", "ni à l’ami", "La politique"):
        assert words in seen.content
    if server.contract is not MATTERMOST:
        assert seen.content.endswith(f"Lire et confirmer {POST.url}")


def test_a_chat_has_its_own_name_unless_another_is_given(server: ChatServer, chat: Chat) -> None:
    recipe = server.recipe()
    other = replace(recipe, arguments={**recipe.arguments, "name": "crise"}).build()
    assert (CHATS[chat.name], other.name) == (server.contract, "crise")


def test_google_names_the_message_that_it_made() -> None:
    with chat_server(GOOGLE_CHAT) as server:
        space = server.recipe().build()
        server.replies[:] = [Reply.of({"space": "AAAAxYz"}), Reply.of([])]
        for _ in range(2):
            assert isinstance(space.post(POST), Unsure)


def test_labels_follow_the_language(server: ChatServer, chat: Chat) -> None:
    chat.post(replace(POST, language="en", html=f"<p>{'Word ' * 9000}</p>"))
    (seen,) = server.seen
    assert "Read the rest" in seen.content
    assert ("Read and confirm" in seen.content) == (server.contract is not MATTERMOST)


def test_what_is_looked_at_is_what_is_sent(server: ChatServer, chat: Chat) -> None:
    dressed = chat.dress(POST)
    assert server.bodies == []
    chat.post(POST)
    assert json.loads(dressed.content) == json.loads(server.bodies[0])
    assert dressed.media_type == "application/json"
    assert "\n  " in dressed.content


def test_nothing_hostile_gets_through_and_nobody_is_called(server: ChatServer, chat: Chat) -> None:
    answer = chat.post(replace(POST, html=HOSTILE, title="@all <!channel> <users/all> *x* _y_ {{DATE(z)}}"))
    assert isinstance(answer, Posted), answer
    (seen,) = server.seen
    assert "alert" not in seen.content
    assert "prevention@exemple.test" in seen.content
    assert "*a* _b_ `c` [d](javascript:e) ~f~" in seen.content


@pytest.mark.parametrize(
    "html",
    [
        "<p>mot é & plus </p>" * 2500,
        f"<p>{'mot é &amp; plus ' * 4000}</p>",
        f"<p><strong>{'é&lt;' * 10_000}</strong></p>",
        f"<ul>{'<li>règle_</li>' * 6000}</ul>",
        f'<p><a href="https://exemple.test/{"a" * 5000}">là</a></p>' * 40,
        f"<blockquote>{'<p>a<br>b</p>' * 3000}</blockquote>",
    ],
)
def test_a_long_text_is_shortened_and_leads_to_the_rest(server: ChatServer, chat: Chat, html: str) -> None:
    answer = chat.post(replace(POST, html=html))
    assert isinstance(answer, Posted), answer
    (seen,) = server.seen
    assert "… Lire la suite" in seen.content
    assert len(seen.content) > 2000


def test_a_long_text_without_an_address_ends_with_an_ellipsis(server: ChatServer, chat: Chat) -> None:
    chat.post(replace(POST, html=f"<p>{'mot ' * 9000}</p>", url=""))
    (seen,) = server.seen
    assert seen.content.rstrip().endswith("…")


@pytest.mark.parametrize("length", [149, 150, 151, 400, 1999])
def test_a_long_title_survives(server: ChatServer, chat: Chat, length: int) -> None:
    title = ("Été & hiver " * 200)[:length].strip() + "."
    assert isinstance(chat.post(replace(POST, title=title)), Posted)
    assert [seen.title for seen in server.seen] == [title]


def test_nothing_is_shown_before_its_time(server: ChatServer, chat: Chat) -> None:
    answer = chat.post(replace(POST, publish_at=NOW + timedelta(hours=2)))
    assert isinstance(answer, Retry)
    assert answer.after == timedelta(hours=2)
    assert server.bodies == []


def test_a_wrong_address_is_a_refusal_in_the_chats_own_words(server: ChatServer) -> None:
    answer = server.recipe(credentials="bad").build().post(POST)
    assert isinstance(answer, Refused)
    assert f"{server.contract.denied.status}" in answer.reason
    told = server.contract.denied.body.decode()
    own = (
        told
        if told.isidentifier()
        else json.loads(told).get("message") or json.loads(told)["error"]["message"]
    )
    assert own in answer.reason


def test_the_address_is_shown_nowhere(
    server: ChatServer, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = server.recipe().arguments["url"]
    target = url.removeprefix(server.address)
    told = f"no webhook {url}, that is {target}: {' '.join(target.replace('=', '/').split('/'))}"
    server.refusals[:] = [
        Reply.of({"message": told}, 422),
        Reply(status=302, headers={"Location": "/"}),
        Reply(status=0),
    ]
    answers = [chat.post(POST) for _ in range(4)]
    assert [type(answer) for answer in answers] == [Refused, Refused, Unsure, Posted]
    shown = f"{answers} {chat!r} {vars(chat)} {caplog.text}"
    for secret in ("XxSlackTokenXx", "s1gnature", "w7h5fnjb", "t0ken", "AIzaSyKey0"):
        assert secret not in shown
    assert "HTTP Request" in caplog.text


def test_a_chat_that_asks_us_to_wait_is_left_alone_for_as_long(server: ChatServer, chat: Chat) -> None:
    busy = Reply.of({"error": {"code": 429, "message": "Resource has been exhausted"}}, 429)
    server.refusals[:] = [replace(busy, headers={"Retry-After": "37"}), busy]
    answer = chat.post(POST)
    assert answer == Retry(timedelta(seconds=37), "429 Too Many Requests: Resource has been exhausted")
    assert isinstance(chat.post(POST), Retry)
    assert server.posts() == []


@pytest.mark.parametrize("reply", [Reply(status=0), Reply.word("rollup_error", 500), Reply.of({}, 504)])
def test_a_lost_answer_stays_unsure(server: ChatServer, chat: Chat, reply: Reply) -> None:
    server.replies[:] = [reply]
    answer = chat.post(POST)
    assert isinstance(answer, Unsure)
    assert "cannot be asked" in answer.reason
    assert len(server.posts()) == 1


def test_a_slow_chat_is_unsure(server: ChatServer) -> None:
    server.replies[:] = [Reply(after=1)]
    assert isinstance(server.recipe().patient_for(0.3).build().post(POST), Unsure)


def test_a_chat_that_is_not_there_is_asked_later(server: ChatServer) -> None:
    answer = server.recipe("http://127.0.0.1:1").build().post(POST)
    assert isinstance(answer, Retry)


def test_nobody_knows_what_stands_there_after_an_answer_of_another_product(
    server: ChatServer, chat: Chat
) -> None:
    server.replies[:] = [Reply.word("<html>Bienvenue</html>", media_type="text/html")]
    answer = chat.post(POST)
    assert isinstance(answer, Unsure)
    assert "not that of this platform" in answer.reason


def test_nothing_can_be_asked_changed_or_taken_back(server: ChatServer, chat: Chat) -> None:
    assert isinstance(chat.lookup(POST.key), Unsure)
    assert chat.update(POST) == Refused(
        "a message in a chat cannot be changed; publish a new one that says what is new"
    )
    assert isinstance(chat.withdraw(POST.key), Refused)
    assert server.bodies == []


def test_google_makes_no_second_message_for_the_same_key() -> None:
    with chat_server(GOOGLE_CHAT) as server:
        space = server.recipe().build()
        server.replies[:] = [Reply(status=0)]
        assert isinstance(space.post(POST), Unsure)
        assert space.post(POST) == Posted("spaces/AAAAxYz/messages/m1.m1", "")
        assert len(server.posts()) == 1
        space.close()


@pytest.mark.parametrize(
    ("word", "status", "remedy"),
    [
        ("channel_is_archived", 410, "bring it back"),
        ("posting_to_general_channel_denied", 403, "few may"),
        ("action_prohibited", 403, "an administrator"),
        ("user_not_found", 400, ""),
    ],
)
def test_slacks_words_are_kept_and_come_with_a_remedy(word: str, status: int, remedy: str) -> None:
    with chat_server(SLACK) as server:
        server.refusals[:] = [Reply.word(word, status, media_type="text/html")]
        answer = server.recipe().build().post(POST)
    assert isinstance(answer, Refused)
    assert answer.reason.startswith(f"Slack refuses it: {status} {word}")
    assert remedy in answer.reason


def test_a_mattermost_without_webhooks_refuses() -> None:
    with chat_server(MATTERMOST) as server:
        told = {"id": "web.incoming_webhook.disabled.app_error", "message": "Incoming webhooks are disabled."}
        server.refusals[:] = [Reply.of(told, 501)]
        answer = server.recipe().build().post(POST)
    assert answer == Refused("501 Not Implemented: Incoming webhooks are disabled.")


def test_a_page_in_place_of_slacks_word_is_not_repeated() -> None:
    with chat_server(SLACK) as server:
        server.refusals[:] = [Reply.word("<html>Not here</html>", 404, media_type="text/html")]
        assert server.recipe().build().post(POST) == Refused("404 Not Found")


@pytest.mark.parametrize(
    "url", ["", "hooks.slack.test/x", "ftp://a.test/T0KEN", "https:///T0KEN", "https://[T0KEN"]
)
def test_what_is_no_address_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(AuthoringError, match="cannot be read") as caught:
        Slack(url)
    assert "T0KEN" not in str(caught.value)


def test_a_name_and_a_password_in_an_address_are_used_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with chat_server(TEAMS) as server:
        url = server.recipe().arguments["url"].replace("http://", "http://marie:S3cr%C3%A8t@")
        assert isinstance(Teams(url).post(POST), Posted)
    assert "S3cr" not in caplog.text


CHAT = {
    "teams": Teams(URL),
    "slack": Slack(URL),
    "mattermost": Mattermost(URL),
    "google-chat": GoogleChat(URL),
}
TAGS = (
    "p /p strong /strong em /em ul /ul ol /ol li /li blockquote /blockquote h2 /h2 pre /pre br hr /a script"
)
LINKS = ("https://a.test/(x_y)|z", "mailto:a@b.test", "/c", "javascript:d")
SIGNS = "aé \n*_`[]()<>#|~!{}\\&@."
FRAGMENTS = st.lists(
    st.one_of(
        st.sampled_from([f"<{tag}>" for tag in TAGS.split()]),
        st.sampled_from([f'<a href="{link}">' for link in LINKS]),
        st.sampled_from(["@all", "https://a.test/@b_c", "1. ", "- ", "&lt;!here&gt;", "&lt;users/all&gt;"]),
        st.text(alphabet=SIGNS, max_size=8),
    ),
    max_size=30,
)


@given(FRAGMENTS, st.text(alphabet=SIGNS.replace("\n", ""), max_size=40))
def test_whatever_a_post_holds_is_taken_by_every_chat_and_calls_nobody(html: list[str], title: str) -> None:
    post = replace(POST, html="".join(html), title=f"T{title}")
    for name, contract in CHATS.items():
        chat = CHAT[name]
        contract.read(chat.dress(post).content.encode())
