"""Teams, Slack, Mattermost and Google Chat of our own, as strict as their published contracts.

* Teams: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
  (28 KB, Adaptive Cards only) and https://adaptivecards.io/explorer; the markup is that of
  https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format.
* Slack: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks,
  https://docs.slack.dev/reference/block-kit/blocks and
  https://docs.slack.dev/messaging/formatting-message-text; the refusals are those of
  https://api.slack.com/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks.
* Mattermost: https://developers.mattermost.com/integrate/webhooks/incoming.
* Google Chat: https://developers.google.com/workspace/chat/quickstart/webhooks and
  https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.suites.platforms.hook_server import Reply, Wrong, keys, listening
from tests.suites.platforms.rig import Recipe, Seen

PING = re.compile(r"(?<![\w.%+-])@[^\W_]|<!|<@|<users/")
"""What calls people, in one chat or another."""


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What one chat wants."""

    adapter: str
    path: str
    wrong_path: str
    read: Callable[[bytes], Seen]
    """Makes a message of a body; ValueError for what the chat would not take."""
    taken: Callable[[int], Reply]
    """What it answers to a message, by its number."""
    denied: Reply
    refused: Callable[[str], Reply]


@dataclass(kw_only=True)
class ChatServer:
    """A place in a chat; it is its own rig."""

    contract: Contract
    address: str = ""
    looks_up: bool = False
    changes: bool = False
    cleans: bool = False
    seen: list[Seen] = field(default_factory=list)
    """What stands in the chat, as people see it."""
    requests: dict[str, int] = field(default_factory=dict)
    """The number of the message for each ``requestId``."""
    bodies: list[bytes] = field(default_factory=list)
    """Every body, taken or not."""
    replies: list[Reply] = field(default_factory=list)
    """What the next requests are answered, after they were taken."""
    refusals: list[Reply] = field(default_factory=list)
    """What the next requests are answered, without being taken."""

    def recipe(self, address: str = "", *, credentials: str = "good") -> Recipe:
        """Say how the adapter is put together."""
        path = self.contract.path if credentials == "good" else self.contract.wrong_path
        url = f"{address or self.address}{path}"
        return Recipe(adapter=f"diffuse.adapters.platforms.{self.contract.adapter}", arguments={"url": url})

    def posts(self) -> Sequence[Seen]:
        """Return what stands in the chat, as HTML."""
        return [Seen(title=one.title, content=escape(one.content, quote=False)) for one in self.seen]

    def empty(self) -> None:
        """Take every message away."""
        for memory in (self.seen, self.requests, self.bodies, self.replies, self.refusals):
            memory.clear()

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Take a request."""
        self.bodies.append(body)
        if self.refusals:
            return self.refusals.pop(0)
        given, wanted = urlsplit(path), urlsplit(self.contract.path)
        query = parse_qs(given.query)
        request = query.pop("requestId", [""])[0]
        if given.path != wanted.path or query != parse_qs(wanted.query):
            return self.contract.denied
        if headers.get("content-type") != "application/json":
            return self.contract.refused("application/json is expected")
        try:
            message = self.contract.read(body)
        except ValueError as error:
            raise Wrong(self.contract.refused(f"{error}")) from None
        number = self._number(request, message)
        return self.replies.pop(0) if self.replies else self.contract.taken(number)

    def _number(self, request: str, message: Seen) -> int:
        if request in self.requests:
            return self.requests[request]
        self.seen.append(message)
        if request:
            self.requests[request] = len(self.seen)
        return len(self.seen)


def _fits(size: int, most: int, what: str) -> None:
    if not 0 < size <= most:
        raise ValueError(f"{what} has {size}, and 1 to {most} are allowed")


def _silent(text: str) -> str:
    if PING.search(text):
        raise ValueError(f"this calls people: {text!r:.200}")
    return text


def _address(url: str, most: int = 3000) -> str:
    _fits(len(url), most, "an address")
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url!r} is no address")
    return url


# Markdown: Teams and Mattermost.

ESCAPE = re.compile(r"\\([\\`*_\[\]{}<>#|~!+=.)-])")
LINK = re.compile(r"\[([^\[\]]*)\]\((?:https?://|mailto:)[^\s()<>\[\]*`]+\)")
HIDDEN = 0xE000
"""Where escaped characters are kept while the marks are read."""


def _plain(text: str) -> str:
    """Return what people see of Markdown; what is not escaped and no mark is a mistake."""
    text = ESCAPE.sub(lambda found: chr(HIDDEN + ord(found[1])), text)
    text = LINK.sub(r"\1", text)
    text = re.sub(r"\*\*(?=\S)(.+?)(?<=\S)\*\*", r"\1", text, flags=re.DOTALL)
    text = re.sub(r"\*(?=\S)(.+?)(?<=\S)\*", r"\1", text, flags=re.DOTALL)
    if found := re.search(r"[*_`\[\]<>]", re.sub(r"(?m)^\s*(?:\d+\. |- )*(?:> )+", "", text)):
        raise ValueError(f"a mark is not escaped: {text[max(0, found.start() - 20) : found.end() + 20]!r}")
    return _silent(re.sub("[\ue000-\ue0ff]", lambda found: chr(ord(found[0]) - HIDDEN), text))


def _teams(body: bytes) -> Seen:
    _fits(len(body), 28 * 1024, "the message")
    message = keys(json.loads(body), {"type", "attachments"})
    (attachment,) = message["attachments"]
    keys(attachment, {"contentType", "content"}, {"contentUrl"})
    if (message["type"], attachment["contentType"]) != ("message", "application/vnd.microsoft.card.adaptive"):
        raise ValueError("an Adaptive Card is expected")
    card = keys(attachment["content"], {"type", "version", "body"}, {"$schema", "lang", "actions"})
    if (card["type"], card["version"]) != ("AdaptiveCard", "1.4") or card["lang"] not in {"fr", "en"}:
        raise ValueError("an AdaptiveCard 1.4 is expected")
    texts = [_text_block(block) for block in card["body"]]
    for action in card.get("actions", []):
        keys(action, {"type", "title", "url"})
        texts.append(f"{action['title']} {_address(action['url'])}")
    if card["body"][0].get("style") != "heading":
        raise ValueError("the title is no heading")
    return Seen(title=texts[0], content="\n".join(texts[1:]))


def _text_block(block: dict[str, Any]) -> str:
    keys(block, {"type", "text", "wrap"}, {"style", "size", "weight"})
    if block["type"] != "TextBlock" or block["wrap"] is not True or "{{" in block["text"]:
        raise ValueError(f"a TextBlock that wraps, without functions, is expected: {block!r:.200}")
    return _plain(block["text"])


def _mattermost(body: bytes) -> Seen:
    text = keys(json.loads(body), {"text"})["text"]
    _fits(len(text), 16_383, "the text")
    title, _, rest = text.partition("\n\n")
    if not title.startswith("#### "):
        raise ValueError("the title is no heading")
    return Seen(title=_plain(title.removeprefix("#### ")), content=_plain(rest))


# Slack.


def _slack(body: bytes) -> Seen:
    message = keys(json.loads(body), {"text", "blocks"})
    _fits(len(message["text"]), 40_000, "the text")
    _mrkdwn(message["text"])
    _fits(len(message["blocks"]), 50, "the list of blocks")
    header, *rest = message["blocks"]
    if keys(header, {"type", "text"})["type"] != "header":
        raise ValueError("a header is expected")
    title = _plain_text(header["text"], 150)
    texts = [_block(block) for block in rest]
    if title.endswith("…"):
        title = texts.pop(0).strip("*")
    return Seen(title=title, content="\n".join(texts))


def _block(block: dict[str, Any]) -> str:
    if block["type"] == "section":
        text = keys(keys(block, {"type", "text"})["text"], {"type", "text", "verbatim"})
        _fits(len(text["text"]), 3000, "the text of a section")
        if text["type"] != "mrkdwn" or text["verbatim"] is not True:
            raise ValueError("mrkdwn is expected, in which nothing is looked for")
        return _mrkdwn(text["text"])
    if block["type"] != "actions":
        raise ValueError(f"unknown block {block['type']!r}")
    (button,) = keys(block, {"type", "elements"})["elements"]
    keys(button, {"type", "text", "action_id"}, {"url", "style"})
    return f"{_plain_text(button['text'], 75)} {_address(button['url'])}"


def _plain_text(text: dict[str, Any], most: int) -> str:
    keys(text, {"type", "text"}, {"emoji"})
    _fits(len(text["text"]), most, "a plain text")
    if text["type"] != "plain_text":
        raise ValueError("plain_text is expected")
    return _silent(f"{text['text']}")


def _mrkdwn(text: str) -> str:
    """Return what people see; three characters are escaped, and a link is all that stands in angles."""
    bare = re.sub(r"<((?:https?|mailto):[^<>|\s]+)\|([^<>]*)>", r"\2", text)
    _silent(bare)
    if re.search(r"[<>]|&(?!amp;|lt;|gt;)", bare):
        raise ValueError(f"not escaped: {bare!r:.200}")
    return bare.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


# Google Chat.


class _Card(HTMLParser):
    """Reads the little HTML that the text of a card may hold."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        allowed = {"a": {"href"}}.get(tag, set())
        if tag not in {"a", "b", "i", "br"} or {name for name, _ in attrs} != allowed:
            raise ValueError(f"<{tag}> is not expected in a card")
        self.text += "\n" if tag == "br" else ""
        self.open += [] if tag == "br" else [tag]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise ValueError(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.text += data


def _google(body: bytes) -> Seen:
    _fits(len(body), 32_000, "the message")
    message = keys(json.loads(body), {"cardsV2"}, {"fallbackText"})
    _silent(message["fallbackText"])
    (one,) = message["cardsV2"]
    (section,) = keys(keys(one, {"cardId", "card"})["card"], {"sections"})["sections"]
    title, *texts = [_widget(widget) for widget in keys(section, {"widgets"})["widgets"]]
    return Seen(title=title, content="\n".join(texts))


def _widget(widget: dict[str, Any]) -> str:
    if "textParagraph" in widget:
        card = _Card()
        card.feed(keys(widget["textParagraph"], {"text"})["text"])
        card.close()
        _silent(card.text)
        if card.open:
            raise ValueError(f"{card.open} is not closed")
        return card.text
    (button,) = keys(keys(widget, {"buttonList"})["buttonList"], {"buttons"})["buttons"]
    link = keys(keys(keys(button, {"text", "onClick"})["onClick"], {"openLink"})["openLink"], {"url"})
    return f"{button['text']} {_address(link['url'])}"


def _google_error(code: int, status: str, message: str) -> Reply:
    return Reply.of({"error": {"code": code, "message": message, "status": status}}, code)


def _mattermost_error(id_: str, message: str) -> Reply:
    told = {"id": id_, "message": message, "detailed_error": "", "request_id": "q1w2", "status_code": 400}
    return Reply.of(told, 400)


def _teams_error(status: int, code: str, message: str) -> Reply:
    return Reply.of({"error": {"code": code, "message": message}}, status)


TRIGGER = "/workflows/5f0c9b1e/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sig="
SPACE = "/v1/spaces/AAAAxYz/messages?key=AIzaSyKey0&token="

TEAMS = Contract(
    adapter="teams:Teams",
    path=f"{TRIGGER}s1gnatureOfTh3Flow",
    wrong_path=f"{TRIGGER}An0therSignature",
    read=_teams,
    taken=lambda _: Reply(status=202),
    denied=_teams_error(
        401,
        "DirectApiAuthorizationRequired",
        "The request must be authenticated only by Shared Access scheme.",
    ),
    refused=lambda why: _teams_error(400, "TriggerInputSchemaMismatch", why),
)
SLACK = Contract(
    adapter="slack:Slack",
    path="/services/T0001/B0001/XxSlackTokenXx",
    wrong_path="/services/T0001/B0001/XxAnotherTokenXx",
    read=_slack,
    taken=lambda _: Reply.word("ok", media_type="text/html"),
    denied=Reply.word("invalid_token", 403, media_type="text/html"),
    refused=lambda _: Reply.word("invalid_blocks", 400, media_type="text/html"),
)
MATTERMOST = Contract(
    adapter="mattermost:Mattermost",
    path="/hooks/w7h5fnjb3pyk9q1m6rzs8xtadc",
    wrong_path="/hooks/another5fnjb3pyk9q1m6rzs8xt",
    read=_mattermost,
    taken=lambda _: Reply.word("ok"),
    denied=_mattermost_error("web.incoming_webhook.invalid.app_error", "Invalid webhook."),
    refused=lambda why: _mattermost_error("web.incoming_webhook.parse.app_error", why),
)
GOOGLE_CHAT = Contract(
    adapter="google_chat:GoogleChat",
    path=f"{SPACE}t0kenOfTheSpace",
    wrong_path=f"{SPACE}an0therToken",
    read=_google,
    taken=lambda number: Reply.of({"name": f"spaces/AAAAxYz/messages/m{number}.m{number}"}),
    denied=_google_error(403, "PERMISSION_DENIED", "The caller does not have permission"),
    refused=lambda why: _google_error(400, "INVALID_ARGUMENT", f"Invalid JSON payload received. {why}"),
)
CHATS = {"teams": TEAMS, "slack": SLACK, "mattermost": MATTERMOST, "google-chat": GOOGLE_CHAT}


@contextmanager
def chat_server(contract: Contract) -> Iterator[ChatServer]:
    """Let a chat answer."""
    server = ChatServer(contract=contract)
    with listening(server.answer) as address:
        server.address = address
        yield server
