-- Every activation that CLIP's text towers use is t * (1 + tanh(t * polynomial of t^2)) when t is scaled to fit:
-- quick_gelu with a constant, gelu_new with its own two terms, gelu with five (2.9e-6 from the error function, which
-- PostgreSQL has only since version 16). tanh never overflows. SQL, so that it is inlined where it is called.
create or replace function clipsql_private.gate(
    t double precision, g0 double precision, g1 double precision, g2 double precision, g3 double precision,
    g4 double precision)
returns double precision
language sql immutable parallel safe
as $$
    select t * (1 + tanh(t * case
        when g1 = 0 then g0
        else g0 + t * t * (g1 + t * t * (g2 + t * t * (g3 + t * t * g4))) end))
$$;

comment on function clipsql_private.gate is 'Activation of one neuron of a text tower.';
