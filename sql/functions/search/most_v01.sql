-- The most that an argument of a public function may hold, said once: generous for real use, and so little that no call
-- within it takes two seconds on the collection of "clipsql demo" (tests/integration/test_bounds.py).
create or replace function clipsql_private.most(argument text)
returns integer
language sql immutable parallel safe
return case argument
    when 'max_results' then 100000
    when 'model' then 1000          -- characters
    when 'in_collection' then 1000  -- characters
    when 'query' then 5000          -- characters: models read some hundred of them
    when 'terms' then 50            -- of an expression, or vectors that a picture must be near to at once
    when 'vectors' then 1000
    when 'caption_query' then 1000  -- characters: it is read in sixteen languages
    when 'inside' then 10000        -- vertices: the outline of a country
    when 'having_metadata' then 100000  -- bytes
    when 'metadata_matches' then 10000  -- bytes
    when 'only_images' then 200000
    when 'except_images' then 200000
    when 'images' then 200000
    when 'captions' then 1000       -- of one picture
    when 'watch' then 200           -- characters of its name
    when 'request' then 8000000     -- bytes: ids of 200000 pictures, twice
    when 'having_label' then 200    -- characters: labels have no more
    when 'fusion' then 200          -- characters of its name
    when 'labels' then 300          -- times the templates: each makes a text to embed
    when 'caption_columns' then 50   -- of an attached table
    when 'metadata_columns' then 50
    when 'url_prefix' then 1000     -- characters
    when 'only_rows' then 200000
    when 'queries' then 50          -- each is searched under two models
    when 'prompts' then 4000        -- bytes of all these texts: each may be a token
end;

comment on function clipsql_private.most(text) is
    'The most that an argument may hold; null for one without such a bound.';
