"""Forms: from the fields of a request's body or query to a value of a type."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar, get_origin, get_type_hints
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct
from starlette.requests import Request

from seatlatch.domain.refusal import InvalidRequest
from seatlatch.http.body import BodyReader, read_body
from seatlatch.http.negotiation import media_type
from seatlatch.http.request_context import RequestContext

FORM_BYTES_MAX = 256 * 1024
PUBLIC_FORM_BYTES_MAX = 16 * 1024
"""The most of a form that anybody may send."""

FIELDS_MAX = 20_000
"""The most fields of one form: a selection of seats has one for each seat."""
CSRF = "csrf"

Shape = TypeVar("Shape", bound=Struct)
Value = TypeVar("Value")


class Form(NamedTuple, Generic[Value]):
    """The fields of a form as a value. `csrf`: its CSRF token; empty = it has none."""

    csrf: str
    value: Value


class FormBody(BodyReader[Form[Shape]]):
    """A body that is a form of a type."""

    media_types = "application/x-www-form-urlencoded"

    def __init__(self, shape: type[Shape], bytes_max: int = FORM_BYTES_MAX) -> None:
        super().__init__(bytes_max)
        self.shape = shape

    def accepts(self, content_type: bytes) -> bool:
        """Whether a header Content-Type is that of a form."""
        return media_type(content_type) == self.media_types.encode()

    async def read(self, request: Request, context: RequestContext) -> Form[Shape]:
        """The form. Raises `BodyTooLarge` or `InvalidRequest`."""
        fields = read_fields(await read_body(request, context), "The form")
        csrf = fields.pop(CSRF, [""])[0]
        return Form(csrf, to_shape(fields, self.shape))


class Upload(NamedTuple, Generic[Shape]):
    """A part of a file, and the fields of the query that say what it is."""

    fields: Shape
    content: bytes


class UploadBody(BodyReader[Form[Upload[Any]]]):
    """A body that is a part of a text file. A script sends it with the CSRF token in a header."""

    media_types = "text/csv"

    def __init__(self, shape: type[Struct], bytes_max: int) -> None:
        super().__init__(bytes_max)
        self.shape = shape

    def accepts(self, content_type: bytes) -> bool:
        """Whether a header Content-Type is that of a CSV file."""
        return media_type(content_type) == self.media_types.encode()

    async def read(self, request: Request, context: RequestContext) -> Form[Upload[Any]]:
        """The content with its fields. Raises `BodyTooLarge` or `InvalidRequest`."""
        fields = read_fields(request.scope["query_string"], "The query")
        shape = to_shape(fields, self.shape)
        return Form("", Upload(shape, await read_body(request, context)))


def read_fields(text: bytes, name: str) -> dict[str, list[str]]:
    """The values of each field. Raises `InvalidRequest`. An empty value counts as absent."""
    try:
        pairs = parse_qsl(text.decode("ascii"), errors="strict", max_num_fields=FIELDS_MAX)
    except UnicodeDecodeError:
        raise InvalidRequest(f"{name} is not percent-encoded UTF-8.") from None
    except ValueError:
        raise InvalidRequest(f"{name} has more than {FIELDS_MAX} fields.") from None
    fields: dict[str, list[str]] = {}
    for field, value in pairs:
        fields.setdefault(field, []).append(value)
    return fields


def to_shape(fields: Mapping[str, Sequence[str]], shape: type[Shape]) -> Shape:
    """The fields as a value: texts, numbers, flags ("true"), and lists of texts.

    Raises `InvalidRequest` for a required field that is absent, and for a value of another type.
    """
    values: dict[str, Any] = {}
    for name, is_list in _members(shape):
        given = fields.get(name)
        if given is None:
            continue
        if is_list:
            values[name] = given
        elif len(given) > 1:
            raise InvalidRequest(f"The field {name} was sent twice. Send it once.")
        else:
            values[name] = given[0]
    try:
        return msgspec.convert(values, shape, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The form has the wrong shape: {error}.") from None


@cache
def _members(shape: type[Struct]) -> Sequence[tuple[str, bool]]:
    """The names of a type's fields, and whether each is a list."""
    types = get_type_hints(shape)
    return [
        (member.encode_name, get_origin(types[member.name]) is list)
        for member in msgspec.structs.fields(shape)
    ]
