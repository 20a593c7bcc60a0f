"""What Microsoft Graph's pages say about pages of SharePoint, in a form that requests are held against.

https://learn.microsoft.com/en-us/graph/api/sitepage-create?view=graph-rest-1.0
(its example sends two properties of ``titleArea`` that the resource does not list; they are left out here)
https://learn.microsoft.com/en-us/graph/api/sitepage-update?view=graph-rest-1.0
https://learn.microsoft.com/en-us/graph/api/resources/titlearea?view=graph-rest-1.0
https://learn.microsoft.com/en-us/graph/api/resources/horizontalsection?view=graph-rest-1.0
https://learn.microsoft.com/en-us/graph/api/resources/textwebpart?view=graph-rest-1.0
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

PAGE = "#microsoft.graph.sitePage"
LONGEST_TITLE = 255
"""Characters: what SharePoint's column ``Title`` holds."""

Json = dict[str, Any]

AREA = {
    "alternativeText": str,
    "enableGradientEffect": bool,
    "imageWebUrl": str,
    "layout": {"imageAndTitle", "plain", "colorBlock", "overlap"},
    "serverProcessedContent": dict,
    "showAuthor": bool,
    "showPublishedDate": bool,
    "showTextBlockAboveTitle": bool,
    "textAboveTitle": str,
    "textAlignment": {"left", "center"},
}
TEXT = {"@odata.type": {"#microsoft.graph.textWebPart"}, "id": str, "innerHtml": str}
COLUMN = {"id": str, "width": int, "webparts": [TEXT]}
LAYOUTS = {
    "oneColumn",
    "twoColumns",
    "threeColumns",
    "oneThirdLeftColumn",
    "oneThirdRightColumn",
    "fullWidth",
}
SECTION = {
    "id": str,
    "layout": LAYOUTS,
    "emphasis": {"none", "neutral", "soft", "strong"},
    "columns": [COLUMN],
}
CHANGED = {
    "@odata.type": {PAGE},
    "description": str,
    "thumbnailWebUrl": str,
    "title": str,
    "showComments": bool,
    "showRecommendedPages": bool,
    "promotionKind": {"page", "newsPost"},
    "titleArea": AREA,
    "canvasLayout": {"horizontalSections": [SECTION]},
}
CREATED = {**CHANGED, "name": str, "pageLayout": {"article", "home"}}
"""What a body may hold: types, or the words that are taken."""

SIZES = {"oneColumn": 1, "twoColumns": 2, "threeColumns": 3, "fullWidth": 1}


class Refusal(Exception):
    """What Graph says no with."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers or {}


def bad(message: str) -> Refusal:
    """Say that a request is not understood."""
    return Refusal(HTTPStatus.BAD_REQUEST, "invalidRequest", message)


def check(given: object, shape: object, where: str) -> None:
    """Refuse what a shape does not allow.

    Raises:
        Refusal: for the first thing that is wrong.
    """
    if isinstance(shape, set) and given not in shape:
        raise bad(f"{where}: {given!r} is none of {sorted(shape)}")
    if isinstance(shape, type) and type(given) is not shape:
        raise bad(f"{where}: a value of type {shape.__name__} was expected")
    if isinstance(shape, list):
        check(given, list, where)
        for number, one in enumerate(cast("list[object]", given)):
            check(one, shape[0], f"{where}[{number}]")
    if isinstance(shape, dict):
        check(given, dict, where)
        _check_properties(cast("Json", given), shape, where)


def _check_properties(given: Json, shape: Json, where: str) -> None:
    for name, value in given.items():
        if name not in shape:
            raise bad(f"The property '{name}' does not exist on type '{where}'.")
        check(value, shape[name], f"{where}.{name}")


def check_whole(given: Json, names: Sequence[str]) -> None:
    """Refuse a page without the properties of these names, or that SharePoint could not keep."""
    for name in names:
        if not given.get(name):
            raise bad(f"The property '{name}' is missing.")
    if len(given.get("title", "")) > LONGEST_TITLE:
        raise bad(f"The title is longer than {LONGEST_TITLE} characters.")
    for section in given.get("canvasLayout", {}).get("horizontalSections", ()):
        columns = section.get("columns", ())
        if len(columns) != SIZES.get(section.get("layout"), 2) or sum(one["width"] for one in columns) != 12:
            raise bad("The columns of a section do not fit its layout.")
