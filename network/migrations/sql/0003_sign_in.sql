-- What the sign-in pages need of the tables that Django and allauth keep. An account's addresses, second factors and list of
-- sessions are seen by that account, and by the sign-in pages. Sessions themselves are found by their unguessable key.

ALTER TABLE account_emailaddress ENABLE ROW LEVEL SECURITY;
ALTER TABLE mfa_authenticator ENABLE ROW LEVEL SECURITY;
ALTER TABLE usersessions_usersession ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON account_emailaddress FOR ALL TO od_app USING (user_id = (SELECT od.uid()) OR (SELECT od.door()) = 'accounts')
  WITH CHECK (user_id = (SELECT od.uid()) OR (SELECT od.door()) = 'accounts');
CREATE POLICY own ON mfa_authenticator FOR ALL TO od_app USING (user_id = (SELECT od.uid()) OR (SELECT od.door()) = 'accounts')
  WITH CHECK (user_id = (SELECT od.uid()) OR (SELECT od.door()) = 'accounts');
CREATE POLICY own ON usersessions_usersession FOR ALL TO od_app USING (user_id = (SELECT od.uid()) OR (SELECT od.door()) = 'accounts')
  WITH CHECK (user_id = (SELECT od.uid()) OR (SELECT od.door()) = 'accounts');

GRANT SELECT, INSERT, UPDATE, DELETE ON account_emailaddress, account_emailconfirmation, mfa_authenticator, usersessions_usersession,
  django_session TO od_app;
GRANT SELECT ON django_content_type, django_migrations TO od_app, od_clock;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO od_app, od_clock;
