#!/usr/bin/env bash
# One database and one role for each service; a role owns its database and may connect to no other. Runs once, when the
# server's volume is empty. `luban up --database URL` does the same on a server that exists (luban.cli.provision).
set -euo pipefail

for service in registration exam certificate; do
  variable=LUBAN_PASSWORD_${service^^}
  : "${!variable:?is not set: deploy/compose/stack makes it}"
  # The password comes through psql's own environment reading, so it stands in no command line and no log.
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres --set role="luban_$service" <<SQL
SET log_min_error_statement = 'panic';
\getenv password $variable
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"role" OWNER :"role" TEMPLATE template0;
REVOKE ALL ON DATABASE :"role" FROM PUBLIC;
SQL
done
