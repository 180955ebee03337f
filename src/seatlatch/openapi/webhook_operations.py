"""The operations of `/operator/v1/webhooks`."""

from seatlatch.openapi.examples import webhooks as examples
from seatlatch.openapi.operations import Operation
from seatlatch.operator_api import webhook_messages as messages
from seatlatch.operator_api import webhook_rows as rows
from seatlatch.operator_api import webhook_schemas as schemas
from seatlatch.operator_api import webhooks

WEBHOOKS = "Webhooks"
TAGS = {WEBHOOKS: "Webhooks of channels, with their state, deliveries, tests and replays."}
PAGE = "webhooks.html#over-http"

OPERATIONS = (
    Operation(
        webhooks.LIST,
        "listWebhooks",
        WEBHOOKS,
        "List webhooks",
        "Lists webhooks with their state and success rate, page by page, in order of channel and"
        " age.",
        PAGE,
        schemas.WebhookList,
        examples.LIST,
    ),
    Operation(
        webhooks.ADD,
        "addWebhook",
        WEBHOOKS,
        "Add a webhook",
        "Notifies a channel of changes from now on. The signing secret is shown this once. 409 if"
        " the channel has 20 webhooks, or if webhooks may not be sent to the host of the URL.",
        PAGE,
        rows.AddedWebhook,
        examples.ADD,
    ),
    Operation(
        webhooks.SHOW,
        "showWebhook",
        WEBHOOKS,
        "Show a webhook",
        "Shows a webhook with its state and success rate.",
        PAGE,
        rows.ShownWebhook,
        examples.SHOW,
    ),
    Operation(
        webhooks.EDIT,
        "changeWebhook",
        WEBHOOKS,
        "Change a webhook",
        "Gives a webhook another URL, to which waiting messages are sent at once, or starts or"
        " stops sending the channel's own changes. An absent member changes nothing.",
        PAGE,
        rows.ShownWebhook,
        examples.EDIT,
    ),
    Operation(
        webhooks.REMOVE,
        "removeWebhook",
        WEBHOOKS,
        "Remove a webhook",
        "Removes a webhook with all its messages.",
        PAGE,
        None,
        (),
    ),
    Operation(
        webhooks.PAUSE,
        "pauseWebhook",
        WEBHOOKS,
        "Pause a webhook",
        "Stops sending. New messages wait until it is resumed.",
        PAGE,
        rows.ShownWebhook,
        examples.PAUSE,
    ),
    Operation(
        webhooks.RESUME,
        "resumeWebhook",
        WEBHOOKS,
        "Resume a webhook",
        "Sends again to a webhook that was paused or disabled. Waiting messages are sent at once.",
        PAGE,
        rows.ShownWebhook,
        examples.SHOW,
    ),
    Operation(
        webhooks.ROTATE_SECRET,
        "rotateWebhookSecret",
        WEBHOOKS,
        "Rotate a webhook's secret",
        "Signs with a new secret, shown this once. For a day the old one signs as well.",
        PAGE,
        schemas.NewWebhookSecret,
        examples.ROTATE_SECRET,
    ),
    Operation(
        messages.TEST,
        "testWebhook",
        WEBHOOKS,
        "Test a webhook",
        "Queues a signed test message. Its delivery shows the result, usually within seconds. 409"
        " if the webhook is paused or disabled, or if 10 tests wait.",
        PAGE,
        schemas.QueuedMessage,
        examples.TEST,
    ),
    Operation(
        messages.REPLAY,
        "replayMessages",
        WEBHOOKS,
        "Replay messages",
        "Sends messages again under their own ids: those of `messageIds`, or those that were given"
        " up since a time, or with `{}` all that were given up. An unknown id is 404, and then none"
        " is sent.",
        PAGE,
        schemas.Replayed,
        examples.REPLAY,
    ),
    Operation(
        messages.LIST,
        "listDeliveries",
        WEBHOOKS,
        "List deliveries",
        "Lists the messages of the last days with the results of their latest attempts, the newest"
        " first, page by page.",
        PAGE,
        schemas.DeliveryList,
        examples.DELIVERIES,
    ),
    Operation(
        messages.SHOW,
        "showDelivery",
        WEBHOOKS,
        "Show a delivery",
        "Shows a message with its payload and the start of the latest response's body.",
        PAGE,
        rows.ShownDeliveryDetails,
        examples.DELIVERY,
    ),
)
