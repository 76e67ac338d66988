-- A line is saved with one question: what a rule says to it comes back as an answer, so that nobody has to set a savepoint before and to let
-- go of it after. All or nothing, as before; which name stands for which sentence is not known here.
CREATE FUNCTION od.try_line(said text, whole boolean, OUT refused text, OUT line meetings_line)
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF whole THEN
    line := od.save_line(said::jsonb);
  ELSE
    line := od.keep_line(said::jsonb);
  END IF;
EXCEPTION
  WHEN integrity_constraint_violation THEN 
    GET STACKED DIAGNOSTICS refused = CONSTRAINT_NAME;
    refused := coalesce(nullif(refused, ''), SQLSTATE); -- an empty column has no name of its own
  WHEN data_exception THEN refused := 'does_not_fit';
  WHEN insufficient_privilege THEN refused := 'no_right';
END $$;
GRANT EXECUTE ON FUNCTION od.try_line(text, boolean) TO od_app;
