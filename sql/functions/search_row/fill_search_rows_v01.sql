-- The next step of a fill: of the next so many embeddings in the order of their pictures, those without a search row get
-- one. The last picture that was looked at; null when there is none left. For the owner.
create or replace function clipsql_private.fill_search_rows(of_basis integer, after_image bigint, how_many integer)
returns bigint
language plpgsql volatile parallel unsafe
set search_path from current
as $$
declare
    last_image bigint;
    lacking bigint[];
begin
    select max(n.image_id), array_agg(n.image_id order by n.image_id) filter (where s.image_id is null)
    into last_image, lacking
    from (
        select e.image_id
        from clipsql.image_embedding as e
        where e.model_id = (select b.model_id from clipsql_private.code_basis as b where b.basis_id = of_basis)
            and e.image_id > after_image
        order by e.image_id
        limit how_many
    ) as n
    left join clipsql_private.search_row as s on s.basis_id = of_basis and s.image_id = n.image_id;
    perform clipsql_private.write_search_rows(of_basis, lacking);
    return last_image;
end;
$$;

comment on function clipsql_private.fill_search_rows(integer, bigint, integer) is
    'Writes the search rows that the next embeddings lack; returns the last picture looked at.';
