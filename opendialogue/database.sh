#!/bin/sh
# Makes the database and its three roles, as a superuser; may be run again. Passwords come from OWNER_PASSWORD, APP_PASSWORD
# and CLOCK_PASSWORD. The PostgreSQL container of docker-compose.yml runs it once, on an empty data folder.
set -eu
here=$(dirname "$0")
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<SQL
\\i $here/roles.sql
\\getenv owner_password OWNER_PASSWORD
\\getenv app_password APP_PASSWORD
\\getenv clock_password CLOCK_PASSWORD
ALTER ROLE od_owner PASSWORD :'owner_password';
ALTER ROLE od_app PASSWORD :'app_password';
ALTER ROLE od_clock PASSWORD :'clock_password';
SELECT 'CREATE DATABASE opendialogue OWNER od_owner'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'opendialogue') \\gexec
REVOKE CONNECT, TEMPORARY ON DATABASE opendialogue FROM PUBLIC;
GRANT CONNECT ON DATABASE opendialogue TO od_app, od_clock;
SQL
