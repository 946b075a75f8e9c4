-- What models answered to questions about pictures. security_invoker: row-level security on image holds here too.
create or replace view clipsql.picture_answer with (security_invoker = true) as
select a.image_id, q.query as question, a.answer, a.score as probability, q.model, a.answered_at, a.query_id
from clipsql.model_answer as a
join clipsql.model_query as q on q.query_id = a.query_id
where q.kind = 'answer';

comment on view clipsql.picture_answer is 'What a model answered to a question about a picture.';
comment on column clipsql.picture_answer.image_id is 'The picture.';
comment on column clipsql.picture_answer.question is 'What was asked.';
comment on column clipsql.picture_answer.answer is 'What the model answered.';
comment on column clipsql.picture_answer.probability is 'How sure the model was, in [0, 1].';
comment on column clipsql.picture_answer.model is 'Name of the model.';
comment on column clipsql.picture_answer.answered_at is 'When it answered.';
comment on column clipsql.picture_answer.query_id is 'The question in clipsql.model_query.';
