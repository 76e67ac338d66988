-- The three roles of the database. Run as a superuser, any number of times; passwords are set apart from it
-- (docs/operating.md). None of them is a superuser or passes by row security.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['od_owner', 'od_app', 'od_clock'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I', name);
        END IF;
        EXECUTE format('ALTER ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION', name);
    END LOOP;
END
$$;

-- od_owner owns the tables and migrates. It may step down to either of the others, but inherits nothing from them:
-- commands and tests that work as the service does say so with SET ROLE.
GRANT od_app, od_clock TO od_owner WITH INHERIT FALSE, SET TRUE;
