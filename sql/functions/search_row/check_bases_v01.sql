-- A transaction that reads as of its beginning does not see a basis that came later, nor rows that a fill has written since: it
-- ends with a serialization failure, and is to be run again. Both ends of a fill change the row of the model for that. Whether
-- this is such a transaction.
create or replace function clipsql_private.check_bases()
returns boolean
language plpgsql volatile parallel unsafe
set search_path from current
as $$
begin
    if current_setting('transaction_isolation') in ('read committed', 'read uncommitted') then
        return false;
    end if;
    perform from clipsql.model as m for share;
    return true;
end;
$$;

comment on function clipsql_private.check_bases() is
    'Whether a transaction reads as of its beginning; an error where search rows were made since.';
