-- A problem with an attachment, told once by its words. It may itself fail, then the writer still goes on.
create or replace function clipsql_private.note_problem(attachment integer, problem text)
returns void
language plpgsql volatile parallel unsafe
set search_path from current
as $$
#variable_conflict use_variable
begin
    insert into clipsql_private.attachment_problem (attachment_id, problem)
    select attachment, problem
    where not exists (
        select from clipsql_private.attachment_problem as p
        where p.attachment_id = attachment and p.problem = note_problem.problem);
exception when others then
    null;  -- a full disk, say
end;
$$;

comment on function clipsql_private.note_problem(integer, text) is 'Keeps what went wrong with an attachment for its status.';
