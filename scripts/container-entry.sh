#!/bin/sh
# Entry point of the container image: installs the image's networks in the models volume, then executes the command.
set -eu
node dist/scripts/install-shipped-networks.js /app/models
exec "$@"
