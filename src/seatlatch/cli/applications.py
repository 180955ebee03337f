"""`seatlatch app`: the marketplaces' software, with its keys and authorization codes.

See decisions 55 and 56.
"""

from typing import Annotated

import typer

from seatlatch.cli.access import change
from seatlatch.cli.options import AsJson, Author, Database, group, settings_for
from seatlatch.cli.output import SHOWN_ONCE, for_people, in_columns, print_result
from seatlatch.operations import applications as operations
from seatlatch.settings import YEAR_SECONDS
from seatlatch.store.access import ApplicationEntry
from seatlatch.wiring import look

OVERLAP_SECONDS = 86_400

applications = group("Applications: the marketplaces' software, each acting for one channel.")

ApplicationId = Annotated[
    str, typer.Argument(metavar="APPLICATION_ID", help="The value of PAC-Application-ID.")
]
ChannelCode = Annotated[
    str, typer.Option("--channel", metavar="CODE", help="The channel for which it acts.")
]
Overlap = Annotated[
    int,
    typer.Option(
        "--overlap",
        metavar="SECONDS",
        min=0,
        max=YEAR_SECONDS,
        help=f"How long the old keys stay valid; 0 = end at once. [default: {OVERLAP_SECONDS}]",
        show_default=False,
    ),
]


@applications.command(
    epilog="Example: seatlatch app add com.mycompany.myapp --channel my-application"
)
def add(
    application_id: ApplicationId,
    channel_code: ChannelCode,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Add an application. Prints its API key and an authorization code, only this once."""
    settings = settings_for(database, author)
    api_key, code = change(
        settings,
        operations.add_application,
        application_id,
        channel_code,
        settings.authorization_code_seconds,
    )
    document = {
        "applicationId": application_id,
        "channelCode": channel_code,
        "apiKey": api_key,
        "authorizationCode": code.code,
    }
    lines = [
        f"Added the application {application_id}, which acts for {channel_code}.",
        f"API key: {api_key}",
        f"Authorization code: {code.code}",
        f"The code is valid for one exchange until {for_people(code.expires_at)}.",
        SHOWN_ONCE,
    ]
    print_result(as_json, document, lines, secret=True)


@applications.command("list", epilog="Example: seatlatch app list --json")
def list_all(database: Database = None, as_json: AsJson = False) -> None:
    """List all applications, with the number of their valid keys and when these expire."""
    database_url = settings_for(database).database_url
    entries = look(database_url, lambda snapshot: snapshot.access.applications())
    document = [
        {
            "applicationId": entry.application_id,
            "channelCode": entry.channel_code,
            "apiKeys": [{"expiresAt": key.expires_at} for key in entry.api_keys],
        }
        for entry in entries
    ]
    rows = [(entry.application_id, entry.channel_code, _keys(entry)) for entry in entries]
    nothing = ["There is no application yet. Add one with `seatlatch app add`."]
    print_result(as_json, {"applications": document}, in_columns(rows) or nothing, changed=False)


@applications.command(
    "rotate-key", epilog="Example: seatlatch app rotate-key com.mycompany.myapp --overlap 3600"
)
def rotate_key(
    application_id: ApplicationId,
    overlap_seconds: Overlap = OVERLAP_SECONDS,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Give an application a new API key. The old keys stay valid until they expire."""
    api_key, old_keys_end = change(
        settings_for(database, author), operations.rotate_key, application_id, overlap_seconds
    )
    document = {
        "applicationId": application_id,
        "apiKey": api_key,
        "oldKeysEnd": old_keys_end,
    }
    lines = [
        f"The new API key of {application_id}: {api_key}",
        f"All older keys expire by {for_people(old_keys_end)}.",
        SHOWN_ONCE,
    ]
    print_result(as_json, document, lines, secret=True)


@applications.command(epilog="Example: seatlatch app authorize com.mycompany.myapp")
def authorize(
    application_id: ApplicationId,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Give an application a new authorization code. Its tokens stay valid."""
    settings = settings_for(database, author)
    code, expires_at = change(
        settings, operations.authorize, application_id, settings.authorization_code_seconds
    )
    document = {
        "applicationId": application_id,
        "authorizationCode": code,
        "expiresAt": expires_at,
    }
    lines = [
        f"A new authorization code of {application_id}: {code}",
        f"The code is valid for one exchange until {for_people(expires_at)}.",
        SHOWN_ONCE,
    ]
    print_result(as_json, document, lines, secret=True)


@applications.command(epilog="Example: seatlatch app revoke com.mycompany.myapp")
def revoke(
    application_id: ApplicationId,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Remove an application. All its keys, codes and tokens end at once."""
    change(settings_for(database, author), operations.revoke_application, application_id)
    sentence = f"Revoked {application_id}: its keys, codes and tokens are no longer valid."
    print_result(as_json, {"applicationId": application_id}, [sentence])


def _keys(entry: ApplicationEntry) -> str:
    if not entry.api_keys:
        return "no key"
    ends = ", ".join(
        f"until {for_people(key.expires_at)}" if key.expires_at else "until it is revoked"
        for key in entry.api_keys
    )
    count = len(entry.api_keys)
    return f"{count} key{'s' if count > 1 else ''}: {ends}"
