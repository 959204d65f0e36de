-- Ends a statement, and leaves nothing of it: for those that are a transaction of their own.
CREATE FUNCTION give_up(why text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = why, ERRCODE = 'CB001';
END $$;
