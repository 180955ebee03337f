#!/bin/sh
# Runs a command of seatlatch with the settings and as the user of the service.
# Installed as /usr/local/bin/seatlatch; for root.
set -eu
set -a
. /etc/seatlatch/seatlatch.env
set +a
exec runuser -u seatlatch -- /opt/seatlatch/current/bin/seatlatch "$@"
