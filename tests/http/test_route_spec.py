"""The declaration of a route: the headers that it needs and every refusal."""

import pytest
from msgspec import Struct

from seatlatch.domain.journal import Verb
from seatlatch.domain.refusal import ChannelNotAllowed, InvalidRequest, PlaceLost
from seatlatch.http.body import JsonBody
from seatlatch.http.headers import Rule
from seatlatch.http.refusals import MediaTypeUnsupported, RouteUnknown
from seatlatch.http.route_spec import REFUSALS_OF_EVERY_ROUTE, Access, PathValue, RouteSpec


class Body(Struct):
    """A body or query."""

    token: str


ACCESS = Access((Rule("Accept"), Rule("Content-Type")), (ChannelNotAllowed,))


def own_refusals(spec: RouteSpec[Body]) -> set[type]:
    """The refusals that not every route has."""
    assert set(REFUSALS_OF_EVERY_ROUTE) <= set(spec.refusals)
    return set(spec.refusals) - set(REFUSALS_OF_EVERY_ROUTE)


def test_a_route_with_a_body_needs_content_type() -> None:
    spec = RouteSpec("PUT", "/", ACCESS, JsonBody(Body, 100))
    assert [rule.name for rule in spec.headers] == ["Accept", "Content-Type"]
    assert own_refusals(spec) == {ChannelNotAllowed, MediaTypeUnsupported, InvalidRequest}


def test_a_route_with_a_query_and_a_path_value_needs_none() -> None:
    spec = RouteSpec(
        "GET",
        "/{token}",
        ACCESS,
        query=Body,
        path_value=PathValue("token", str),
        own_refusals=(PlaceLost,),
    )
    assert [rule.name for rule in spec.headers] == ["Accept"]
    assert own_refusals(spec) == {ChannelNotAllowed, InvalidRequest, RouteUnknown, PlaceLost}


def test_the_verb_may_depend_on_the_body() -> None:
    spec = RouteSpec(
        "PUT",
        "/",
        ACCESS,
        JsonBody(Body, 100),
        verb=lambda body: Verb.RELEASE if body else Verb.HOLD,
    )
    assert spec.verb_for(None) is Verb.HOLD
    assert spec.verb_for(Body("1")) is Verb.RELEASE


def test_a_rule_for_a_header_that_is_not_read_is_an_error() -> None:
    with pytest.raises(ValueError, match="X-Other"):
        Rule("X-Other")
