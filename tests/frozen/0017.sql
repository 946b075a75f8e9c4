--
-- PostgreSQL database dump
--



SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: clipsql; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA clipsql;


--
-- Name: SCHEMA clipsql; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA clipsql IS 'CLIP image search: tables, views and functions that you may rely on.';


--
-- Name: clipsql_private; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA clipsql_private;


--
-- Name: SCHEMA clipsql_private; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA clipsql_private IS 'Internals of clipsql: keep out, whatever is here may change in any release.';


--
-- Name: report; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA report;


--
-- Name: backtest_result; Type: TYPE; Schema: clipsql; Owner: -
--

CREATE TYPE clipsql.backtest_result AS (
	day date,
	alarms bigint,
	alarms_low double precision,
	alarms_high double precision,
	best_image_id bigint
);


--
-- Name: TYPE backtest_result; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TYPE clipsql.backtest_result IS 'What a watch would have raised on a day.';


--
-- Name: COLUMN backtest_result.day; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.backtest_result.day IS 'The day, in the time zone of the watch.';


--
-- Name: COLUMN backtest_result.alarms; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.backtest_result.alarms IS 'How many alarms it would have raised; exact.';


--
-- Name: COLUMN backtest_result.alarms_low; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.backtest_result.alarms_low IS 'Least alarms of a day to come, in 95 of 100 cases, by all days of the back-test.';


--
-- Name: COLUMN backtest_result.alarms_high; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.backtest_result.alarms_high IS 'Most alarms of a day to come, in 95 of 100 cases, by all days of the back-test.';


--
-- Name: COLUMN backtest_result.best_image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.backtest_result.best_image_id IS 'The most similar picture of the day; null without an alarm.';


--
-- Name: caption_result; Type: TYPE; Schema: clipsql; Owner: -
--

CREATE TYPE clipsql.caption_result AS (
	rank integer,
	caption_id bigint,
	similarity double precision,
	caption text,
	image_id bigint,
	source text
);


--
-- Name: TYPE caption_result; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TYPE clipsql.caption_result IS 'A caption that clipsql.search_captions or clipsql.suggest_captions found.';


--
-- Name: COLUMN caption_result.rank; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.caption_result.rank IS 'Place in the result, from 1.';


--
-- Name: COLUMN caption_result.caption_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.caption_result.caption_id IS 'The caption.';


--
-- Name: COLUMN caption_result.similarity; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.caption_result.similarity IS 'Cosine of the caption with the query, in [-1, 1].';


--
-- Name: COLUMN caption_result.caption; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.caption_result.caption IS 'What it says.';


--
-- Name: COLUMN caption_result.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.caption_result.image_id IS 'The picture that it was said of.';


--
-- Name: COLUMN caption_result.source; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.caption_result.source IS 'Null for what a person said; of a model, model: and its name.';


--
-- Name: check_result; Type: TYPE; Schema: clipsql; Owner: -
--

CREATE TYPE clipsql.check_result AS (
	rank integer,
	image_id bigint,
	similarity double precision,
	url text,
	taken_at timestamp with time zone
);


--
-- Name: TYPE check_result; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TYPE clipsql.check_result IS 'A picture that somebody should look at, so that matches can be counted.';


--
-- Name: COLUMN check_result.rank; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.check_result.rank IS 'Place in the order in which they are to be checked, from 1.';


--
-- Name: COLUMN check_result.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.check_result.image_id IS 'The picture, for clipsql.judge_match.';


--
-- Name: COLUMN check_result.similarity; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.check_result.similarity IS 'Its cosine with what is looked for.';


--
-- Name: COLUMN check_result.url; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.check_result.url IS 'Where it came from.';


--
-- Name: COLUMN check_result.taken_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.check_result.taken_at IS 'When it was taken; null: nobody knows.';


--
-- Name: comparison_result; Type: TYPE; Schema: clipsql; Owner: -
--

CREATE TYPE clipsql.comparison_result AS (
	query text,
	image_id bigint,
	overlap double precision,
	rank_biased_overlap double precision,
	old_images bigint[],
	new_images bigint[]
);


--
-- Name: TYPE comparison_result; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TYPE clipsql.comparison_result IS 'What a query finds under each of two models.';


--
-- Name: COLUMN comparison_result.query; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.comparison_result.query IS 'What was asked.';


--
-- Name: COLUMN comparison_result.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.comparison_result.image_id IS 'The picture that it is a caption of; null for other queries.';


--
-- Name: COLUMN comparison_result.overlap; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.comparison_result.overlap IS 'Share of results in common; null where neither model finds a picture.';


--
-- Name: COLUMN comparison_result.rank_biased_overlap; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.comparison_result.rank_biased_overlap IS 'How much the answers have in common, first results most: 0 to 1; null where neither model finds a picture.';


--
-- Name: COLUMN comparison_result.old_images; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.comparison_result.old_images IS 'What the old model finds, nearest first.';


--
-- Name: COLUMN comparison_result.new_images; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.comparison_result.new_images IS 'What the new model finds, nearest first.';


--
-- Name: count_result; Type: TYPE; Schema: clipsql; Owner: -
--

CREATE TYPE clipsql.count_result AS (
	bucket timestamp with time zone,
	matches double precision,
	low double precision,
	high double precision,
	checked bigint,
	above bigint,
	pictures bigint
);


--
-- Name: TYPE count_result; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TYPE clipsql.count_result IS 'How many pictures of a time are what is looked for, as far as verdicts tell.';


--
-- Name: COLUMN count_result.bucket; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.count_result.bucket IS 'When the time begins, in the time zone of the session; null: all times, or pictures of which it is not known.';


--
-- Name: COLUMN count_result.matches; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.count_result.matches IS 'How many are, without bias, so that buckets add up; null before ten pictures were checked in their order.';


--
-- Name: COLUMN count_result.low; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.count_result.low IS 'Least that there are, in 95 of 100 cases.';


--
-- Name: COLUMN count_result.high; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.count_result.high IS 'Most that there are, in 95 of 100 cases.';


--
-- Name: COLUMN count_result.checked; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.count_result.checked IS 'How many verdicts this rests on.';


--
-- Name: COLUMN count_result.above; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.count_result.above IS 'How many are at least as similar as min_similarity, right or wrong; null without it.';


--
-- Name: COLUMN count_result.pictures; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.count_result.pictures IS 'How many pass the filters.';


--
-- Name: hybrid_result; Type: TYPE; Schema: clipsql; Owner: -
--

CREATE TYPE clipsql.hybrid_result AS (
	rank integer,
	image_id bigint,
	similarity double precision,
	percentile double precision,
	percentile_error double precision,
	url text,
	caption text,
	taken_at timestamp with time zone,
	longitude double precision,
	latitude double precision,
	metadata jsonb,
	score double precision
);


--
-- Name: TYPE hybrid_result; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TYPE clipsql.hybrid_result IS 'A picture that clipsql.search_hybrid found.';


--
-- Name: COLUMN hybrid_result.rank; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.hybrid_result.rank IS 'Place in the result, from 1.';


--
-- Name: COLUMN hybrid_result.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.hybrid_result.image_id IS 'The picture.';


--
-- Name: COLUMN hybrid_result.similarity; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.hybrid_result.similarity IS 'Cosine of the picture with the query, in [-1, 1].';


--
-- Name: COLUMN hybrid_result.percentile; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.hybrid_result.percentile IS 'Share of the collection, of 100, that scores lower for this query.';


--
-- Name: COLUMN hybrid_result.percentile_error; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.hybrid_result.percentile_error IS 'How far the true percentile may lie from it in 95 of 100 cases; 0: the whole collection was compared.';


--
-- Name: COLUMN hybrid_result.url; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.hybrid_result.url IS 'Where the picture comes from.';


--
-- Name: COLUMN hybrid_result.caption; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.hybrid_result.caption IS 'Its first caption.';


--
-- Name: COLUMN hybrid_result.taken_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.hybrid_result.taken_at IS 'When it was taken.';


--
-- Name: COLUMN hybrid_result.longitude; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.hybrid_result.longitude IS 'Where it was taken, WGS 84 degrees.';


--
-- Name: COLUMN hybrid_result.latitude; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.hybrid_result.latitude IS 'Where it was taken, WGS 84 degrees.';


--
-- Name: COLUMN hybrid_result.metadata; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.hybrid_result.metadata IS 'What else its source says of it.';


--
-- Name: COLUMN hybrid_result.score; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.hybrid_result.score IS 'Sum of the weighted reciprocal ranks by words and by vector.';


--
-- Name: image_label_result; Type: TYPE; Schema: clipsql; Owner: -
--

CREATE TYPE clipsql.image_label_result AS (
	image_id bigint,
	label text,
	probability double precision
);


--
-- Name: TYPE image_label_result; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TYPE clipsql.image_label_result IS 'The likeliest label of a picture, from clipsql.classify_images.';


--
-- Name: COLUMN image_label_result.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image_label_result.image_id IS 'The picture.';


--
-- Name: COLUMN image_label_result.label; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image_label_result.label IS 'Its likeliest label, as it was given.';


--
-- Name: COLUMN image_label_result.probability; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image_label_result.probability IS 'How likely it is among the labels that were given.';


--
-- Name: label_result; Type: TYPE; Schema: clipsql; Owner: -
--

CREATE TYPE clipsql.label_result AS (
	label text,
	probability double precision
);


--
-- Name: TYPE label_result; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TYPE clipsql.label_result IS 'A label of a picture, from clipsql.classify.';


--
-- Name: COLUMN label_result.label; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.label_result.label IS 'The label, as it was given.';


--
-- Name: COLUMN label_result.probability; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.label_result.probability IS 'How likely it is among the labels that were given; they sum to 1.';


--
-- Name: moment_result; Type: TYPE; Schema: clipsql; Owner: -
--

CREATE TYPE clipsql.moment_result AS (
	rank integer,
	url text,
	from_s double precision,
	until_s double precision,
	best_image_id bigint,
	similarity double precision
);


--
-- Name: TYPE moment_result; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TYPE clipsql.moment_result IS 'A moment of a video that clipsql.search_moments found.';


--
-- Name: COLUMN moment_result.rank; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.moment_result.rank IS 'Place in the result, from 1.';


--
-- Name: COLUMN moment_result.url; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.moment_result.url IS 'Address of the video with the seconds of the moment, at which a browser begins to play: gate.mp4#t=12,15.5.';


--
-- Name: COLUMN moment_result.from_s; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.moment_result.from_s IS 'Where it begins, in seconds since the video begins.';


--
-- Name: COLUMN moment_result.until_s; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.moment_result.until_s IS 'Where it ends.';


--
-- Name: COLUMN moment_result.best_image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.moment_result.best_image_id IS 'The frame of it that is most like the query.';


--
-- Name: COLUMN moment_result.similarity; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.moment_result.similarity IS 'Cosine of that frame with the query, in [-1, 1].';


--
-- Name: plan_result; Type: TYPE; Schema: clipsql; Owner: -
--

CREATE TYPE clipsql.plan_result AS (
	strategy text,
	matching_rows bigint,
	matching_is_exact boolean,
	is_exact boolean,
	is_complete boolean,
	recall double precision,
	index_used text,
	expected_ms double precision,
	explanation text
);


--
-- Name: TYPE plan_result; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TYPE clipsql.plan_result IS 'How clipsql.search answers, from clipsql.search_plan.';


--
-- Name: COLUMN plan_result.strategy; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.plan_result.strategy IS 'exact, search rows or index walk, or a walk and then another.';


--
-- Name: COLUMN plan_result.matching_rows; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.plan_result.matching_rows IS 'Pictures that pass the filters, counted up to 10,000.';


--
-- Name: COLUMN plan_result.matching_is_exact; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.plan_result.matching_is_exact IS 'Whether all of them were counted.';


--
-- Name: COLUMN plan_result.is_exact; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.plan_result.is_exact IS 'Whether the answer is proved to be the nearest pictures.';


--
-- Name: COLUMN plan_result.is_complete; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.plan_result.is_complete IS 'Whether the answer holds every picture that passes.';


--
-- Name: COLUMN plan_result.recall; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.plan_result.recall IS 'Share of the nearest matches that the answer has, found out by comparing all; null where that would take seconds.';


--
-- Name: COLUMN plan_result.index_used; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.plan_result.index_used IS 'Indexes that find the matches or are walked; null where row-level security hides pictures.';


--
-- Name: COLUMN plan_result.expected_ms; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.plan_result.expected_ms IS 'Estimated time; only ratios mean something; null where row-level security hides pictures.';


--
-- Name: COLUMN plan_result.explanation; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.plan_result.explanation IS 'The same in a sentence, with the reason.';


--
-- Name: region_result; Type: TYPE; Schema: clipsql; Owner: -
--

CREATE TYPE clipsql.region_result AS (
	rank integer,
	image_id bigint,
	similarity double precision,
	region_id bigint,
	box integer[],
	label text,
	url text,
	caption text,
	taken_at timestamp with time zone,
	longitude double precision,
	latitude double precision,
	metadata jsonb
);


--
-- Name: TYPE region_result; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TYPE clipsql.region_result IS 'A picture that clipsql.search_regions found, by its nearest region.';


--
-- Name: COLUMN region_result.rank; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.region_result.rank IS 'Place in the result, from 1.';


--
-- Name: COLUMN region_result.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.region_result.image_id IS 'The picture; each is there once.';


--
-- Name: COLUMN region_result.similarity; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.region_result.similarity IS 'Cosine of its nearest region with the query, in [-1, 1].';


--
-- Name: COLUMN region_result.region_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.region_result.region_id IS 'That region.';


--
-- Name: COLUMN region_result.box; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.region_result.box IS 'Where it is, in pixels of the upright picture: {x, y, width, height}.';


--
-- Name: COLUMN region_result.label; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.region_result.label IS 'What is there, as who found it calls it.';


--
-- Name: COLUMN region_result.url; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.region_result.url IS 'Where the picture comes from.';


--
-- Name: COLUMN region_result.caption; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.region_result.caption IS 'Its first caption.';


--
-- Name: COLUMN region_result.taken_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.region_result.taken_at IS 'When it was taken.';


--
-- Name: COLUMN region_result.longitude; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.region_result.longitude IS 'Where it was taken, WGS 84 degrees.';


--
-- Name: COLUMN region_result.latitude; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.region_result.latitude IS 'Where it was taken, WGS 84 degrees.';


--
-- Name: COLUMN region_result.metadata; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.region_result.metadata IS 'What else its source says of it.';


--
-- Name: search_result; Type: TYPE; Schema: clipsql; Owner: -
--

CREATE TYPE clipsql.search_result AS (
	rank integer,
	image_id bigint,
	similarity double precision,
	percentile double precision,
	percentile_error double precision,
	url text,
	caption text,
	taken_at timestamp with time zone,
	longitude double precision,
	latitude double precision,
	metadata jsonb
);


--
-- Name: TYPE search_result; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TYPE clipsql.search_result IS 'A picture that a search found.';


--
-- Name: COLUMN search_result.rank; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.search_result.rank IS 'Place in the result, from 1.';


--
-- Name: COLUMN search_result.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.search_result.image_id IS 'The picture.';


--
-- Name: COLUMN search_result.similarity; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.search_result.similarity IS 'Cosine of the picture with the query, in [-1, 1].';


--
-- Name: COLUMN search_result.percentile; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.search_result.percentile IS 'Share of the collection, of 100, that scores lower for this query.';


--
-- Name: COLUMN search_result.percentile_error; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.search_result.percentile_error IS 'How far the true percentile may lie from it in 95 of 100 cases; 0: the whole collection was compared.';


--
-- Name: COLUMN search_result.url; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.search_result.url IS 'Where the picture comes from.';


--
-- Name: COLUMN search_result.caption; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.search_result.caption IS 'Its first caption.';


--
-- Name: COLUMN search_result.taken_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.search_result.taken_at IS 'When it was taken.';


--
-- Name: COLUMN search_result.longitude; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.search_result.longitude IS 'Where it was taken, WGS 84 degrees.';


--
-- Name: COLUMN search_result.latitude; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.search_result.latitude IS 'Where it was taken, WGS 84 degrees.';


--
-- Name: COLUMN search_result.metadata; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.search_result.metadata IS 'What else its source says of it.';


--
-- Name: word_result; Type: TYPE; Schema: clipsql; Owner: -
--

CREATE TYPE clipsql.word_result AS (
	"position" integer,
	word text,
	weight double precision
);


--
-- Name: TYPE word_result; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TYPE clipsql.word_result IS 'A word of a text and its weight, from clipsql.explain_text.';


--
-- Name: COLUMN word_result."position"; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.word_result."position" IS 'Place of the word in the text, from 1.';


--
-- Name: COLUMN word_result.word; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.word_result.word IS 'The word, as the tokenizer has it.';


--
-- Name: COLUMN word_result.weight; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.word_result.weight IS 'Its share of the attention; the shares of a text sum to 1.';


--
-- Name: attached_table; Type: TYPE; Schema: clipsql_private; Owner: -
--

CREATE TYPE clipsql_private.attached_table AS (
	attachment_id integer,
	source regclass,
	link text,
	changes text,
	collection text,
	model_id integer,
	may_read_files boolean,
	row_keys text[],
	source_keys text[],
	watched text[],
	address text,
	captions text,
	metadata text,
	taken_at text,
	longitude text,
	latitude text,
	facts text,
	state text,
	is_usable boolean
);


--
-- Name: TYPE attached_table; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TYPE clipsql_private.attached_table IS 'An attached table as parts of statements.';


--
-- Name: drawn_picture; Type: TYPE; Schema: clipsql_private; Owner: -
--

CREATE TYPE clipsql_private.drawn_picture AS (
	image_id bigint,
	similarity double precision,
	size double precision,
	priority double precision,
	url text,
	taken_at timestamp with time zone,
	is_right boolean
);


--
-- Name: TYPE drawn_picture; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TYPE clipsql_private.drawn_picture IS 'A picture in the order in which those of a query are checked, with what was said of it.';


--
-- Name: COLUMN drawn_picture.image_id; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON COLUMN clipsql_private.drawn_picture.image_id IS 'The picture.';


--
-- Name: COLUMN drawn_picture.similarity; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON COLUMN clipsql_private.drawn_picture.similarity IS 'Its cosine with what is looked for.';


--
-- Name: COLUMN drawn_picture.size; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON COLUMN clipsql_private.drawn_picture.size IS 'How likely it is drawn, beside others.';


--
-- Name: COLUMN drawn_picture.priority; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON COLUMN clipsql_private.drawn_picture.priority IS 'Its place in the order: the least comes first.';


--
-- Name: COLUMN drawn_picture.url; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON COLUMN clipsql_private.drawn_picture.url IS 'Where it came from.';


--
-- Name: COLUMN drawn_picture.taken_at; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON COLUMN clipsql_private.drawn_picture.taken_at IS 'When it was taken.';


--
-- Name: COLUMN drawn_picture.is_right; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON COLUMN clipsql_private.drawn_picture.is_right IS 'Whether it is what is looked for; null: nobody has said.';


--
-- Name: query_code; Type: TYPE; Schema: clipsql_private; Owner: -
--

CREATE TYPE clipsql_private.query_code AS (
	basis_id integer,
	code public.halfvec
);


--
-- Name: TYPE query_code; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TYPE clipsql_private.query_code IS 'The code of a query and the basis that it is of.';


--
-- Name: requested_search; Type: TYPE; Schema: clipsql_private; Owner: -
--

CREATE TYPE clipsql_private.requested_search AS (
	text text,
	image bigint,
	vector public.vector,
	query text,
	max_results integer,
	in_collection text,
	taken_from timestamp with time zone,
	taken_until timestamp with time zone,
	daily_from time without time zone,
	daily_until time without time zone,
	near_longitude double precision,
	near_latitude double precision,
	within_m double precision,
	inside polygon,
	having_metadata jsonb,
	metadata_matches text,
	caption_query text,
	only_images bigint[],
	except_images bigint[],
	min_similarity double precision,
	min_percentile double precision,
	distinct_above double precision,
	fusion text,
	search_in text,
	having_label text,
	model text
);


--
-- Name: TYPE requested_search; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TYPE clipsql_private.requested_search IS 'What clipsql.search_request takes, member by member.';


--
-- Name: search_filter; Type: TYPE; Schema: clipsql_private; Owner: -
--

CREATE TYPE clipsql_private.search_filter AS (
	in_collection text,
	taken_from timestamp with time zone,
	taken_until timestamp with time zone,
	daily_from time without time zone,
	daily_until time without time zone,
	near_longitude double precision,
	near_latitude double precision,
	within_m double precision,
	inside polygon,
	having_metadata jsonb,
	metadata_matches jsonpath,
	caption_query text,
	only_images bigint[],
	except_images bigint[],
	attachment_id integer
);


--
-- Name: TYPE search_filter; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TYPE clipsql_private.search_filter IS 'The filters of a search.';


--
-- Name: search_strategy; Type: TYPE; Schema: clipsql_private; Owner: -
--

CREATE TYPE clipsql_private.search_strategy AS (
	is_open boolean,
	walks boolean,
	width integer,
	coded clipsql_private.query_code,
	reason text,
	total_rows bigint,
	likely_matches bigint,
	ef_search integer,
	step_ms double precision,
	compare_ms double precision,
	whole_ms double precision
);


--
-- Name: TYPE search_strategy; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TYPE clipsql_private.search_strategy IS 'A choice of choose_strategy.';


--
-- Name: watched_picture; Type: TYPE; Schema: clipsql_private; Owner: -
--

CREATE TYPE clipsql_private.watched_picture AS (
	image_id bigint,
	similarity double precision,
	seen_at timestamp with time zone,
	day date,
	occasion bytea
);


--
-- Name: TYPE watched_picture; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TYPE clipsql_private.watched_picture IS 'A picture that a watch raises an alarm for: how similar, of when, and what it shares with others of one alarm.';


--
-- Name: add_model(text, integer, double precision); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.add_model(name text, dimensions integer, logit_scale double precision DEFAULT 100) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    known clipsql.model;
    owner constant oid := (select c.relowner from pg_catalog.pg_class as c where c.oid = 'clipsql.model'::regclass);
    added integer;
begin
    perform clipsql_private.check_most('model', length(add_model.name), 'characters');
    if coalesce(add_model.name, '') !~ '[^[:space:]]' then
        raise exception using errcode = 'CQ004', message = 'The name of the model is empty; give it one.';
    elsif add_model.dimensions is null or add_model.dimensions not between 1 and 4000 then
        raise exception using errcode = 'CQ004', message = format(
            'dimensions must lie between 1 and 4000, which an HNSW index can hold, not %s.',
            coalesce(add_model.dimensions::text, 'null'));
    elsif add_model.logit_scale is null or not (add_model.logit_scale > 0 and add_model.logit_scale < 'infinity') then
        raise exception using errcode = 'CQ004', message = format(
            'logit_scale must be positive and finite, not %s; CLIP learned 100.', coalesce(add_model.logit_scale::text, 'null'));
    elsif not pg_has_role(owner, 'usage') then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'Only the owner of clipsql''s tables adds models; let %s run this.', pg_get_userbyid(owner));
    end if;
    -- Two sessions may add the same model at once.
    lock table clipsql.model in share row exclusive mode;
    select m.* into known from clipsql.model as m where m.name = add_model.name;
    if found then
        if known.location is not null or known.dimensions <> add_model.dimensions then
            raise exception using errcode = 'CQ004', message = format(
                'Model %s is already here: %s with %s dimensions; add this one under another name.', known.name,
                case when known.location is null then 'a vector space' else 'a model with files' end, known.dimensions);
        end if;
        return known.model_id;
    end if;
    insert into clipsql.model (name, dimensions, logit_scale, is_default)
    values (
        add_model.name, add_model.dimensions, add_model.logit_scale,
        not exists (select from clipsql.model as m where m.is_default))
    returning model_id into added;
    perform clipsql_private.add_partitions(added);
    return added;
end;
$$;


--
-- Name: FUNCTION add_model(name text, dimensions integer, logit_scale double precision); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.add_model(name text, dimensions integer, logit_scale double precision) IS 'Adds a vector space whose vectors come from elsewhere (clipsql.put_image), and returns its model_id; a space that is here already is left as it is. The first model becomes the default. name: at most 1000 characters; dimensions: at most 4000. For the owner of the tables.';


--
-- Name: attach(regclass, text, text[], text[], text, text, text, text, text, boolean, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.attach(source regclass, url_column text, caption_columns text[] DEFAULT NULL::text[], metadata_columns text[] DEFAULT NULL::text[], taken_at_column text DEFAULT NULL::text, longitude_column text DEFAULT NULL::text, latitude_column text DEFAULT NULL::text, collection text DEFAULT NULL::text, url_prefix text DEFAULT NULL::text, may_read_files boolean DEFAULT false, model text DEFAULT NULL::text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET quote_all_identifiers TO 'off'
    AS $_$
#variable_conflict use_column
declare
    own_names constant text[] := array(
        select a.attname from pg_catalog.pg_attribute as a where a.attrelid = 'clipsql_private.link'::regclass and a.attnum > 0);
    known record;
    key_numbers smallint[];
    attachment integer;
    link_name text;
    key_columns text;
    attached clipsql_private.attached_table;
begin
    perform clipsql_private.refuse_shards('attach');
    select c.relname, c.relkind, n.nspname into known
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.oid = attach.source;
    if not found then
        raise exception using errcode = 'CQ004', message = format('There is no table %s; name one that is there.', coalesce(attach.source::text, 'null'));
    elsif known.relkind not in ('r', 'p') or known.nspname in ('clipsql', 'clipsql_private', 'pg_catalog', 'information_schema') then
        raise exception using errcode = 'CQ004', message = format(
            '%s cannot be attached: only tables of your own can, partitioned ones too; attach the table that it reads.', attach.source);
    elsif exists (select from pg_catalog.pg_class as c where c.oid = attach.source and (c.relispartition or c.relpersistence = 't')) then
        raise exception using errcode = 'CQ004', message = format(
            '%s cannot be attached: it is a partition, or temporary; attach the whole table.', attach.source);
    end if;
    perform clipsql_private.check_rights_to_attach(attach.source);
    key_numbers := clipsql_private.key_of_table(attach.source);
    if key_numbers is null then
        raise exception using errcode = 'CQ004', message = format(
            '%s has no primary key and no unique key without nulls, by which its rows are known; run: alter table %1$s add primary key (...).',
            attach.source);
    end if;
    -- No worker is to apply notes meanwhile. First, for one at work has pictures that the link table refers to.
    perform pg_advisory_xact_lock(hashtextextended('clipsql_private.attachment', 0));
    -- Two sessions may attach the same table at once.
    lock table clipsql_private.attachment in share row exclusive mode;
    if exists (
            select from clipsql_private.attachment as a
            where a.source = attach.source and clipsql_private.url_column_of(a.attachment_id) = attach.url_column) then
        raise exception using errcode = 'CQ004', message = format(
            'Column %s of %s is attached already; change it with clipsql.reattach.', attach.url_column, attach.source);
    end if;

    insert into clipsql_private.attachment (source, source_oid, source_name, link, collection, url_prefix, may_read_files)
    values (
        attach.source, attach.source, format('%I.%I', known.nspname, known.relname), '', '', null, false)
    returning attachment_id into attachment;
    insert into clipsql_private.attached_column (attachment_id, role, position, name, number, type, key_name)
    select attachment, 'key', k.position, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod),
        case when regexp_replace(a.attname, '^(row_)+', '') = any (own_names || 'is_fresh'::text) then 'row_' || a.attname else a.attname end
    from unnest(key_numbers) with ordinality as k(number, position)
    join pg_catalog.pg_attribute as a on a.attrelid = attach.source and a.attnum = k.number;
    perform
        clipsql_private.choose_columns(
            attachment => attachment, source => attach.source, url_column => attach.url_column,
            caption_columns => attach.caption_columns, metadata_columns => attach.metadata_columns,
            taken_at_column => attach.taken_at_column, longitude_column => attach.longitude_column,
            latitude_column => attach.latitude_column),
        clipsql_private.choose_target(
            attachment => attachment, collection => coalesce(attach.collection, known.relname), url_prefix => attach.url_prefix,
            may_read_files => attach.may_read_files, model => attach.model);

    link_name := coalesce(
        (
            select n.name
            from (values
                (1, left(known.relname, 24) || '_picture'),
                (2, left(known.relname, 24) || '_' || left(attach.url_column, 24))) as n(position, name)
            where octet_length(n.name) < 64 and to_regclass(format('clipsql.%I', n.name)) is null
                and to_regtype(format('clipsql.%I', n.name)) is null
            order by n.position
            limit 1),
        'picture_' || attachment);
    update clipsql_private.attachment as a set link = link_name where a.attachment_id = attachment;
    -- In the types that domains stand on: their checks would run within the writes of others.
    key_columns := (
        select string_agg(
            concat(
                quote_ident(c.key_name), ' ', format_type(clipsql_private.base_type(t.oid), a.atttypmod),
                case when a.attcollation not in (0, t.typcollation) then ' collate ' || a.attcollation::regcollation end),
            ', ' order by c.position)
        from clipsql_private.attached_column as c
        join pg_catalog.pg_attribute as a on a.attrelid = attach.source and a.attnum = c.number
        join pg_catalog.pg_type as t on t.oid = a.atttypid
        where c.attachment_id = attachment and c.role = 'key');
    attached := clipsql_private.attached_table(attachment);
    execute format(
        'create table %s (%s, primary key (%s), foreign key (image_id) references clipsql.image on delete cascade)
         inherits (clipsql_private.link)',
        attached.link, key_columns, clipsql_private.key_list(attached.row_keys));
    execute format('create index on %s (image_id)', attached.link);
    execute format('create table %s (%s) inherits (clipsql_private.changed_row)', attached.changes, key_columns);
    -- Small: what people just wrote.
    execute format('create index on %s (is_fresh) where is_fresh', attached.changes);
    if clipsql_private.keeps_tenants_apart() then
        perform clipsql_private.keep_apart(t.own) from unnest(array[attached.link, attached.changes]::regclass[]) as t(own);
    end if;
    perform clipsql_private.hand_over(attachment, attach.source);
    perform clipsql_private.make_triggers(attachment, attach.source);
    if not has_table_privilege('clipsql_writer', attach.source, 'select') then
        raise notice using message = format(
            'Workers that connect as members of clipsql_writer need to read %s; run: grant usage on schema %I to clipsql_writer; grant select on %1$s to clipsql_writer.',
            attach.source, known.nspname);
    end if;
    return attached.link;
end;
$_$;


--
-- Name: FUNCTION attach(source regclass, url_column text, caption_columns text[], metadata_columns text[], taken_at_column text, longitude_column text, latitude_column text, collection text, url_prefix text, may_read_files boolean, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.attach(source regclass, url_column text, caption_columns text[], metadata_columns text[], taken_at_column text, longitude_column text, latitude_column text, collection text, url_prefix text, may_read_files boolean, model text) IS 'Gives the rows of a table picture search (clipsql.search_rows) and keeps it up to date; returns the table that links rows with pictures. url_column holds the address, after url_prefix where it is only a name; caption_columns and metadata_columns (at most 50 each) are what is told of the picture. collection (at most 1000 characters, as url_prefix): the table''s name by default. may_read_files lets workers read the files of their machine that the column names. model: at most 1000 characters. For the owner of both.';


--
-- Name: backtest(text, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.backtest(name text, taken_from timestamp with time zone DEFAULT NULL::timestamp with time zone, taken_until timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS SETOF clipsql.backtest_result
    LANGUAGE plpgsql STABLE ROWS 100
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    watch clipsql.watch_list := clipsql_private.find_watch(backtest.name);
    threshold constant double precision := watch.min_similarity;
    seen clipsql_private.watched_picture[];
begin
    if backtest.taken_from >= backtest.taken_until then
        raise exception using errcode = 'CQ004', message = format(
            'taken_from (%s) must lie before taken_until (%s).', backtest.taken_from, backtest.taken_until);
    end if;
    watch.min_similarity := -1;  -- days without an alarm count, too
    select array_agg(p) into seen
    from clipsql_private.watched_past(watch, clipsql_private.watch_directions(watch.watch_id),
        backtest.taken_from, backtest.taken_until) as p;
    return query
    with daily as materialized (
        select d.* from clipsql_private.daily_alarms(seen, threshold) as d
    )
    select d.day, d.alarms, i.low, i.high, d.best_image_id
    from daily as d
    cross join clipsql_private.daily_interval(array(select n.alarms from daily as n)) as i
    order by d.day;
end;
$$;


--
-- Name: FUNCTION backtest(name text, taken_from timestamp with time zone, taken_until timestamp with time zone); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.backtest(name text, taken_from timestamp with time zone, taken_until timestamp with time zone) IS 'What a watch (a name of at most 200 characters) would have raised, for each day that has pictures that pass its filters: the number of alarms, exact, what a day to come will have, and the best picture. taken_from and taken_until are of when pictures were taken, or, where that is not known, added.';


--
-- Name: classify(bigint, text[], text, text[], text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.classify(image bigint, labels text[], template text DEFAULT 'a photo of a {}'::text, templates text[] DEFAULT NULL::text[], model text DEFAULT NULL::text) RETURNS SETOF clipsql.label_result
    LANGUAGE plpgsql STABLE COST 1e+06 ROWS 10
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(classify.model);
    embedding constant halfvec := clipsql.image_vector(image, chosen.name)::halfvec;
    directions constant halfvec[] := clipsql_private.label_directions(labels, template, templates, chosen);
begin
    return query
    select labels[array_lower(labels, 1) + p.label_number::integer - 1], p.probability
    from clipsql_private.label_probabilities(embedding, directions, chosen.logit_scale) as p
    order by p.probability desc, p.label_number;
end;
$$;


--
-- Name: FUNCTION classify(image bigint, labels text[], template text, templates text[], model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.classify(image bigint, labels text[], template text, templates text[], model text) IS 'Probability of each label for a stored picture, likeliest first: softmax of the cosines times the model''s logit scale. At most 300 labels times templates, 4000 bytes together.';


--
-- Name: classify_images(text[], text, timestamp with time zone, timestamp with time zone, time without time zone, time without time zone, double precision, double precision, double precision, polygon, jsonb, jsonpath, text, bigint[], bigint[], text, text[], text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.classify_images(labels text[], in_collection text DEFAULT NULL::text, taken_from timestamp with time zone DEFAULT NULL::timestamp with time zone, taken_until timestamp with time zone DEFAULT NULL::timestamp with time zone, daily_from time without time zone DEFAULT NULL::time without time zone, daily_until time without time zone DEFAULT NULL::time without time zone, near_longitude double precision DEFAULT NULL::double precision, near_latitude double precision DEFAULT NULL::double precision, within_m double precision DEFAULT NULL::double precision, inside polygon DEFAULT NULL::polygon, having_metadata jsonb DEFAULT NULL::jsonb, metadata_matches jsonpath DEFAULT NULL::jsonpath, caption_query text DEFAULT NULL::text, only_images bigint[] DEFAULT NULL::bigint[], except_images bigint[] DEFAULT NULL::bigint[], template text DEFAULT 'a photo of a {}'::text, templates text[] DEFAULT NULL::text[], model text DEFAULT NULL::text) RETURNS SETOF clipsql.image_label_result
    LANGUAGE plpgsql STABLE COST 1e+06
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET gin_fuzzy_search_limit TO '0'
    AS $_$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(classify_images.model);
    filter constant clipsql_private.search_filter := clipsql_private.make_filter(
        in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => except_images);
    conditions constant text := clipsql_private.effective_conditions(filter);
    directions constant halfvec[] := clipsql_private.label_directions(labels, template, templates, chosen);
begin
    return query execute format(
        'select c.image_id, ($3)[array_lower($3, 1) + best.label_number::integer - 1], best.probability
         from (select e.image_id, e.embedding %s) as c
         cross join lateral (
             select p.label_number, p.probability
             from clipsql_private.label_probabilities(c.embedding, $2, $4) as p
             order by p.probability desc, p.label_number
             limit 1
         ) as best
         order by c.image_id', clipsql_private.candidates(conditions, chosen))
    using filter, directions, labels, chosen.logit_scale;
    if not found then perform clipsql_private.refuse_shards('classify_images'); end if;
end;
$_$;


--
-- Name: FUNCTION classify_images(labels text[], in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], template text, templates text[], model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.classify_images(labels text[], in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], template text, templates text[], model text) IS 'The likeliest label of every picture that passes the filters, with its probability; at most 300 labels times templates, 4000 bytes together; filters as in clipsql.search.';


--
-- Name: compare_models(text, text, text[], integer); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.compare_models(old text, new text, queries text[] DEFAULT NULL::text[], max_results integer DEFAULT 10) RETURNS SETOF clipsql.comparison_result
    LANGUAGE plpgsql STABLE ROWS 100
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    most_captions constant integer := 200;
    most_results constant integer := 100;
    persistence constant double precision := 0.9;  -- the first ten count for two thirds
    chosen_old constant clipsql.model := clipsql_private.resolve_model(compare_models.old);
    chosen_new constant clipsql.model := clipsql_private.resolve_model(compare_models.new);
    asked record;
    compared clipsql.comparison_result;
begin
    perform clipsql_private.check_most('queries', cardinality(queries), 'queries');
    perform clipsql_private.check_limits(max_results => compare_models.max_results, min_similarity => null);
    if compare_models.max_results > most_results then
        raise exception using errcode = 'CQ004', message = format(
            'max_results must be %s or less where models are compared, not %s.', most_results, compare_models.max_results);
    end if;
    perform clipsql_private.check_text(q.body) from unnest(queries) as q(body);
    for asked in
        select q.body, null::bigint as image_id, null::bigint as caption_id, false as has_terms
        from unnest(queries) as q(body)
        union all
        select w.query, null, null, true
        from (
            select w.query from clipsql.watch_list as w
            where queries is null and w.query is not null and clipsql_private.owns(w.owner)
            order by w.watch_id
            limit clipsql_private.most('queries')
        ) as w
        union all
        select c.body, c.image_id, c.caption_id, false
        from (
            select distinct on (hashint8(c.image_id), c.image_id) c.body, c.image_id, c.caption_id
            from clipsql.caption as c
            where queries is null
                and exists (
                    select from clipsql.caption_embedding as e
                    where e.caption_id = c.caption_id and e.model_id = chosen_old.model_id)
                and exists (
                    select from clipsql.caption_embedding as e
                    where e.caption_id = c.caption_id and e.model_id = chosen_new.model_id)
                and exists (
                    select from clipsql.image_embedding as e
                    where e.image_id = c.image_id and e.model_id = chosen_old.model_id)
                and exists (
                    select from clipsql.image_embedding as e
                    where e.image_id = c.image_id and e.model_id = chosen_new.model_id)
            order by hashint8(c.image_id), c.image_id, c.caption_id
            limit most_captions
        ) as c
    loop
        compared.query := asked.body;
        compared.image_id := asked.image_id;
        compared.old_images := clipsql_private.found_images(
            asked.body, asked.caption_id, asked.has_terms, compare_models.max_results, chosen_old);
        compared.new_images := clipsql_private.found_images(
            asked.body, asked.caption_id, asked.has_terms, compare_models.max_results, chosen_new);
        compared.overlap := (
            select count(*)::double precision from unnest(compared.old_images) as o(found) where o.found = any (compared.new_images)
        ) / nullif(greatest(cardinality(compared.old_images), cardinality(compared.new_images)), 0);
        compared.rank_biased_overlap := clipsql_private.rank_biased_overlap(compared.old_images, compared.new_images, persistence);
        return next compared;
    end loop;
end;
$$;


--
-- Name: FUNCTION compare_models(old text, new text, queries text[], max_results integer); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.compare_models(old text, new text, queries text[], max_results integer) IS 'What becomes of searches under another model: of each query the share of results in common, rank-biased overlap, and the image_ids that each model finds, nearest first. queries: at most 50; default: what your watches look for, and up to 200 captions, whose picture is image_id. A null model is the default one; max_results: at most 100, not 100000 as in a search.';


--
-- Name: count_matches(text, text, text, timestamp with time zone, timestamp with time zone, time without time zone, time without time zone, double precision, double precision, double precision, polygon, jsonb, jsonpath, text, bigint[], bigint[], double precision, public.vector, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.count_matches(query text, by text DEFAULT 'day'::text, in_collection text DEFAULT NULL::text, taken_from timestamp with time zone DEFAULT NULL::timestamp with time zone, taken_until timestamp with time zone DEFAULT NULL::timestamp with time zone, daily_from time without time zone DEFAULT NULL::time without time zone, daily_until time without time zone DEFAULT NULL::time without time zone, near_longitude double precision DEFAULT NULL::double precision, near_latitude double precision DEFAULT NULL::double precision, within_m double precision DEFAULT NULL::double precision, inside polygon DEFAULT NULL::polygon, having_metadata jsonb DEFAULT NULL::jsonb, metadata_matches jsonpath DEFAULT NULL::jsonpath, caption_query text DEFAULT NULL::text, only_images bigint[] DEFAULT NULL::bigint[], except_images bigint[] DEFAULT NULL::bigint[], min_similarity double precision DEFAULT NULL::double precision, query_vector public.vector DEFAULT NULL::public.vector, model text DEFAULT NULL::text) RETURNS SETOF clipsql.count_result
    LANGUAGE plpgsql STABLE ROWS 100
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    least_checked constant integer := 10;
    chosen constant clipsql.model := clipsql_private.resolve_model(count_matches.model);
    filter constant clipsql_private.search_filter := clipsql_private.make_filter(
        in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => except_images);
begin
    perform clipsql_private.check_limits(max_results => 1, min_similarity => min_similarity, min_percentile => null);
    if coalesce(count_matches.by, '') <> all (array['hour', 'day', 'week', 'month', 'year', 'all']) then
        raise exception using errcode = 'CQ004', message = format(
            'by must be hour, day, week, month, year or all, not %s.', coalesce(left(count_matches.by, 100), 'null'));
    end if;
    return query
    with drawn as materialized (
        select
            d.*, case when count_matches.by <> 'all' then date_trunc(count_matches.by, d.taken_at) end as bucket,
            min(d.priority) filter (where d.is_right is null) over () as first_unchecked
        from clipsql_private.drawn_for(count_matches.query, query_vector, filter, chosen) as d
    ), weighed as (
        select
            d.*, d.is_right and s.stands as is_match,
            case when s.stands then greatest(1, coalesce(1 / (d.size * d.first_unchecked), 1)) end as weight,
            count(*) filter (where s.stands) over () >= least_checked or d.first_unchecked is null as is_told
        from drawn as d
        cross join lateral (
            select d.is_right is not null and (d.priority < d.first_unchecked or d.first_unchecked is null) as stands
        ) as s
    ), bucket as (
        select
            w.bucket, w.is_told, count(*) as pictures, count(w.weight) as checked,
            count(*) filter (where w.similarity >= min_similarity) as above,
            count(*) filter (where w.is_right) as known_right, count(*) filter (where not w.is_right) as known_wrong,
            count(*) filter (where w.is_match) as is_match,
            coalesce(sum(w.weight - 1) filter (where w.is_match), 0) as rest,
            coalesce(sum(w.weight * (w.weight - 1)) filter (where w.is_match), 0) as variance,
            avg(w.weight - 1) as further, avg(w.weight * (w.weight - 1)) as further_variance
        from weighed as w
        group by w.bucket, w.is_told
    )
    select
        b.bucket, case when b.is_told then b.is_match + b.rest end,
        -- The true number is a whole one: at least 2.01 would deny that it is 2, for next to no reason.
        case when b.is_told then least(i.high, greatest(b.known_right, b.is_match + round(i.low))) end,
        case when b.is_told then i.high end,
        b.checked, case when min_similarity is not null then b.above end, b.pictures
    from bucket as b
    cross join lateral (
        -- Of pictures none of which was checked nothing is known.
        select r.low, greatest(b.known_right, least(
            b.pictures - b.known_wrong, coalesce(b.is_match + r.high, b.pictures))) as high
        from clipsql_private.rest_interval(b.rest, b.variance, b.further, b.further_variance) as r
    ) as i
    order by b.bucket;
    if not found then perform clipsql_private.refuse_shards('count_matches'); end if;
end;
$$;


--
-- Name: FUNCTION count_matches(query text, by text, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, query_vector public.vector, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.count_matches(query text, by text, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, query_vector public.vector, model text) IS 'How many pictures match a query (at most 5000 characters), by hour, day, week, month or year in which they were taken, or all: matches, without bias, with the interval that holds the true number in 95 of 100 cases. It rests on verdicts (clipsql.next_to_check, clipsql.judge_match); before there are ten, matches is null, and only how many are above min_similarity is told. Filters as in clipsql.search; query_vector stands for the query.';


--
-- Name: detach(regclass, boolean, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.detach(source regclass, keep_pictures boolean DEFAULT false, url_column text DEFAULT NULL::text) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    attachment integer;
    attached clipsql_private.attached_table;
    one record;
    brought bigint[];
    removed integer := 0;
    batch integer;
begin
    perform clipsql_private.check_rights_to_attach(detach.source);
    -- No worker is to apply notes meanwhile. First, for one at work reads the table whose triggers are to go.
    perform pg_advisory_xact_lock(hashtextextended('clipsql_private.attachment', 0));
    lock table clipsql_private.attachment in share row exclusive mode;
    for attachment in select n from clipsql_private.attachments_of(detach.source, detach.url_column) as n loop
        attached := clipsql_private.attached_table(attachment);
        for one in
            select t.tgname, t.tgrelid::regclass as part
            from pg_catalog.pg_trigger as t
            where not t.tgisinternal and t.tgfoid = to_regproc(format('clipsql_private.note_changed_rows_%s', attachment))
                and starts_with(t.tgname, format('clipsql_attachment_%s_', attachment))
        loop
            execute format('drop trigger %I on %s', one.tgname, one.part);
        end loop;
        brought := array(
            select l.image_id from clipsql_private.link as l
            where l.tableoid = attached.link::regclass and l.is_ours and not detach.keep_pictures);
        execute format('drop table %s, %s', attached.link, attached.changes);
        execute format('drop function clipsql_private.note_changed_rows_%s()', attachment);
        delete from clipsql_private.attachment_problem as p where p.attachment_id = attachment;
        delete from clipsql_private.attachment as a where a.attachment_id = attachment;
        with locked as materialized (
            select i.image_id from clipsql.image as i
            where i.image_id = any (brought) and not exists (select from clipsql_private.link as l where l.image_id = i.image_id)
            order by i.image_id for update
        )
        delete from clipsql.image as i using locked as l where i.image_id = l.image_id;
        get diagnostics batch = row_count;
        removed := removed + batch;
    end loop;
    return removed;
end;
$$;


--
-- Name: FUNCTION detach(source regclass, keep_pictures boolean, url_column text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.detach(source regclass, keep_pictures boolean, url_column text) IS 'Detaches a table, or one url_column of it, and returns how many pictures it removed: those that the attachment brought and nothing else links, unless keep_pictures. For the owner of both.';


--
-- Name: disable_tenants(); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.disable_tenants() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    own regclass;
begin
    for own in select t.own from clipsql_private.own_tables() as t(own) loop
        perform clipsql_private.drop_tenant_policies(own);
        execute format('alter table %s disable row level security', own);
    end loop;
    execute (
        select format('revoke select (%s) on clipsql.model from clipsql_reader', string_agg(quote_ident(a.attname), ', '))
        from pg_catalog.pg_attribute as a
        where a.attrelid = 'clipsql.model'::regclass and a.attnum > 0 and not a.attisdropped);
    grant select on clipsql.model to clipsql_reader;
    perform clipsql_private.switch_doors();
end;
$$;


--
-- Name: FUNCTION disable_tenants(); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.disable_tenants() IS 'Takes back clipsql.enable_tenants(); the policies of clipsql.image stay. For the owner.';


--
-- Name: embed_text(text, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.embed_text(query text, model text DEFAULT NULL::text) RETURNS public.vector
    LANGUAGE plpgsql STABLE COST 1e+06
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(model);
    loaded_at constant timestamptz := (
        select t.loaded_at from clipsql_private.text_tower as t where t.model_id = chosen.model_id);
    label constant text := format(
        '%s %s %s ', chosen.model_id, extract(epoch from loaded_at), encode(sha256(convert_to(query, 'UTF8')), 'hex'));
    latest constant text := current_setting('clipsql.latest_embedding', true);
    embedding vector;
    tower clipsql_private.text_tower;
begin
    if query is null then
        return null;
    elsif starts_with(latest, label) then
        return substr(latest, length(label) + 1)::vector;
    end if;
    perform clipsql_private.check_text(query);
    if loaded_at is null then
        embedding := clipsql_private.remembered_vector(query, chosen.model_id);
        if embedding is not null then
            return embedding;
        end if;
    end if;
    tower := clipsql_private.loaded_text_tower(chosen);
    perform clipsql_private.warn_of_unknown(query, tower, chosen.name);
    embedding := l2_normalize((clipsql_private.run_text_tower(tower, clipsql.tokenize(query, chosen.name))).pooled);
    perform set_config('clipsql.latest_embedding', label || embedding::text, true);
    return embedding;
end;
$$;


--
-- Name: FUNCTION embed_text(query text, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.embed_text(query text, model text) IS 'Unit-length embedding of a text (at most 5000 characters) under a model (default: the default model).';


--
-- Name: enable_tenants(); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.enable_tenants() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
declare
    unreadable text;
    vectors constant name := (
        select n.nspname from pg_catalog.pg_type as t join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
        where t.oid = 'vector'::regtype);
    reason text;
begin
    select case
        when not pg_has_role(c.relowner, 'usage') then
            format('enable_tenants is for the owner of clipsql.image, %s.', c.relowner::regrole)
        when not c.relrowsecurity then
            'clipsql.image has no row-level security, which says which pictures are whose; run for example:'
            ' alter table clipsql.image enable row level security;'
            ' create policy of_tenant on clipsql.image to clipsql_reader, clipsql_writer'
            ' using (collection = current_setting(''app.tenant'', true));'
        when c.relforcerowsecurity then
            'Row-level security on clipsql.image is forced on its owner, under whom searches run; run:'
            ' alter table clipsql.image no force row level security.'
        when exists (select from pg_catalog.pg_depend as d
                     where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e') then
            'clipsql.image is an extension''s, and pg_dump leaves the policies of such tables out: a restored copy would show'
            ' every picture to everybody; run before: clipsql db adopt --to migrations.'
        when has_schema_privilege('clipsql_reader', vectors, 'create') then
            format('Anyone may create functions in schema %s, where vectors are at home, for searches to fall into; run:'
                ' revoke create on schema %1$s from public, clipsql_reader, clipsql_writer.', quote_ident(vectors))
    end into reason
    from pg_catalog.pg_class as c
    where c.oid = 'clipsql.image'::regclass;
    if reason is not null then
        raise exception using errcode = 'CQ007', message = reason;
    end if;

    perform clipsql_private.keep_apart(t.own) from clipsql_private.own_tables() as t(own);

    -- Where a model's files lie is the server's affair; who ingests has to know.
    revoke select on clipsql.model from clipsql_reader;
    execute (
        select format('grant select (%s) on clipsql.model to clipsql_reader', string_agg(quote_ident(a.attname), ', '))
        from pg_catalog.pg_attribute as a
        where a.attrelid = 'clipsql.model'::regclass and a.attnum > 0 and not a.attisdropped and a.attname <> 'location');

    select string_agg(quote_ident(p.polname), ', ' order by p.polname) into unreadable
    from pg_catalog.pg_policy as p
    where p.polrelid = 'clipsql.image'::regclass and p.polcmd in ('r', '*') and not clipsql_private.is_plain_condition(p.polqual);
    perform clipsql_private.switch_doors();
    if unreadable is not null then
        raise notice using message = format(
            'Tenants are kept apart, by PostgreSQL''s own row-level security: %s on clipsql.image is more than columns,'
            ' constants, current_setting and current_user, so filters by metadata and place use no index.', unreadable);
    end if;
end;
$_$;


--
-- Name: FUNCTION enable_tenants(); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.enable_tenants() IS 'Keeps tenants apart by the policies of clipsql.image: captions, vectors, thumbnails and whatever else hangs on a picture are seen and written by who may see and write the picture. For the owner.';


--
-- Name: explain_text(text, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.explain_text(query text, model text DEFAULT NULL::text) RETURNS SETOF clipsql.word_result
    LANGUAGE plpgsql STABLE COST 1e+06 ROWS 10 PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(model);
    tower constant clipsql_private.text_tower := clipsql_private.loaded_text_tower(chosen);
    ids integer[];
    words text[];
    word_numbers integer[];
    last_query vector;
    last_keys vector[];
begin
    if query is null then
        return;
    end if;
    perform clipsql_private.check_text(query);
    select
        array_agg(w.token_id order by w.number), array_agg(w.word order by w.number),
        array_agg(w.word_number order by w.number)
    into ids, words, word_numbers
    from clipsql_private.encode_words(query, tower) with ordinality as w (token_id, word_number, word, number);
    select t.last_query, t.last_keys into last_query, last_keys
    from clipsql_private.run_text_tower(tower, tower.start_id || ids || tower.end_id) as t;
    return query
    -- Sums have an order: the last digit must not depend on the plan.
    with score as (
        select h.first, k.number, inner_product(
            subvector(k.body, h.first, tower.width / tower.heads),
            subvector(last_query, h.first, tower.width / tower.heads)) as score
        from unnest(last_keys) with ordinality as k (body, number),
            generate_series(1, tower.width, tower.width / tower.heads) as h (first)
    ), power as (
        select s.first, s.number, exp(greatest(s.score - max(s.score) over (partition by s.first), -700)) as power
        from score as s
    ), share as (
        select p.first, p.number, p.power / sum(p.power) over (
            partition by p.first order by p.number rows between unbounded preceding and unbounded following) as share
        from power as p
    )
    select t.word_number, t.word, coalesce(sum(s.share order by s.number, s.first), 0)
        / sum(sum(s.share order by s.number, s.first)) over (
            order by t.word_number rows between unbounded preceding and unbounded following)
    from unnest(word_numbers, words) with ordinality as t (word_number, word, number)
    left join share as s on s.number = t.number + 1
    group by t.word_number, t.word
    order by t.word_number;
end;
$$;


--
-- Name: FUNCTION explain_text(query text, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.explain_text(query text, model text) IS 'Share of the attention that each word of a text (at most 5000 characters) gets in the last layer from the token that becomes the embedding; shares sum to 1.';


--
-- Name: image_vector(bigint, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.image_vector(image bigint, model text DEFAULT NULL::text) RETURNS public.vector
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(model);
    stored vector;
    state text;
begin
    -- Joined with image, not read from image_embedding alone, so that row-level security on image holds.
    execute format(
            'select e.embedding::vector, i.status
             from %s as i
             left join clipsql.image_embedding as e on e.image_id = i.image_id and e.model_id = $2
             where i.image_id = $1', clipsql_private.visible_images())
        into stored, state using image, chosen.model_id;
    if state is null then
        select v.vector, v.state into stored, state from clipsql_private.vector_of_shards(image, chosen.name) as v;
    end if;
    if state is null then
        raise exception using errcode = 'CQ002', message = format('There is no image %s.', coalesce(image::text, 'null'));
    elsif stored is null then
        raise exception using errcode = 'CQ002', message = format(
            'Image %s (status %s) has no embedding under model %s; run "clipsql ingest" with that model.',
            image, state, chosen.name);
    end if;
    return stored;
end;
$_$;


--
-- Name: FUNCTION image_vector(image bigint, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.image_vector(image bigint, model text) IS 'Unit-length embedding of a stored picture under a model (default: the default model).';


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: model_answer; Type: TABLE; Schema: clipsql; Owner: -
--

CREATE TABLE clipsql.model_answer (
    query_id integer NOT NULL,
    image_id bigint NOT NULL,
    answer text,
    score double precision,
    answered_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: TABLE model_answer; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TABLE clipsql.model_answer IS 'What a model said of one picture.';


--
-- Name: COLUMN model_answer.query_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_answer.query_id IS 'What it was asked.';


--
-- Name: COLUMN model_answer.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_answer.image_id IS 'The picture.';


--
-- Name: COLUMN model_answer.answer; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_answer.answer IS 'The answer or the description in words; null for a match.';


--
-- Name: COLUMN model_answer.score; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_answer.score IS 'The probability of a match, or of the answer, in [0, 1]; null for a description.';


--
-- Name: COLUMN model_answer.answered_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_answer.answered_at IS 'When it said so.';


--
-- Name: itm_score(bigint, integer); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.itm_score(image bigint, query_id integer) RETURNS double precision
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT a.score FROM clipsql.model_answer a WHERE ((a.image_id = itm_score.image) AND (a.query_id = itm_score.query_id)));


--
-- Name: FUNCTION itm_score(image bigint, query_id integer); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.itm_score(image bigint, query_id integer) IS 'How likely it is that the text of a query of clipsql.model_query is true of a picture, in [0, 1]; null where no model has said.';


--
-- Name: judge_alert(bigint, boolean); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.judge_alert(alert bigint, is_right boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    owner text;
begin
    select w.owner into owner
    from clipsql.alert as a
    join clipsql.watch_list as w on w.watch_id = a.watch_id
    where a.alert_id = judge_alert.alert;
    if not found then
        raise exception using errcode = 'CQ009', message = format(
            'There is no alert %s; clipsql.alert shows what there is.', coalesce(judge_alert.alert::text, 'null'));
    elsif not clipsql_private.owns(owner) then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'The watch of alert %s is another role''s, who alone judges it.', judge_alert.alert);
    end if;
    update clipsql.alert as a set verdict = judge_alert.is_right where a.alert_id = judge_alert.alert;
end;
$$;


--
-- Name: FUNCTION judge_alert(alert bigint, is_right boolean); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.judge_alert(alert bigint, is_right boolean) IS 'Says whether an alarm was right; null takes that back. clipsql.watch_stats has the precision. For clipsql_writer.';


--
-- Name: judge_match(text, bigint, boolean); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.judge_match(query text, image bigint, is_right boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    digest constant bytea := clipsql_private.query_digest(judge_match.query);
begin
    perform clipsql_private.check_text(judge_match.query);
    if not exists (select from clipsql.image as i where i.image_id = judge_match.image) then
        raise exception using errcode = 'CQ002', message = format(
            'There is no image %s.', coalesce(judge_match.image::text, 'null'));
    elsif judge_match.is_right is null then
        delete from clipsql_private.verdict as v where v.query_digest = digest and v.image_id = judge_match.image;
        return;
    end if;
    insert into clipsql_private.verdict as v (query_digest, image_id, is_right)
    values (digest, judge_match.image, judge_match.is_right)
    on conflict (query_digest, image_id) do update set is_right = excluded.is_right, judged_at = now();
end;
$$;


--
-- Name: FUNCTION judge_match(query text, image bigint, is_right boolean); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.judge_match(query text, image bigint, is_right boolean) IS 'Says whether a picture is what a query (at most 5000 characters) looks for, for clipsql.count_matches; null takes that back. For clipsql_writer.';


--
-- Name: match(bigint, text, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.match(image bigint, query text, model text DEFAULT NULL::text) RETURNS double precision
    LANGUAGE sql STABLE COST 1e+06
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    select case when f.cosine is not null then greatest(-1, least(1, f.cosine)) end  -- they pass over a null
    from (
        select 1 - (clipsql.image_vector(image, model)::halfvec <=> clipsql.embed_text(query, model)::halfvec)
    ) as f(cosine);
$$;


--
-- Name: FUNCTION match(image bigint, query text, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.match(image bigint, query text, model text) IS 'How well a text (at most 5000 characters) fits a stored picture: the cosine of their embeddings, as a search returns it.';


--
-- Name: mix(public.vector[], double precision[]); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.mix(vectors public.vector[], weights double precision[] DEFAULT NULL::double precision[]) RETURNS public.vector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    size integer;
    weight double precision;
    reach double precision := 0;  -- no component of the sum is larger
    total vector;
    term vector;
begin
    perform clipsql_private.check_terms(vectors, weights);
    size := vector_dims(vectors[array_lower(vectors, 1)]);
    for position in 0 .. cardinality(vectors) - 1 loop
        term := vectors[array_lower(vectors, 1) + position];
        if vector_dims(term) <> size then
            raise exception 'mix got vectors of % and % dimensions; mix vectors of one model only.', size, vector_dims(term)
                using errcode = 'CQ003';
        end if;
        weight := coalesce(weights[array_lower(weights, 1) + position], 1);
        reach := reach + abs(weight) * vector_norm(term);
        if reach > 1e38 then
            raise exception using errcode = 'CQ003',
                message = 'These vectors are too long to be added; bring them to unit length with l2_normalize.';
        elsif weight <> 1 then
            -- Not vector * vector, which refuses a product that is too small for float4 instead of calling it 0.
            term := array(select weight * c.component from unnest(term::real[]) as c(component))::vector;
        end if;
        total := case when total is null then term else total + term end;
    end loop;
    if vector_norm(total) = 0 then
        raise exception using errcode = 'CQ003',
            message = 'The weighted sum of these vectors is zero and points nowhere; change the weights.';
    end if;
    return total;
end;
$$;


--
-- Name: FUNCTION mix(vectors public.vector[], weights double precision[]); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.mix(vectors public.vector[], weights double precision[]) IS 'Weighted sum of the vectors as they are (weights default to 1; negative ones push away); at most 1000.';


--
-- Name: move_watches(text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.move_watches(model text DEFAULT NULL::text) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(move_watches.model);
    one record;
    found record;
    before clipsql.watch_list[] := '{}';
    after clipsql.watch_list[] := '{}';
    vectors halfvec[] := '{}';
    vectors_of bigint[] := '{}';
    moved bigint[];
begin
    -- Those that did not follow to another model need not, when this one is the default again.
    update clipsql.watch_list as w set problem = null
    where w.model_id = chosen.model_id and starts_with(w.problem, 'Not under model ') and clipsql_private.owns(w.owner);
    for one in
        with wanted as materialized (
            select w as watch, w.model_id, w.filters ->> 'in_collection' as collection
            from clipsql.watch_list as w
            where w.model_id is distinct from chosen.model_id and clipsql_private.owns(w.owner)
        ), lacks as (
            select o.model_id, o.collection, count(*) as known, count(*) filter (where n.image_id is null) as lacking
            from (
                select distinct w.model_id, w.collection from wanted as w
                where num_nonnulls((w.watch).alarms_per_day, (w.watch).min_percentile) > 0
            ) as o
            join clipsql.image_embedding as e on e.model_id = o.model_id
            join clipsql.image as i on i.image_id = e.image_id and (o.collection is null or i.collection = o.collection)
            left join clipsql.image_embedding as n on n.model_id = chosen.model_id and n.image_id = e.image_id
            group by o.model_id, o.collection
        )
        select w.watch, l.known, l.lacking
        from wanted as w
        left join lacks as l on l.model_id = w.model_id and l.collection is not distinct from w.collection
        order by (w.watch).watch_id
    loop
        found := clipsql_private.moved_watch(one.watch, chosen, one.known, one.lacking);
        if found.directions is null then
            update clipsql.watch_list as w set problem = (found.moved).problem
            where w.watch_id = (found.moved).watch_id and w.problem is distinct from (found.moved).problem;
        else
            before := before || one.watch;
            after := after || found.moved;
            vectors := vectors || found.directions;
            vectors_of := vectors_of || array_fill((found.moved).watch_id, array[cardinality(found.directions)]);
        end if;
    end loop;
    if before = '{}' then
        return 0;
    end if;
    update clipsql.watch_list as w set model_id = w.model_id where false;  -- waits for who is writing (begin_watch)
    moved := array(
        select w.watch_id
        from clipsql.watch_list as w
        join generate_subscripts(before, 1) as n(number) on w is not distinct from before[n.number]
        for no key update of w);
    delete from clipsql_private.watch_vector as v where v.watch_id = any (moved);
    insert into clipsql_private.watch_vector (model_id, watch_id, number, embedding, min_similarity, is_paused)
    select
        a.model_id, a.watch_id, row_number() over (partition by a.watch_id order by d.number), d.direction,
        a.min_similarity, a.is_paused
    from unnest(vectors, vectors_of) with ordinality as d(direction, watch_id, number)
    join unnest(after) as a on a.watch_id = d.watch_id
    where a.watch_id = any (moved);
    -- Raises what was missed (raise_missed), so the vectors come before.
    update clipsql.watch_list as w
    set (model_id, min_similarity, alarms_low, alarms_high, problem) =
        (a.model_id, a.min_similarity, a.alarms_low, a.alarms_high, null)
    from unnest(after) as a
    where w.watch_id = a.watch_id and a.watch_id = any (moved);
    return cardinality(moved);
end;
$$;


--
-- Name: FUNCTION move_watches(model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.move_watches(model text) IS 'Has your watches compare the embeddings of another model (a name of at most 1000 characters; default: the default one): they are embedded anew, and rates and percentiles found again. Returns how many moved; the others stay and say why in clipsql.watch_list.problem. Pictures that came since a watch was made and that its old model does not know raise their alarms at once. For clipsql_writer.';


--
-- Name: next_to_check(text, integer, text, timestamp with time zone, timestamp with time zone, time without time zone, time without time zone, double precision, double precision, double precision, polygon, jsonb, jsonpath, text, bigint[], bigint[], public.vector, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.next_to_check(query text, max_results integer DEFAULT 10, in_collection text DEFAULT NULL::text, taken_from timestamp with time zone DEFAULT NULL::timestamp with time zone, taken_until timestamp with time zone DEFAULT NULL::timestamp with time zone, daily_from time without time zone DEFAULT NULL::time without time zone, daily_until time without time zone DEFAULT NULL::time without time zone, near_longitude double precision DEFAULT NULL::double precision, near_latitude double precision DEFAULT NULL::double precision, within_m double precision DEFAULT NULL::double precision, inside polygon DEFAULT NULL::polygon, having_metadata jsonb DEFAULT NULL::jsonb, metadata_matches jsonpath DEFAULT NULL::jsonpath, caption_query text DEFAULT NULL::text, only_images bigint[] DEFAULT NULL::bigint[], except_images bigint[] DEFAULT NULL::bigint[], query_vector public.vector DEFAULT NULL::public.vector, model text DEFAULT NULL::text) RETURNS SETOF clipsql.check_result
    LANGUAGE plpgsql STABLE ROWS 10
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(next_to_check.model);
    filter constant clipsql_private.search_filter := clipsql_private.make_filter(
        in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => except_images);
begin
    perform clipsql_private.check_limits(max_results => max_results, min_similarity => null, min_percentile => null);
    return query
    select (row_number() over (order by d.priority, d.image_id))::integer, d.image_id, d.similarity, d.url, d.taken_at
    from clipsql_private.drawn_for(next_to_check.query, query_vector, filter, chosen) as d
    where d.is_right is null
    order by d.priority, d.image_id
    limit max_results;
    if not found then perform clipsql_private.refuse_shards('next_to_check'); end if;
end;
$$;


--
-- Name: FUNCTION next_to_check(query text, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], query_vector public.vector, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.next_to_check(query text, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], query_vector public.vector, model text) IS 'Pictures whose checking tells most of how many match a query (at most 5000 characters), those first that should be checked first: the more similar, the likelier they are drawn. Tell clipsql.judge_match what they show; clipsql.count_matches counts. At most 100000 max_results; filters as in clipsql.search. query_vector stands for the query.';


--
-- Name: set_paused(text, boolean); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.set_paused(name text, is_paused boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    watch constant clipsql.watch_list := clipsql_private.find_watch(set_paused.name);
begin
    if not clipsql_private.owns(watch.owner) then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'Watch "%s" is another role''s, who alone changes it.', watch.name);
    end if;
    update clipsql.watch_list as w
    set is_paused = set_paused.is_paused, problem = case when set_paused.is_paused then w.problem end
    where w.watch_id = watch.watch_id;
    update clipsql_private.watch_vector as v set is_paused = set_paused.is_paused where v.watch_id = watch.watch_id;
end;
$$;


--
-- Name: FUNCTION set_paused(name text, is_paused boolean); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.set_paused(name text, is_paused boolean) IS 'Pauses a watch, or lets it go on.';


--
-- Name: pause_watch(text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.pause_watch(name text) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT clipsql_private.set_paused(name, true) AS set_paused;
END;


--
-- Name: FUNCTION pause_watch(name text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.pause_watch(name text) IS 'Pauses a watch (a name of at most 200 characters): pictures that come meanwhile raise no alarm. For clipsql_writer.';


--
-- Name: percent_encoded(bytea); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.percent_encoded(path bytea) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    BEGIN ATOMIC
 SELECT COALESCE(string_agg(
         CASE
             WHEN (((b.byte >= 45) AND (b.byte <= 57)) OR ((b.byte >= 65) AND (b.byte <= 90)) OR ((b.byte >= 97) AND (b.byte <= 122)) OR (b.byte = ANY (ARRAY[95, 126]))) THEN chr(b.byte)
             ELSE ('%'::text || upper(lpad(to_hex(b.byte), 2, '0'::text)))
         END, ''::text ORDER BY b.place), ''::text) AS "coalesce"
    FROM ( SELECT get_byte(percent_encoded.path, p.place) AS byte,
             p.place
            FROM generate_series(0, (length(percent_encoded.path) - 1)) p(place)) b;
END;


--
-- Name: FUNCTION percent_encoded(path bytea); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.percent_encoded(path bytea) IS 'A path as it stands in a URL.';


--
-- Name: encoded_path(text, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.encoded_path(url text, file text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT p.path
    FROM ( SELECT clipsql_private.percent_encoded(COALESCE(( SELECT string_agg(
                         CASE
                             WHEN (m.part[1] ~ '^%..'::text) THEN decode(substr(m.part[1], 2), 'hex'::text)
                             ELSE convert_to(m.part[1], 'UTF8'::name)
                         END, '\x'::bytea ORDER BY m.place) AS string_agg
                    FROM regexp_matches("substring"(encoded_path.url, '(?i)^file:(?://[^/?#]*)?(/[^?#]+)'::text), '%[[:xdigit:]]{2}|[^%]+|%'::text, 'g'::text) WITH ORDINALITY m(part, place)), convert_to(encoded_path.file, 'UTF8'::name))) AS path) p
   WHERE ((p.path !~ '/[.]{0,2}(/|$)'::text) AND (p.path !~* '[.](tar|parquet)/'::text));
END;


--
-- Name: FUNCTION encoded_path(url text, file text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.encoded_path(url text, file text) IS 'The path of a local picture, percent-encoded; null where it has no file of its own.';


--
-- Name: settings; Type: TABLE; Schema: clipsql; Owner: -
--

CREATE TABLE clipsql.settings (
    picture_folder text NOT NULL,
    url_prefix text NOT NULL,
    CONSTRAINT settings_picture_folder_check CHECK (((picture_folder ~ '^(/|(/[^/]+)+)$'::text) AND (picture_folder !~ '/[.]{1,2}(/|$)'::text))),
    CONSTRAINT settings_url_prefix_check CHECK ((url_prefix ~* '^(https?://[][a-z0-9.:-]+(/[a-z0-9._~!$&()*+,;=:@%/-]*)?|/([a-z0-9._~!$&()*+,;=:@%-][a-z0-9._~!$&()*+,;=:@%/-]*)?)$'::text))
);


--
-- Name: TABLE settings; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TABLE clipsql.settings IS 'A folder of local pictures that a web server shows to browsers, written by the owner.';


--
-- Name: COLUMN settings.picture_folder; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.settings.picture_folder IS 'Path of the folder, without links and without a slash at its end.';


--
-- Name: COLUMN settings.url_prefix; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.settings.url_prefix IS 'What stands before the rest of the path: http(s)://host/path, or /path of the page''s own host.';


--
-- Name: browser_url(text, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.browser_url(url text, file text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (url ~* '^https?://'::text) THEN url
             ELSE ( SELECT ((rtrim(s.url_prefix, '/'::text) || '/'::text) || substr(p.path, (length(f.folder) + 1)))
                FROM ((clipsql_private.encoded_path(browser_url.url, browser_url.file) p(path)
                  JOIN clipsql.settings s ON (true))
                  CROSS JOIN LATERAL ( SELECT (rtrim(clipsql_private.percent_encoded(convert_to(s.picture_folder, 'UTF8'::name)), '/'::text) || '/'::text) AS folder) f)
               WHERE starts_with(p.path, f.folder)
               ORDER BY (length(f.folder)) DESC
              LIMIT 1)
         END;
END;


--
-- Name: FUNCTION browser_url(url text, file text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.browser_url(url text, file text) IS 'Where a browser finds what is stored under such a url and file; null where it does not.';


--
-- Name: image; Type: TABLE; Schema: clipsql; Owner: -
--

CREATE TABLE clipsql.image (
    image_id bigint NOT NULL,
    collection text NOT NULL,
    url text NOT NULL,
    file text,
    sha256 bytea,
    width integer,
    height integer,
    format text,
    taken_at timestamp with time zone,
    longitude double precision,
    latitude double precision,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    failure text,
    error text,
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT image_metadata_check CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT image_place_check CHECK ((((longitude IS NULL) = (latitude IS NULL)) AND ((longitude >= ('-180'::integer)::double precision) AND (longitude <= (180)::double precision)) AND ((latitude >= ('-90'::integer)::double precision) AND (latitude <= (90)::double precision)))),
    CONSTRAINT image_sha256_check CHECK ((octet_length(sha256) = 32)),
    CONSTRAINT image_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'embedded'::text, 'failed'::text])))
);


--
-- Name: TABLE image; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TABLE clipsql.image IS 'One picture: where it is, what is known of it, and how far its ingest has come.';


--
-- Name: COLUMN image.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image.image_id IS 'Number of the picture, given by the database.';


--
-- Name: COLUMN image.collection; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image.collection IS 'Name of the collection that the picture belongs to.';


--
-- Name: COLUMN image.url; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image.url IS 'Address of the picture, on the web or file://; stands once in a collection.';


--
-- Name: COLUMN image.file; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image.file IS 'Local file that holds the picture, if there is one.';


--
-- Name: COLUMN image.sha256; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image.sha256 IS 'SHA-256 of the file''s bytes; null until it was read.';


--
-- Name: COLUMN image.width; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image.width IS 'Width in pixels, upright.';


--
-- Name: COLUMN image.height; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image.height IS 'Height in pixels, upright.';


--
-- Name: COLUMN image.format; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image.format IS 'Format of the file, such as JPEG or PNG.';


--
-- Name: COLUMN image.taken_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image.taken_at IS 'When the picture was taken, by its list or its EXIF.';


--
-- Name: COLUMN image.longitude; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image.longitude IS 'Where it was taken: degrees east, WGS 84, -180 to 180.';


--
-- Name: COLUMN image.latitude; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image.latitude IS 'Where it was taken: degrees north, WGS 84, -90 to 90.';


--
-- Name: COLUMN image.metadata; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image.metadata IS 'Whatever else the picture''s list said of it, a JSON object.';


--
-- Name: COLUMN image.status; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image.status IS 'How far its ingest has come: pending, embedded or failed.';


--
-- Name: COLUMN image.failure; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image.failure IS 'Class of what went wrong, such as timeout or decode; null unless failed.';


--
-- Name: COLUMN image.error; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image.error IS 'What went wrong, in words; null unless failed.';


--
-- Name: COLUMN image.added_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image.added_at IS 'When the picture became known to the system.';


--
-- Name: picture_url(bigint); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.picture_url(image bigint) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT clipsql_private.browser_url(i.url, i.file) AS browser_url
    FROM clipsql.image i
   WHERE (i.image_id = picture_url.image);
END;


--
-- Name: FUNCTION picture_url(image bigint); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.picture_url(image bigint) IS 'Where a browser finds a picture: its http(s) url as it is, a local file by the URL prefix that clipsql.settings gives its folder (the longest one that holds it); null for any other.';


--
-- Name: put_image(text, text, public.vector, text[], jsonb, timestamp with time zone, double precision, double precision, text, public.vector[], text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.put_image(collection text, url text, embedding public.vector DEFAULT NULL::public.vector, captions text[] DEFAULT NULL::text[], metadata jsonb DEFAULT NULL::jsonb, taken_at timestamp with time zone DEFAULT NULL::timestamp with time zone, longitude double precision DEFAULT NULL::double precision, latitude double precision DEFAULT NULL::double precision, model text DEFAULT NULL::text, caption_embeddings public.vector[] DEFAULT NULL::public.vector[], language text DEFAULT 'en'::text) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    chosen clipsql.model;
    image bigint;
    is_waiting boolean;
begin
    if clipsql_private.has_shards() then
        return clipsql_private.put_on_shard(
            collection => put_image.collection, url => put_image.url, embedding => put_image.embedding,
            captions => put_image.captions, metadata => put_image.metadata, taken_at => put_image.taken_at,
            longitude => put_image.longitude, latitude => put_image.latitude, model => put_image.model,
            caption_embeddings => put_image.caption_embeddings, language => put_image.language);
    end if;
    perform clipsql_private.check_picture(
        put_image.collection, put_image.url, put_image.metadata, put_image.taken_at, put_image.longitude, put_image.latitude);
    perform clipsql_private.check_most('captions', cardinality(put_image.captions), 'captions');
    -- Without a model and an embedding, whichever worker comes first makes the vectors.
    if num_nonnulls(put_image.embedding, put_image.caption_embeddings, put_image.model) > 0 then
        chosen := clipsql_private.resolve_model(put_image.model);
    end if;
    if cardinality(put_image.caption_embeddings) is distinct from cardinality(put_image.captions)
            and put_image.caption_embeddings is not null then
        raise exception using errcode = 'CQ004', message = format(
            'There are %s captions and %s caption_embeddings; give one for each, or null.',
            coalesce(cardinality(put_image.captions), 0), cardinality(put_image.caption_embeddings));
    elsif put_image.embedding is null and chosen.model_id is not null and chosen.location is null then
        raise exception using errcode = 'CQ003', message = format(
            'Model %s is a vector space without files, so that no worker can make the embedding; give it.', chosen.name);
    end if;
    perform clipsql_private.check_query(g.vector, chosen, g.name)
    from (
        select put_image.embedding, 'embedding' where put_image.embedding is not null
        union all
        select e.embedding, 'caption embedding' from unnest(put_image.caption_embeddings) as e(embedding)
        where e.embedding is not null
    ) as g(vector, name);

    insert into clipsql.image as i (collection, url, metadata, taken_at, longitude, latitude, status)
    values (
        put_image.collection, put_image.url, coalesce(put_image.metadata, '{}'), put_image.taken_at,
        put_image.longitude, put_image.latitude,
        case when put_image.embedding is null then 'pending' else 'embedded' end)
    on conflict (collection, clipsql.url_digest(url)) do update set
        metadata = coalesce(put_image.metadata, i.metadata),
        taken_at = coalesce(put_image.taken_at, i.taken_at),
        longitude = coalesce(put_image.longitude, i.longitude),
        latitude = coalesce(put_image.latitude, i.latitude)
    returning i.image_id into image;

    if put_image.captions is not null then
        perform clipsql_private.put_captions(
            image => image, captions => put_image.captions, embeddings => put_image.caption_embeddings,
            language => coalesce(put_image.language, 'en'), chosen => chosen);
    end if;

    if put_image.embedding is not null then
        -- In two steps, as keys are the partitions'; the picture's row is held, so nobody comes between.
        update clipsql.image_embedding as e
        set embedding = l2_normalize(put_image.embedding)::halfvec
        where e.image_id = image and e.model_id = chosen.model_id;
        if not found then
            insert into clipsql.image_embedding (image_id, model_id, embedding)
            values (image, chosen.model_id, l2_normalize(put_image.embedding)::halfvec);
        end if;
        delete from clipsql_private.queue as q
        where q.image_id = image and (q.model_id is null or q.model_id = chosen.model_id);
        is_waiting := exists (select from clipsql_private.queue as q where q.image_id = image);
    else
        is_waiting := not exists (
            select from clipsql.image_embedding as e
            where e.image_id = image and (chosen.model_id is null or e.model_id = chosen.model_id));
        if is_waiting and chosen.model_id is not null then
            insert into clipsql_private.queue (image_id, collection, model_id)
            values (image, put_image.collection, chosen.model_id)
            on conflict (image_id, model_id) do nothing;
        end if;
    end if;
    update clipsql.image as i
    set status = case when is_waiting then 'pending' else 'embedded' end, failure = null, error = null
    where i.image_id = image and i.status <> case when is_waiting then 'pending' else 'embedded' end;
    return image;
end;
$$;


--
-- Name: FUNCTION put_image(collection text, url text, embedding public.vector, captions text[], metadata jsonb, taken_at timestamp with time zone, longitude double precision, latitude double precision, model text, caption_embeddings public.vector[], language text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.put_image(collection text, url text, embedding public.vector, captions text[], metadata jsonb, taken_at timestamp with time zone, longitude double precision, latitude double precision, model text, caption_embeddings public.vector[], language text) IS 'Inserts a picture, or updates it where the collection has the url, and returns its image_id; what is null stays as it is stored, and captions become the given ones (at most 1000). An embedding has the model''s dimensions and is brought to unit length; without one, a worker makes it. caption_embeddings: one for each caption, or null. For clipsql_writer.';


--
-- Name: reattach(regclass, text, text[], text[], text, text, text, text, text, boolean, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.reattach(source regclass, url_column text, caption_columns text[] DEFAULT NULL::text[], metadata_columns text[] DEFAULT NULL::text[], taken_at_column text DEFAULT NULL::text, longitude_column text DEFAULT NULL::text, latitude_column text DEFAULT NULL::text, collection text DEFAULT NULL::text, url_prefix text DEFAULT NULL::text, may_read_files boolean DEFAULT false, model text DEFAULT NULL::text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET quote_all_identifiers TO 'off'
    AS $_$
#variable_conflict use_column
declare
    candidates integer[];
    attachment integer;
begin
    perform clipsql_private.check_rights_to_attach(reattach.source);
    -- No worker is to apply notes meanwhile, as in clipsql.detach.
    perform pg_advisory_xact_lock(hashtextextended('clipsql_private.attachment', 0));
    lock table clipsql_private.attachment in share row exclusive mode;
    -- Of several it is that of the column; the one that there is may get another, and so may the one whose column is gone.
    candidates := array(select n from clipsql_private.attachments_of(reattach.source, null) as n);
    if cardinality(candidates) > 1 and reattach.url_column <> all (
            array(select clipsql_private.url_column_of(n) from unnest(candidates) as n)) then
        candidates := array(
            select n from unnest(candidates) as n
            where not exists (
                select from pg_catalog.pg_attribute as a
                where a.attrelid = reattach.source and a.attname = clipsql_private.url_column_of(n) and not a.attisdropped));
    end if;
    attachment := case when cardinality(candidates) = 1 then candidates[1] else (
        select n from clipsql_private.attachments_of(reattach.source, reattach.url_column) as n limit 1) end;
    if exists (
            select from clipsql_private.attached_column as c
            left join pg_catalog.pg_attribute as a
                on a.attrelid = reattach.source and not a.attisdropped and a.attnum = c.number
            where c.attachment_id = attachment and c.role = 'key'
                and c.type is distinct from format_type(a.atttypid, a.atttypmod)) then
        raise exception using errcode = 'CQ004', message = format(
            'The key of %s is another than when it was attached; detach it with clipsql.detach(%1$L, keep_pictures => true), then attach it.',
            reattach.source);
    end if;
    update clipsql_private.attachment as a
    set source_oid = reattach.source, source_name = (
        select format('%I.%I', n.nspname, c.relname) from pg_catalog.pg_class as c
        join pg_catalog.pg_namespace as n on n.oid = c.relnamespace where c.oid = reattach.source)
    where a.attachment_id = attachment;
    perform
        clipsql_private.choose_columns(
            attachment => attachment, source => reattach.source, url_column => reattach.url_column,
            caption_columns => reattach.caption_columns, metadata_columns => reattach.metadata_columns,
            taken_at_column => reattach.taken_at_column, longitude_column => reattach.longitude_column,
            latitude_column => reattach.latitude_column),
        clipsql_private.choose_target(
            attachment => attachment, collection => coalesce(reattach.collection, (
                select a.collection from clipsql_private.attachment as a where a.attachment_id = attachment)),
            url_prefix => reattach.url_prefix, may_read_files => reattach.may_read_files, model => reattach.model),
        clipsql_private.make_triggers(attachment, reattach.source);
    return (select format('clipsql.%I', a.link) from clipsql_private.attachment as a where a.attachment_id = attachment);
end;
$_$;


--
-- Name: FUNCTION reattach(source regclass, url_column text, caption_columns text[], metadata_columns text[], taken_at_column text, longitude_column text, latitude_column text, collection text, url_prefix text, may_read_files boolean, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.reattach(source regclass, url_column text, caption_columns text[], metadata_columns text[], taken_at_column text, longitude_column text, latitude_column text, collection text, url_prefix text, may_read_files boolean, model text) IS 'Changes the columns of an attached table, and makes triggers that are missing; arguments as in clipsql.attach (at most 50 caption_columns and metadata_columns, 1000 characters of url_prefix and model), all said anew, but for the collection, which stays. A picture whose address stays is not embedded again. For the owner of both.';


--
-- Name: region_vector(bigint, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.region_vector(region bigint, model text DEFAULT NULL::text) RETURNS public.vector
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(model);
    stored vector;
    is_there boolean;
begin
    -- As in image_vector: by the picture, so that row-level security on image holds.
    execute format(
            'select e.embedding::vector, true
             from clipsql.image_region as r
             join %s as i on i.image_id = r.image_id
             left join clipsql.region_embedding as e on e.region_id = r.region_id and e.model_id = $2
             where r.region_id = $1', clipsql_private.visible_images())
        into stored, is_there using region, chosen.model_id;
    if is_there is null then
        raise exception using errcode = 'CQ002', message = format('There is no region %s.', coalesce(region::text, 'null'));
    elsif stored is null then
        raise exception using errcode = 'CQ002', message = format(
            'Region %s has no embedding under model %s; run "clipsql worker" with that model.', region, chosen.name);
    end if;
    return stored;
end;
$_$;


--
-- Name: FUNCTION region_vector(region bigint, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.region_vector(region bigint, model text) IS 'Unit-length embedding of a stored region under a model (default: the default model).';


--
-- Name: remove_images(bigint[]); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.remove_images(images bigint[]) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    removed integer;
begin
    perform clipsql_private.check_most('images', cardinality(images), 'ids');
    if clipsql_private.has_shards() then
        return clipsql_private.remove_from_shards(images);
    end if;
    with locked as materialized (
        select i.image_id from clipsql.image as i where i.image_id = any (images) order by i.image_id for update
    )
    delete from clipsql.image as i using locked as l where i.image_id = l.image_id;
    get diagnostics removed = row_count;
    return removed;
end;
$$;


--
-- Name: FUNCTION remove_images(images bigint[]); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.remove_images(images bigint[]) IS 'Removes pictures (at most 200000 ids) with their captions, embeddings and thumbnails, and returns how many there were; ids that are not there are passed over. For clipsql_writer.';


--
-- Name: resume_watch(text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.resume_watch(name text) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT clipsql_private.set_paused(name, false) AS set_paused;
END;


--
-- Name: FUNCTION resume_watch(name text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.resume_watch(name text) IS 'Lets a paused watch (a name of at most 200 characters) go on, with the pictures that come from now on. For clipsql_writer.';


--
-- Name: search(public.vector, integer, text, timestamp with time zone, timestamp with time zone, time without time zone, time without time zone, double precision, double precision, double precision, polygon, jsonb, jsonpath, text, bigint[], bigint[], double precision, double precision, double precision, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.search(query public.vector, max_results integer DEFAULT 10, in_collection text DEFAULT NULL::text, taken_from timestamp with time zone DEFAULT NULL::timestamp with time zone, taken_until timestamp with time zone DEFAULT NULL::timestamp with time zone, daily_from time without time zone DEFAULT NULL::time without time zone, daily_until time without time zone DEFAULT NULL::time without time zone, near_longitude double precision DEFAULT NULL::double precision, near_latitude double precision DEFAULT NULL::double precision, within_m double precision DEFAULT NULL::double precision, inside polygon DEFAULT NULL::polygon, having_metadata jsonb DEFAULT NULL::jsonb, metadata_matches jsonpath DEFAULT NULL::jsonpath, caption_query text DEFAULT NULL::text, only_images bigint[] DEFAULT NULL::bigint[], except_images bigint[] DEFAULT NULL::bigint[], min_similarity double precision DEFAULT NULL::double precision, min_percentile double precision DEFAULT NULL::double precision, distinct_above double precision DEFAULT NULL::double precision, model text DEFAULT NULL::text) RETURNS SETOF clipsql.search_result
    LANGUAGE plpgsql STABLE ROWS 10
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(search.model);
begin
    perform clipsql_private.check_query(query, chosen);
    perform clipsql_private.check_limits(
        max_results => max_results, min_similarity => min_similarity,
        min_percentile => min_percentile, distinct_above => distinct_above);
    return query
    select s.*
    from clipsql_private.answer(
        directions => array[query], scale => 1, max_results => max_results,
        filter => clipsql_private.make_filter(
            in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
            daily_from => daily_from, daily_until => daily_until,
            near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
            having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
            only_images => only_images, except_images => except_images),
        min_similarity => min_similarity, min_percentile => min_percentile, distinct_above => distinct_above,
        chosen => chosen) as s;
end;
$$;


--
-- Name: FUNCTION search(query public.vector, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.search(query public.vector, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, model text) IS 'Nearest pictures to a vector, nearest first; every filter is optional and filters combine with AND. At most: max_results 100000; in_collection and model 1000 characters, caption_query 1000; inside 10000 vertices; having_metadata 100000 bytes, metadata_matches 10000; only_images and except_images 200000 ids each.';


--
-- Name: search_captions(public.vector, integer, text, timestamp with time zone, timestamp with time zone, time without time zone, time without time zone, double precision, double precision, double precision, polygon, jsonb, jsonpath, text, bigint[], bigint[], double precision, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.search_captions(query public.vector, max_results integer DEFAULT 10, in_collection text DEFAULT NULL::text, taken_from timestamp with time zone DEFAULT NULL::timestamp with time zone, taken_until timestamp with time zone DEFAULT NULL::timestamp with time zone, daily_from time without time zone DEFAULT NULL::time without time zone, daily_until time without time zone DEFAULT NULL::time without time zone, near_longitude double precision DEFAULT NULL::double precision, near_latitude double precision DEFAULT NULL::double precision, within_m double precision DEFAULT NULL::double precision, inside polygon DEFAULT NULL::polygon, having_metadata jsonb DEFAULT NULL::jsonb, metadata_matches jsonpath DEFAULT NULL::jsonpath, caption_query text DEFAULT NULL::text, only_images bigint[] DEFAULT NULL::bigint[], except_images bigint[] DEFAULT NULL::bigint[], min_similarity double precision DEFAULT NULL::double precision, model text DEFAULT NULL::text) RETURNS SETOF clipsql.caption_result
    LANGUAGE plpgsql STABLE ROWS 10
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(search_captions.model);
begin
    perform
        clipsql_private.check_query(query, chosen),
        clipsql_private.check_limits(max_results => max_results, min_similarity => min_similarity);
    return query
    select
        row_number() over (order by n.distance, n.caption_id)::integer,
        n.caption_id,
        greatest(-1, least(1, 1 - n.distance)),
        c.body,
        c.image_id,
        c.source
    from clipsql_private.nearest_captions(
        query => query, max_results => max_results,
        filter => clipsql_private.make_filter(
            in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
            daily_from => daily_from, daily_until => daily_until,
            near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
            having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
            only_images => only_images, except_images => except_images),
        chosen => chosen) as n
    join clipsql.caption as c on c.caption_id = n.caption_id
    where min_similarity is null or 1 - n.distance >= min_similarity
    order by n.distance, n.caption_id;
    if not found then perform clipsql_private.refuse_shards('search_captions'); end if;
end;
$$;


--
-- Name: FUNCTION search_captions(query public.vector, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.search_captions(query public.vector, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, model text) IS 'Nearest captions to a vector (of a picture or a text), nearest first; filters, of their pictures, as in clipsql.search.';


--
-- Name: search_hybrid(text, integer, text, timestamp with time zone, timestamp with time zone, time without time zone, time without time zone, double precision, double precision, double precision, polygon, jsonb, jsonpath, text, bigint[], bigint[], double precision, double precision, double precision, double precision, double precision, public.vector, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.search_hybrid(query text, max_results integer DEFAULT 10, in_collection text DEFAULT NULL::text, taken_from timestamp with time zone DEFAULT NULL::timestamp with time zone, taken_until timestamp with time zone DEFAULT NULL::timestamp with time zone, daily_from time without time zone DEFAULT NULL::time without time zone, daily_until time without time zone DEFAULT NULL::time without time zone, near_longitude double precision DEFAULT NULL::double precision, near_latitude double precision DEFAULT NULL::double precision, within_m double precision DEFAULT NULL::double precision, inside polygon DEFAULT NULL::polygon, having_metadata jsonb DEFAULT NULL::jsonb, metadata_matches jsonpath DEFAULT NULL::jsonpath, caption_query text DEFAULT NULL::text, only_images bigint[] DEFAULT NULL::bigint[], except_images bigint[] DEFAULT NULL::bigint[], min_similarity double precision DEFAULT NULL::double precision, min_percentile double precision DEFAULT NULL::double precision, distinct_above double precision DEFAULT NULL::double precision, text_weight double precision DEFAULT 1, vector_weight double precision DEFAULT 1, query_vector public.vector DEFAULT NULL::public.vector, model text DEFAULT NULL::text) RETURNS SETOF clipsql.hybrid_result
    LANGUAGE plpgsql STABLE COST 1e+06 ROWS 10
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    softening constant double precision := 60;
    chosen constant clipsql.model := clipsql_private.resolve_model(search_hybrid.model);
    filter constant clipsql_private.search_filter := clipsql_private.make_filter(
        in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => except_images);
    depth constant integer := least(10000, greatest(100, 10::bigint * max_results, max_results));
    direction vector;
    ids bigint[];
    scores double precision[];
    distances double precision[];
begin
    perform
        clipsql_private.check_limits(
            max_results => max_results, min_similarity => min_similarity,
            min_percentile => min_percentile, distinct_above => distinct_above),
        clipsql_private.check_text(query);
    perform clipsql_private.check_weight(text_weight), clipsql_private.check_weight(vector_weight);
    if not coalesce(text_weight >= 0 and vector_weight >= 0 and text_weight + vector_weight > 0, false) then
        raise exception using errcode = 'CQ004', message = format(
            'text_weight and vector_weight must be finite numbers of 0 or more, and not both 0, not %s and %s.',
            coalesce(text_weight::text, 'null'), coalesce(vector_weight::text, 'null'));
    end if;
    direction := coalesce(query_vector, clipsql.embed_text(query, chosen.name));
    perform clipsql_private.check_query(direction, chosen);
    direction := l2_normalize(direction);
    with by_vector as (
        select p.image_id, p.place, case
            when not exists (select from clipsql.caption as c where c.image_id = p.image_id) then p.place
            end as place_without_captions
        from (
            select n.image_id, row_number() over (order by n.distance, n.image_id) as place
            from clipsql_private.nearest(direction, depth, filter, chosen) as found
            cross join lateral unnest(found.ids, found.distances) as n(image_id, distance)
            where vector_weight > 0
        ) as p
    ), by_words as (
        -- Equal captions have equal ranks: the vectors then tell their pictures apart.
        select w.image_id, rank() over (order by w.score desc) as place
        from clipsql_private.rank_words(query, clipsql_private.effective_conditions(filter), filter, chosen) as w
        where text_weight > 0
    ), fused as (
        select
            coalesce(v.image_id, w.image_id) as image_id,
            coalesce(vector_weight / (softening + v.place), 0)
                + coalesce(text_weight / (softening + coalesce(w.place, v.place_without_captions)), 0) as score
        from by_vector as v
        full join by_words as w on w.image_id = v.image_id
    ), candidate as (
        -- Without a threshold only what is returned need be compared with the query.
        select f.image_id, f.score
        from fused as f
        order by f.score desc, f.image_id
        limit case when num_nonnulls(min_similarity, min_percentile, distinct_above) = 0 then max_results end
    )
    select
        array_agg(c.image_id order by c.score desc, c.image_id), array_agg(c.score order by c.score desc, c.image_id),
        array_agg(e.embedding <=> direction::halfvec order by c.score desc, c.image_id)
    into ids, scores, distances
    from candidate as c
    join clipsql.image_embedding as e on e.image_id = c.image_id and e.model_id = chosen.model_id;
    if ids is null then
        perform clipsql_private.refuse_shards('search_hybrid');
        return;
    end if;
    return query
    select
        r.rank, r.image_id, r.similarity, r.percentile, r.percentile_error, r.url, r.caption, r.taken_at,
        r.longitude, r.latitude, r.metadata, s.score
    from clipsql_private.result_rows(
        image_ids => ids, distances => distances, directions => array[direction], scale => 1, max_results => max_results,
        in_scope => filter.in_collection, min_similarity => min_similarity, min_percentile => min_percentile,
        distinct_above => distinct_above, chosen => chosen) as r
    join unnest(ids, scores) as s(image_id, score) on s.image_id = r.image_id
    order by r.rank;
end;
$$;


--
-- Name: FUNCTION search_hybrid(query text, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, text_weight double precision, vector_weight double precision, query_vector public.vector, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.search_hybrid(query text, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, text_weight double precision, vector_weight double precision, query_vector public.vector, model text) IS 'Pictures by their captions'' words and by their vectors, fused by reciprocal rank, best first; at most 5000 characters of text; filters as in clipsql.search.';


--
-- Name: search_moments(text, integer, interval, text, timestamp with time zone, timestamp with time zone, time without time zone, time without time zone, double precision, double precision, double precision, polygon, jsonb, jsonpath, text, bigint[], bigint[], double precision, double precision, double precision, public.vector, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.search_moments(query text, max_results integer DEFAULT 10, max_gap interval DEFAULT '00:00:03'::interval, in_collection text DEFAULT NULL::text, taken_from timestamp with time zone DEFAULT NULL::timestamp with time zone, taken_until timestamp with time zone DEFAULT NULL::timestamp with time zone, daily_from time without time zone DEFAULT NULL::time without time zone, daily_until time without time zone DEFAULT NULL::time without time zone, near_longitude double precision DEFAULT NULL::double precision, near_latitude double precision DEFAULT NULL::double precision, within_m double precision DEFAULT NULL::double precision, inside polygon DEFAULT NULL::polygon, having_metadata jsonb DEFAULT NULL::jsonb, metadata_matches jsonpath DEFAULT NULL::jsonpath, caption_query text DEFAULT NULL::text, only_images bigint[] DEFAULT NULL::bigint[], except_images bigint[] DEFAULT NULL::bigint[], min_similarity double precision DEFAULT NULL::double precision, min_percentile double precision DEFAULT NULL::double precision, distinct_above double precision DEFAULT NULL::double precision, query_vector public.vector DEFAULT NULL::public.vector, model text DEFAULT NULL::text) RETURNS SETOF clipsql.moment_result
    LANGUAGE plpgsql STABLE ROWS 10
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    frames_of_a_moment constant integer := 50;
    chosen constant clipsql.model := clipsql_private.resolve_model(search_moments.model);
    gap_s constant double precision := extract(epoch from max_gap);
    deepest constant integer := clipsql_private.most('max_results');
    wanted constant bigint := frames_of_a_moment * max_results::bigint;
    depth integer;
    direction vector;
    hits record;
    usual double precision;
    frames integer;
begin
    perform
        clipsql_private.check_limits(
            max_results => max_results, min_similarity => min_similarity,
            min_percentile => min_percentile, distinct_above => distinct_above),
        clipsql_private.check_text(query);
    if not coalesce(gap_s >= 0 and gap_s < 'infinity', false) then
        raise exception using errcode = 'CQ004', message = format(
            'max_gap is a length of time of 0 or more, not %s; write it as 3 seconds.', coalesce(max_gap::text, 'null'));
    end if;
    direction := coalesce(query_vector, clipsql.embed_text(query, chosen.name));
    depth := least(deepest, wanted);
    loop
        select
            count(*) as pictures,
            coalesce(array_agg(s.image_id order by s.rank) filter (where f.image_id is not null), '{}') as images,
            coalesce(array_agg(s.similarity order by s.rank) filter (where f.image_id is not null), '{}') as similarities
        into hits
        from clipsql.search(
            query => direction, max_results => depth, in_collection => in_collection,
            taken_from => taken_from, taken_until => taken_until, daily_from => daily_from, daily_until => daily_until,
            near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
            having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
            only_images => only_images, except_images => except_images,
            min_similarity => min_similarity, min_percentile => min_percentile, distinct_above => distinct_above,
            model => chosen.name) as s
        left join clipsql.video_frame as f on f.image_id = s.image_id;
        exit when cardinality(hits.images) >= wanted or hits.pictures < depth or depth = deepest
            or not exists (select from clipsql.video_frame);
        depth := least(deepest, 4::bigint * depth);
    end loop;
    frames := cardinality(hits.images);
    if min_similarity is null and min_percentile is null then
        usual := hits.similarities[case when hits.pictures < depth then (frames + 1) / 2 else frames end];
        frames := (select count(*) from unnest(hits.similarities) as s(one) where s.one >= (hits.similarities[1] + usual) / 2);
    end if;
    return query
    select m.* from clipsql_private.moments(hits.images[:frames], hits.similarities[:frames], gap_s) as m limit max_results;
    if not found then perform clipsql_private.refuse_shards('search_moments'); end if;
end;
$$;


--
-- Name: FUNCTION search_moments(query text, max_results integer, max_gap interval, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, query_vector public.vector, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.search_moments(query text, max_results integer, max_gap interval, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, query_vector public.vector, model text) IS 'Moments of videos that a text (at most 5000 characters) describes, best first: frames that are nearer to the best one than to what is usual, or as min_similarity or min_percentile say, and lie no further apart in a video than max_gap, are one moment; filters as in clipsql.search. Of a model whose texts the database cannot embed, query_vector is the text''s.';


--
-- Name: search_plan(public.vector, integer, text, timestamp with time zone, timestamp with time zone, time without time zone, time without time zone, double precision, double precision, double precision, polygon, jsonb, jsonpath, text, bigint[], bigint[], double precision, double precision, double precision, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.search_plan(query public.vector, max_results integer DEFAULT 10, in_collection text DEFAULT NULL::text, taken_from timestamp with time zone DEFAULT NULL::timestamp with time zone, taken_until timestamp with time zone DEFAULT NULL::timestamp with time zone, daily_from time without time zone DEFAULT NULL::time without time zone, daily_until time without time zone DEFAULT NULL::time without time zone, near_longitude double precision DEFAULT NULL::double precision, near_latitude double precision DEFAULT NULL::double precision, within_m double precision DEFAULT NULL::double precision, inside polygon DEFAULT NULL::polygon, having_metadata jsonb DEFAULT NULL::jsonb, metadata_matches jsonpath DEFAULT NULL::jsonpath, caption_query text DEFAULT NULL::text, only_images bigint[] DEFAULT NULL::bigint[], except_images bigint[] DEFAULT NULL::bigint[], min_similarity double precision DEFAULT NULL::double precision, min_percentile double precision DEFAULT NULL::double precision, distinct_above double precision DEFAULT NULL::double precision, model text DEFAULT NULL::text) RETURNS SETOF clipsql.plan_result
    LANGUAGE plpgsql ROWS 1
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET gin_fuzzy_search_limit TO '0'
    AS $_$
declare
    count_limit constant integer := 10000;
    most_ms constant double precision := 1000;  -- to find out what an approximate answer lacks
    chosen constant clipsql.model := clipsql_private.resolve_model(search_plan.model);
    filter constant clipsql_private.search_filter := clipsql_private.make_filter(
        in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => except_images);
    direction vector;
    conditions text;
    how record;
    compared text;
    found clipsql.plan_result;
    walk_note text := '';
    -- How many rows there are, which index that makes worth while, and how many rows a walk of it passes, says something of
    -- those that the caller may not see.
    is_restricted constant boolean := clipsql_private.is_restricted();
begin
    perform
        clipsql_private.check_query(query, chosen),
        clipsql_private.check_limits(
            max_results => max_results, min_similarity => min_similarity,
            min_percentile => min_percentile, distinct_above => distinct_above);
    direction := l2_normalize(query);
    conditions := clipsql_private.effective_conditions(filter);
    how := clipsql_private.find_matches(direction, max_results, conditions, filter, chosen);

    execute format('select count(*) from (select %s limit $2) as counted', clipsql_private.candidates(conditions, chosen))
        into found.matching_rows using filter, count_limit + 1;
    found.matching_is_exact := found.matching_rows <= count_limit;
    found.matching_rows := least(found.matching_rows, count_limit);
    found.is_complete := found.matching_is_exact and found.matching_rows <= max_results;
    found.is_exact := how.is_exact;
    found.recall := case
        when how.is_exact then 1
        when (how.strategy).whole_ms < most_ms then (
            select count(*) filter (where a.image_id = any (how.ids))::double precision / nullif(count(*), 0)
            from unnest((clipsql_private.compare_all(direction, max_results, conditions, filter, chosen)).ids) as a(image_id)) end;
    found.strategy := concat_ws(', then ', case when how.walked is not null then 'index walk' end, nullif(how.way, 'index walk'));
    if not is_restricted then
        found.expected_ms := coalesce(how.walked * (how.strategy).step_ms, 0)
            + case when how.way <> 'index walk' then (how.strategy).compare_ms else 0 end;
        found.index_used := case how.way
            when 'index walk' then split_part(clipsql_private.hnsw_index_name('image_embedding', chosen.model_id), '.', 2)
            else (
                select string_agg(distinct n.name #>> '{}', ', ')
                from jsonb_path_query(
                    clipsql_private.compare_plan(
                        direction, max_results, conditions, filter, chosen,
                        case how.way when 'search rows' then ((how.strategy).coded).basis_id end),
                    'strict $.**."Index Name"') as n(name)) end;
    end if;
    if how.walked is not null and not is_restricted then
        walk_note := format(' The walk (ef_search %s) passed %s rows', (how.strategy).ef_search, how.walked) || case
            when how.way <> 'index walk' then ' and met few matches: they lie far from the query, so all are compared.'
            else '.' end;
    end if;
    compared := case when how.way = 'search rows' then
        ' They are compared by codes in search rows, the best of them by their vectors.' end;
    found.explanation := format(
        '%s %s under model %s match: %s.%s%s The answer is %s%s.',
        case when found.matching_is_exact then found.matching_rows::text
             when is_restricted then format('More than %s', count_limit)
             else format('More than %s (about %s)', count_limit, (how.strategy).likely_matches) end,
        case when is_restricted then 'pictures' else format('of about %s pictures', (how.strategy).total_rows) end,
        chosen.name, (how.strategy).reason, walk_note, compared,
        case when found.is_exact then 'exact' else 'approximate' end,
        case when found.is_complete then ' and holds every match' else format(' and holds the nearest %s', max_results) end);
    if found.matching_rows = 0 then perform clipsql_private.refuse_shards('search_plan'); end if;
    return next found;
end;
$_$;


--
-- Name: FUNCTION search_plan(query public.vector, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.search_plan(query public.vector, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, model text) IS 'How clipsql.search answers with the same arguments: strategy, matching rows, index, expected time, and why.';


--
-- Name: search_query(text, integer, text, timestamp with time zone, timestamp with time zone, time without time zone, time without time zone, double precision, double precision, double precision, polygon, jsonb, jsonpath, text, bigint[], bigint[], double precision, double precision, double precision, text, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.search_query(query text, max_results integer DEFAULT 10, in_collection text DEFAULT NULL::text, taken_from timestamp with time zone DEFAULT NULL::timestamp with time zone, taken_until timestamp with time zone DEFAULT NULL::timestamp with time zone, daily_from time without time zone DEFAULT NULL::time without time zone, daily_until time without time zone DEFAULT NULL::time without time zone, near_longitude double precision DEFAULT NULL::double precision, near_latitude double precision DEFAULT NULL::double precision, within_m double precision DEFAULT NULL::double precision, inside polygon DEFAULT NULL::polygon, having_metadata jsonb DEFAULT NULL::jsonb, metadata_matches jsonpath DEFAULT NULL::jsonpath, caption_query text DEFAULT NULL::text, only_images bigint[] DEFAULT NULL::bigint[], except_images bigint[] DEFAULT NULL::bigint[], min_similarity double precision DEFAULT NULL::double precision, min_percentile double precision DEFAULT NULL::double precision, distinct_above double precision DEFAULT NULL::double precision, fusion text DEFAULT 'weighted sum'::text, model text DEFAULT NULL::text) RETURNS SETOF clipsql.search_result
    LANGUAGE plpgsql STABLE ROWS 10
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    terms record := clipsql_private.query_vectors(query, search_query.model, fusion);
begin
    return query
    select s.*
    from clipsql.search_vectors(
        vectors => terms.vectors, weights => terms.weights,
        max_results => max_results, in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => clipsql_private.joined_images(except_images, terms.pictures),
        min_similarity => min_similarity, min_percentile => min_percentile, distinct_above => distinct_above,
        fusion => fusion, model => model) as s;
end;
$$;


--
-- Name: FUNCTION search_query(query text, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, fusion text, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.search_query(query text, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, fusion text, model text) IS 'Pictures that a query such as ''flower + 2*bee - night'' describes, nearest first; at most 50 terms in 5000 characters; a learned fusion has a name of at most 200 characters; filters as in clipsql.search.';


--
-- Name: search_regions(public.vector, integer, text, timestamp with time zone, timestamp with time zone, time without time zone, time without time zone, double precision, double precision, double precision, polygon, jsonb, jsonpath, text, bigint[], bigint[], double precision, text, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.search_regions(query public.vector, max_results integer DEFAULT 10, in_collection text DEFAULT NULL::text, taken_from timestamp with time zone DEFAULT NULL::timestamp with time zone, taken_until timestamp with time zone DEFAULT NULL::timestamp with time zone, daily_from time without time zone DEFAULT NULL::time without time zone, daily_until time without time zone DEFAULT NULL::time without time zone, near_longitude double precision DEFAULT NULL::double precision, near_latitude double precision DEFAULT NULL::double precision, within_m double precision DEFAULT NULL::double precision, inside polygon DEFAULT NULL::polygon, having_metadata jsonb DEFAULT NULL::jsonb, metadata_matches jsonpath DEFAULT NULL::jsonpath, caption_query text DEFAULT NULL::text, only_images bigint[] DEFAULT NULL::bigint[], except_images bigint[] DEFAULT NULL::bigint[], min_similarity double precision DEFAULT NULL::double precision, having_label text DEFAULT NULL::text, model text DEFAULT NULL::text) RETURNS SETOF clipsql.region_result
    LANGUAGE plpgsql STABLE ROWS 10
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(search_regions.model);
begin
    perform
        clipsql_private.check_query(query, chosen),
        clipsql_private.check_limits(max_results => max_results, min_similarity => min_similarity),
        clipsql_private.check_most('having_label', length(having_label), 'characters');
    return query
    select
        row_number() over (order by n.distance, n.image_id)::integer,
        n.image_id,
        greatest(-1, least(1, 1 - n.distance)),
        n.region_id,
        r.box,
        r.label,
        i.url,
        (select c.body from clipsql.caption as c where c.image_id = n.image_id order by c.caption_id limit 1),
        i.taken_at,
        i.longitude,
        i.latitude,
        i.metadata
    from clipsql_private.nearest_regions(
        query => query, max_results => max_results,
        filter => clipsql_private.make_filter(
            in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
            daily_from => daily_from, daily_until => daily_until,
            near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
            having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
            only_images => only_images, except_images => except_images),
        having_label => case when having_label ~ '[^[:space:]]' then having_label end, chosen => chosen) as n
    join clipsql.image_region as r on r.region_id = n.region_id
    join clipsql.image as i on i.image_id = n.image_id
    where min_similarity is null or 1 - n.distance >= min_similarity
    order by n.distance, n.image_id;
    if not found then perform clipsql_private.refuse_shards('search_regions'); end if;
end;
$$;


--
-- Name: FUNCTION search_regions(query public.vector, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, having_label text, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.search_regions(query public.vector, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, having_label text, model text) IS 'Pictures by their nearest region to a vector, nearest first, each once, with the region''s box and label; filters, of the pictures, as in clipsql.search, and having_label (at most 200 characters) of the regions.';


--
-- Name: search_request(jsonb); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.search_request(request jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET extra_float_digits TO '1'
    AS $$
declare
    asked constant clipsql_private.requested_search := clipsql_private.read_request(request);
    chosen constant clipsql.model := clipsql_private.resolve_model(asked.model);
    found jsonb[];
begin
    if asked.search_in = 'regions' then
        found := array(select to_jsonb(s) from clipsql_private.run_region_request(asked, chosen.name) as s order by s.rank);
    else
        found := array(select to_jsonb(s) from clipsql_private.run_request(asked, chosen.name) as s order by s.rank);
    end if;
    return jsonb_build_object('model', chosen.name, 'matches', (
        select coalesce(jsonb_agg(m.match - '{image_id,similarity}'::text[] || jsonb_build_object(
            'id', m.match -> 'image_id', 'score', m.match -> 'similarity',
            'taken_at', (to_jsonb((m.match ->> 'taken_at')::timestamptz at time zone 'UTC') #>> '{}') || 'Z')
            order by m.place), '[]')
        from unnest(found) with ordinality as m(match, place)));
end;
$$;


--
-- Name: FUNCTION search_request(request jsonb); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.search_request(request jsonb) IS 'A search as one JSON document (at most 8000000 bytes): {"text": ...}, {"image": 42}, {"vector": [...]} or {"query": "flower + 2*bee"}, with max_results and filters by the names of clipsql.search; answers {"model": ..., "matches": [{"id", "score", "rank", "percentile", "url", "caption", "taken_at", "longitude", "latitude", "metadata"}, ...]}. With "search_in": "regions" it is clipsql.search_regions, with having_label, and a match has "region_id", "box" and "label" in the place of percentiles.';


--
-- Name: search_rows(anyelement, text, integer, text, timestamp with time zone, timestamp with time zone, time without time zone, time without time zone, double precision, double precision, double precision, polygon, jsonb, jsonpath, text, bigint[], bigint[], double precision, double precision, double precision, text[], text, public.vector, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.search_rows(of_table anyelement, query text, max_results integer DEFAULT 10, in_collection text DEFAULT NULL::text, taken_from timestamp with time zone DEFAULT NULL::timestamp with time zone, taken_until timestamp with time zone DEFAULT NULL::timestamp with time zone, daily_from time without time zone DEFAULT NULL::time without time zone, daily_until time without time zone DEFAULT NULL::time without time zone, near_longitude double precision DEFAULT NULL::double precision, near_latitude double precision DEFAULT NULL::double precision, within_m double precision DEFAULT NULL::double precision, inside polygon DEFAULT NULL::polygon, having_metadata jsonb DEFAULT NULL::jsonb, metadata_matches jsonpath DEFAULT NULL::jsonpath, caption_query text DEFAULT NULL::text, only_images bigint[] DEFAULT NULL::bigint[], except_images bigint[] DEFAULT NULL::bigint[], min_similarity double precision DEFAULT NULL::double precision, min_percentile double precision DEFAULT NULL::double precision, distinct_above double precision DEFAULT NULL::double precision, only_rows text[] DEFAULT NULL::text[], url_column text DEFAULT NULL::text, query_vector public.vector DEFAULT NULL::public.vector, model text DEFAULT NULL::text) RETURNS TABLE(item anyelement, image_id bigint, similarity double precision)
    LANGUAGE plpgsql STABLE COST 1e+06 ROWS 10
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET extra_float_digits TO '1'
    SET gin_fuzzy_search_limit TO '0'
    AS $_$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(search_rows.model);
    filter clipsql_private.search_filter := clipsql_private.make_filter(
        in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => except_images);
    given_collection constant text := filter.in_collection;
    attachment integer;
    attached clipsql_private.attached_table;
    ids bigint[];
    similarities double precision[];
    attachments integer[];
    parts text[];
begin
    perform
        clipsql_private.check_limits(
            max_results => max_results, min_similarity => min_similarity,
            min_percentile => min_percentile, distinct_above => distinct_above);
    if query_vector is null then
        perform clipsql_private.check_text(query);
        query_vector := clipsql.embed_text(query, chosen.name);
    end if;
    perform clipsql_private.check_query(query_vector, chosen);
    for attachment in
        select n
        from clipsql_private.attachments_of(
            (select nullif(t.typrelid, 0) from pg_catalog.pg_type as t where t.oid = pg_typeof(of_table)), search_rows.url_column) as n
    loop
        attached := clipsql_private.attached_table(attachment);
        filter.attachment_id := attachment;
        filter.in_collection := coalesce(given_collection, attached.collection);
        filter.only_images := only_images;
        if only_rows is not null then
            begin
                execute format(
                    'select array(select l.image_id from %s as o join %s as l on %s where $1 is null or l.image_id = any ($1))',
                    clipsql_private.given_keys(attachment, only_rows), attached.link,
                    clipsql_private.same_key(attached.row_keys, 'o', attached.row_keys, 'l'))
                into filter.only_images using only_images, null::integer, null::integer, null::integer, only_rows;
            exception when data_exception then
                raise exception using errcode = 'CQ004', message = format(
                    'only_rows must hold keys of %s as texts: %s.', attached.source, sqlerrm);
            end;
        end if;
        select
            ids || coalesce(array_agg(r.image_id), '{}'),
            similarities || coalesce(array_agg(r.similarity), '{}'),
            attachments || coalesce(array_agg(attachment), '{}')
        into ids, similarities, attachments
        from clipsql_private.answer(
            directions => array[query_vector], scale => 1, max_results => max_results, filter => filter,
            min_similarity => min_similarity, min_percentile => min_percentile, distinct_above => distinct_above,
            chosen => chosen) as r;
        parts := parts || format(
            'select s.*::%1$s as item, i.image_id, r.similarity, s.tableoid as part, s.ctid as place, concat_ws('','', %2$s) as key
             from unnest($2, $3, $4) as r(image_id, similarity, attachment_id)
             join clipsql.image as i on i.image_id = r.image_id and r.attachment_id = %3$s
             cross join %4$s',
            attached.source, clipsql_private.key_list(attached.source_keys, 's'), attachment,
            concat_ws(' and ', clipsql_private.attached_rows(attachment, filter), case when only_rows is not null then format(
                'exists (select from %s as o where %s)', clipsql_private.given_keys(attachment, only_rows),
                clipsql_private.same_key(attached.row_keys, 'o', attached.source_keys, 's')) end));
    end loop;
    return query execute format(
        'select u.item, u.image_id, u.similarity
         from (
             select distinct on (a.part, a.place) a.*
             from (%s) as a
             order by a.part, a.place, a.similarity desc, a.image_id
         ) as u
         order by u.similarity desc, u.image_id, u.key
         limit $6', array_to_string(parts, ' union all '))
    using filter, ids, similarities, attachments, only_rows, max_results;
end;
$_$;


--
-- Name: FUNCTION search_rows(of_table anyelement, query text, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, only_rows text[], url_column text, query_vector public.vector, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.search_rows(of_table anyelement, query text, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, only_rows text[], url_column text, query_vector public.vector, model text) IS 'Rows of an attached table (null::schema.table) whose pictures a text describes, nearest first, with the picture and its similarity: select (s.item).name, s.similarity from clipsql.search_rows(null::shop.product, ''red shoe'') as s. Filters as in clipsql.search; metadata are those of the row. only_rows: at most 200000 keys, as array(select p.id::text from shop.product as p where ...). query_vector stands for a query that SQL cannot embed.';


--
-- Name: search_similar(bigint, integer, text, timestamp with time zone, timestamp with time zone, time without time zone, time without time zone, double precision, double precision, double precision, polygon, jsonb, jsonpath, text, bigint[], bigint[], double precision, double precision, double precision, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.search_similar(image bigint, max_results integer DEFAULT 10, in_collection text DEFAULT NULL::text, taken_from timestamp with time zone DEFAULT NULL::timestamp with time zone, taken_until timestamp with time zone DEFAULT NULL::timestamp with time zone, daily_from time without time zone DEFAULT NULL::time without time zone, daily_until time without time zone DEFAULT NULL::time without time zone, near_longitude double precision DEFAULT NULL::double precision, near_latitude double precision DEFAULT NULL::double precision, within_m double precision DEFAULT NULL::double precision, inside polygon DEFAULT NULL::polygon, having_metadata jsonb DEFAULT NULL::jsonb, metadata_matches jsonpath DEFAULT NULL::jsonpath, caption_query text DEFAULT NULL::text, only_images bigint[] DEFAULT NULL::bigint[], except_images bigint[] DEFAULT NULL::bigint[], min_similarity double precision DEFAULT NULL::double precision, min_percentile double precision DEFAULT NULL::double precision, distinct_above double precision DEFAULT NULL::double precision, model text DEFAULT NULL::text) RETURNS SETOF clipsql.search_result
    LANGUAGE sql STABLE ROWS 10
    AS $$
    select s.*
    from clipsql.search(
        query => clipsql.image_vector(image, model),
        max_results => max_results, in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => clipsql_private.joined_images(except_images, array[image]),
        min_similarity => min_similarity, min_percentile => min_percentile, distinct_above => distinct_above,
        model => model) as s;
$$;


--
-- Name: FUNCTION search_similar(image bigint, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.search_similar(image bigint, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, model text) IS 'Pictures most like a stored one, nearest first, without itself; filters as in clipsql.search.';


--
-- Name: search_text(text, integer, text, timestamp with time zone, timestamp with time zone, time without time zone, time without time zone, double precision, double precision, double precision, polygon, jsonb, jsonpath, text, bigint[], bigint[], double precision, double precision, double precision, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.search_text(query text, max_results integer DEFAULT 10, in_collection text DEFAULT NULL::text, taken_from timestamp with time zone DEFAULT NULL::timestamp with time zone, taken_until timestamp with time zone DEFAULT NULL::timestamp with time zone, daily_from time without time zone DEFAULT NULL::time without time zone, daily_until time without time zone DEFAULT NULL::time without time zone, near_longitude double precision DEFAULT NULL::double precision, near_latitude double precision DEFAULT NULL::double precision, within_m double precision DEFAULT NULL::double precision, inside polygon DEFAULT NULL::polygon, having_metadata jsonb DEFAULT NULL::jsonb, metadata_matches jsonpath DEFAULT NULL::jsonpath, caption_query text DEFAULT NULL::text, only_images bigint[] DEFAULT NULL::bigint[], except_images bigint[] DEFAULT NULL::bigint[], min_similarity double precision DEFAULT NULL::double precision, min_percentile double precision DEFAULT NULL::double precision, distinct_above double precision DEFAULT NULL::double precision, model text DEFAULT NULL::text) RETURNS SETOF clipsql.search_result
    LANGUAGE plpgsql STABLE ROWS 10
    AS $$
begin
    perform clipsql_private.check_text(query);
    return query
    select s.*
    from clipsql.search(
        query => clipsql.embed_text(query, model),
        max_results => max_results, in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => except_images,
        min_similarity => min_similarity, min_percentile => min_percentile, distinct_above => distinct_above,
        model => model) as s;
end;
$$;


--
-- Name: FUNCTION search_text(query text, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.search_text(query text, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, model text) IS 'Pictures that a text (at most 5000 characters) describes, nearest first; filters as in clipsql.search.';


--
-- Name: search_vectors(public.vector[], double precision[], integer, text, timestamp with time zone, timestamp with time zone, time without time zone, time without time zone, double precision, double precision, double precision, polygon, jsonb, jsonpath, text, bigint[], bigint[], double precision, double precision, double precision, text, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.search_vectors(vectors public.vector[], weights double precision[] DEFAULT NULL::double precision[], max_results integer DEFAULT 10, in_collection text DEFAULT NULL::text, taken_from timestamp with time zone DEFAULT NULL::timestamp with time zone, taken_until timestamp with time zone DEFAULT NULL::timestamp with time zone, daily_from time without time zone DEFAULT NULL::time without time zone, daily_until time without time zone DEFAULT NULL::time without time zone, near_longitude double precision DEFAULT NULL::double precision, near_latitude double precision DEFAULT NULL::double precision, within_m double precision DEFAULT NULL::double precision, inside polygon DEFAULT NULL::polygon, having_metadata jsonb DEFAULT NULL::jsonb, metadata_matches jsonpath DEFAULT NULL::jsonpath, caption_query text DEFAULT NULL::text, only_images bigint[] DEFAULT NULL::bigint[], except_images bigint[] DEFAULT NULL::bigint[], min_similarity double precision DEFAULT NULL::double precision, min_percentile double precision DEFAULT NULL::double precision, distinct_above double precision DEFAULT NULL::double precision, fusion text DEFAULT 'weighted sum'::text, model text DEFAULT NULL::text) RETURNS SETOF clipsql.search_result
    LANGUAGE plpgsql STABLE ROWS 10
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(search_vectors.model);
    given_weights double precision[];
    units vector[];
    joint vector;
    directions vector[];
    scale double precision := 1;
begin
    perform clipsql_private.check_limits(
        max_results => max_results, min_similarity => min_similarity,
        min_percentile => min_percentile, distinct_above => distinct_above);
    perform clipsql_private.check_terms(vectors, weights);
    perform clipsql_private.check_query(v.one, chosen) from unnest(vectors) as v(one);
    given_weights := coalesce(weights, array_fill(1::double precision, array[cardinality(vectors)]));
    units := array(select l2_normalize(v.one) from unnest(vectors) as v(one));
    joint := clipsql.mix(units, given_weights);  -- which refuses what adds up to nothing
    case fusion
        when 'weighted sum' then
            directions := array[joint];
        when 'mean similarity' then
            directions := array[joint];
            scale := vector_norm(joint) / (select sum(abs(w)) from unnest(given_weights) as w);
        when 'minimum similarity' then
            perform clipsql_private.check_most('terms', cardinality(vectors), 'vectors under fusion "minimum similarity"');
            if exists (select from unnest(given_weights) as w where w >= 0 and w <> 1) then
                raise exception using errcode = 'CQ004',
                    message = 'Fusion "minimum similarity" asks for every term alike; give weights to negative terms only.';
            elsif not 1 = any (given_weights) then
                raise exception using errcode = 'CQ004',
                    message = 'Fusion "minimum similarity" needs a term to be near to; all are negative.';
            end if;
            directions := array(
                select clipsql.mix(
                    t.unit || array_agg(n.unit) filter (where n.weight < 0),
                    1::double precision || array_agg(n.weight) filter (where n.weight < 0))
                from unnest(units, given_weights) with ordinality as t(unit, weight, position)
                cross join unnest(units, given_weights) as n(unit, weight)
                where t.weight = 1
                group by t.position, t.unit
                order by t.position);
        else
            perform clipsql_private.find_fusion(fusion, chosen);
            if cardinality(units) <> 2 or 1 <> any (given_weights) then
                raise exception using errcode = 'CQ004', message = format(
                    'Fusion %s joins the vector of a picture and that of a text, in this order and without weights; give these two.',
                    quote_ident(fusion));
            end if;
            directions := array[clipsql_private.fuse(clipsql_private.find_fusion(fusion, chosen), units[1], units[2])];
    end case;
    return query
    select s.*
    from clipsql_private.answer(
        directions => directions, scale => scale, max_results => max_results,
        filter => clipsql_private.make_filter(
            in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
            daily_from => daily_from, daily_until => daily_until,
            near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
            having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
            only_images => only_images, except_images => except_images),
        min_similarity => min_similarity, min_percentile => min_percentile, distinct_above => distinct_above,
        chosen => chosen) as s;
end;
$$;


--
-- Name: FUNCTION search_vectors(vectors public.vector[], weights double precision[], max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, fusion text, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.search_vectors(vectors public.vector[], weights double precision[], max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, min_percentile double precision, distinct_above double precision, fusion text, model text) IS 'Pictures that fit several vectors: by their weighted sum, mean similarity or minimum similarity; at most 1000 vectors, 50 for the last; or of a picture and a text by a learned fusion (a name of at most 200 characters).';


--
-- Name: suggest_captions(bigint, integer, text, timestamp with time zone, timestamp with time zone, time without time zone, time without time zone, double precision, double precision, double precision, polygon, jsonb, jsonpath, text, bigint[], bigint[], double precision, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.suggest_captions(image bigint, max_results integer DEFAULT 5, in_collection text DEFAULT NULL::text, taken_from timestamp with time zone DEFAULT NULL::timestamp with time zone, taken_until timestamp with time zone DEFAULT NULL::timestamp with time zone, daily_from time without time zone DEFAULT NULL::time without time zone, daily_until time without time zone DEFAULT NULL::time without time zone, near_longitude double precision DEFAULT NULL::double precision, near_latitude double precision DEFAULT NULL::double precision, within_m double precision DEFAULT NULL::double precision, inside polygon DEFAULT NULL::polygon, having_metadata jsonb DEFAULT NULL::jsonb, metadata_matches jsonpath DEFAULT NULL::jsonpath, caption_query text DEFAULT NULL::text, only_images bigint[] DEFAULT NULL::bigint[], except_images bigint[] DEFAULT NULL::bigint[], min_similarity double precision DEFAULT NULL::double precision, model text DEFAULT NULL::text) RETURNS SETOF clipsql.caption_result
    LANGUAGE plpgsql STABLE COST 1e+06 ROWS 5
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(suggest_captions.model);
    query constant vector := clipsql.image_vector(image, chosen.name);
    filter constant clipsql_private.search_filter := clipsql_private.make_filter(
        in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => except_images);
    own_captions constant bigint := (select count(*) from clipsql.caption as c where c.image_id = image);
    depth bigint;
    found_rows bigint;
    texts text[];
    distances double precision[];
    images bigint[];
    captions bigint[];
begin
    perform clipsql_private.check_limits(max_results => max_results, min_similarity => min_similarity);
    -- Several pictures may have one and the same caption: look deeper until enough different ones are found.
    depth := 4::bigint * max_results + own_captions;
    loop
        with nearest as (
            select c.body, n.distance, c.image_id, n.caption_id, c.source
            from clipsql_private.nearest_captions(query, least(depth, 2147483647)::integer, filter, chosen) as n
            join clipsql.caption as c on c.caption_id = n.caption_id
        ), best as (
            select distinct on (n.body) n.body, n.distance, n.image_id, n.caption_id
            from nearest as n
            where n.image_id <> image and n.source is null
            order by n.body, n.distance, n.caption_id
        ), first as (
            select b.* from best as b order by b.distance, b.caption_id limit max_results
        )
        select
            (select count(*) from nearest), array_agg(f.body order by f.distance, f.caption_id),
            array_agg(f.distance order by f.distance, f.caption_id), array_agg(f.image_id order by f.distance, f.caption_id),
            array_agg(f.caption_id order by f.distance, f.caption_id)
        into found_rows, texts, distances, images, captions
        from first as f;
        exit when cardinality(texts) = max_results or found_rows < depth;
        depth := 4 * depth;
    end loop;
    return query
        select s.number::integer, s.caption_id, greatest(-1, least(1, 1 - s.distance)), s.body, s.image_id, null::text
        from unnest(captions, distances, texts, images) with ordinality as s(caption_id, distance, body, image_id, number)
        where min_similarity is null or 1 - s.distance >= min_similarity
        order by s.number;
    if not found then perform clipsql_private.refuse_shards('suggest_captions'); end if;
end;
$$;


--
-- Name: FUNCTION suggest_captions(image bigint, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.suggest_captions(image bigint, max_results integer, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], min_similarity double precision, model text) IS 'Captions of other pictures that fit a stored picture best, each text once; filters, of those pictures, as in clipsql.search.';


--
-- Name: thumbnail; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.thumbnail (
    image_id bigint NOT NULL,
    jpeg bytea NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL
);


--
-- Name: TABLE thumbnail; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.thumbnail IS 'A small JPEG of a picture, for pages that must work when the picture itself is gone.';


--
-- Name: thumbnail_uri(bigint); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.thumbnail_uri(image bigint) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT ('data:image/jpeg;base64,'::text || translate(encode(t.jpeg, 'base64'::text), chr(10), ''::text))
    FROM (clipsql.image i
      JOIN clipsql_private.thumbnail t ON ((t.image_id = i.image_id)))
   WHERE (i.image_id = thumbnail_uri.image);
END;


--
-- Name: FUNCTION thumbnail_uri(image bigint); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.thumbnail_uri(image bigint) IS 'A small JPEG of a picture as a data: URI; null without one ("clipsql ingest --thumbnails" keeps them).';


--
-- Name: tokenize(text, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.tokenize(query text, model text DEFAULT NULL::text) RETURNS integer[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    tower constant clipsql_private.text_tower := clipsql_private.loaded_text_tower(clipsql_private.resolve_model(model));
begin
    if query is null then
        return null;
    end if;
    perform clipsql_private.check_most('query', length(query), 'characters', 'CQ006');
    return tower.start_id
        || array(
            select w.token_id
            from clipsql_private.encode_words(query, tower) with ordinality as w (token_id, word_number, word, number)
            order by w.number)
        || tower.end_id;
end;
$$;


--
-- Name: FUNCTION tokenize(query text, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.tokenize(query text, model text) IS 'Token ids of a text (at most 5000 characters) for a model (default: the default model), start and end included.';


--
-- Name: unwatch(text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.unwatch(name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    watch constant clipsql.watch_list := clipsql_private.find_watch(unwatch.name);
begin
    if not clipsql_private.owns(watch.owner) then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'Watch "%s" is another role''s, who alone removes it.', watch.name);
    end if;
    delete from clipsql.watch_list as w where w.watch_id = watch.watch_id;
end;
$$;


--
-- Name: FUNCTION unwatch(name text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.unwatch(name text) IS 'Removes a watch (a name of at most 200 characters) with its alarms. For clipsql_writer.';


--
-- Name: url_digest(text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.url_digest(url text) RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN sha256(decode(replace(url, '\'::text, '\\'::text), 'escape'::text));


--
-- Name: FUNCTION url_digest(url text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.url_digest(url text) IS 'SHA-256 of a url, by which clipsql.image finds it whatever its length: where collection = ''web'' and clipsql.url_digest(url) = clipsql.url_digest(''https://...'').';


--
-- Name: watch(text, text, bigint, bigint[], public.vector, text, timestamp with time zone, timestamp with time zone, time without time zone, time without time zone, double precision, double precision, double precision, polygon, jsonb, jsonpath, text, bigint[], bigint[], double precision, double precision, double precision, interval, text, text); Type: FUNCTION; Schema: clipsql; Owner: -
--

CREATE FUNCTION clipsql.watch(name text, query text DEFAULT NULL::text, image bigint DEFAULT NULL::bigint, images bigint[] DEFAULT NULL::bigint[], query_vector public.vector DEFAULT NULL::public.vector, in_collection text DEFAULT NULL::text, taken_from timestamp with time zone DEFAULT NULL::timestamp with time zone, taken_until timestamp with time zone DEFAULT NULL::timestamp with time zone, daily_from time without time zone DEFAULT NULL::time without time zone, daily_until time without time zone DEFAULT NULL::time without time zone, near_longitude double precision DEFAULT NULL::double precision, near_latitude double precision DEFAULT NULL::double precision, within_m double precision DEFAULT NULL::double precision, inside polygon DEFAULT NULL::polygon, having_metadata jsonb DEFAULT NULL::jsonb, metadata_matches jsonpath DEFAULT NULL::jsonpath, caption_query text DEFAULT NULL::text, only_images bigint[] DEFAULT NULL::bigint[], except_images bigint[] DEFAULT NULL::bigint[], alarms_per_day double precision DEFAULT NULL::double precision, min_percentile double precision DEFAULT NULL::double precision, min_similarity double precision DEFAULT NULL::double precision, once_per interval DEFAULT NULL::interval, once_per_key text DEFAULT NULL::text, model text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET extra_float_digits TO '1'
    AS $$
#variable_conflict use_column
declare
    chosen constant clipsql.model := clipsql_private.resolve_model(watch.model);
    made clipsql.watch_list;
    directions halfvec[];
begin
    perform clipsql_private.refuse_shards('watch');
    perform clipsql_private.check_watch(
        name => watch.name, subjects => num_nonnulls(coalesce(watch.query, watch.query_vector::text), watch.image, watch.images),
        images => watch.images, alarms_per_day => watch.alarms_per_day, min_percentile => watch.min_percentile,
        min_similarity => watch.min_similarity, once_per => watch.once_per, once_per_key => watch.once_per_key);
    made.name := watch.name;
    made.owner := current_user;
    made.model_id := chosen.model_id;
    made.query := watch.query;
    made.images := coalesce(watch.images, array[watch.image]);
    made.timezone := current_setting('timezone');
    made.alarms_per_day := watch.alarms_per_day;
    made.min_percentile := watch.min_percentile;
    made.min_similarity := watch.min_similarity;
    made.once_per := watch.once_per;
    made.once_per_key := watch.once_per_key;
    select d.directions, d.pictures into directions, made.images
    from clipsql_private.watch_subject(
        query => watch.query, images => coalesce(watch.images, array[watch.image]), query_vector => watch.query_vector,
        chosen => chosen) as d;
    made.filters := clipsql_private.watch_filters(clipsql_private.make_filter(
        in_collection => in_collection, taken_from => taken_from, taken_until => taken_until,
        daily_from => daily_from, daily_until => daily_until,
        near_longitude => near_longitude, near_latitude => near_latitude, within_m => within_m, inside => inside,
        having_metadata => having_metadata, metadata_matches => metadata_matches, caption_query => caption_query,
        only_images => only_images, except_images => clipsql_private.joined_images(except_images, made.images)));
    if watch.alarms_per_day is not null then
        select t.similarity, t.low, t.high into made.min_similarity, made.alarms_low, made.alarms_high
        from clipsql_private.rate_threshold(made, directions) as t;
    elsif watch.min_percentile is not null then
        made.min_similarity := clipsql_private.percentile_threshold(made, directions);
    end if;
    return clipsql_private.put_watch(made, directions);
end;
$$;


--
-- Name: FUNCTION watch(name text, query text, image bigint, images bigint[], query_vector public.vector, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], alarms_per_day double precision, min_percentile double precision, min_similarity double precision, once_per interval, once_per_key text, model text); Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON FUNCTION clipsql.watch(name text, query text, image bigint, images bigint[], query_vector public.vector, in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[], alarms_per_day double precision, min_percentile double precision, min_similarity double precision, once_per interval, once_per_key text, model text) IS 'Watches for pictures: each new one that is similar enough raises an alarm in clipsql.alert. Give a query of at most 5000 characters, as for clipsql.search_query, an image, images of one object, or a query_vector, which alone or with a query stands for it; filters as in clipsql.search; and one of alarms_per_day, min_percentile and min_similarity. once_per, of each once_per_key of the metadata, folds alarms into one. Returns the watch_id. A watch of that name (at most 200 characters) is changed. For clipsql_writer.';


--
-- Name: add_partitions(integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.add_partitions(of_model integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    size constant integer := (select m.dimensions from clipsql.model as m where m.model_id = of_model);
    embeddings text;
    definition text;
begin
    for embeddings in
        select t.name from clipsql_private.embedding_tables() as t(name)
        where to_regclass(clipsql_private.partition_name(t.name, of_model)) is null
    loop
        execute format(
            'create table %s partition of clipsql.%I
                 (primary key (%I, model_id), constraint %I check (vector_dims(embedding) = %s)) for values in (%s)',
            clipsql_private.partition_name(embeddings, of_model), embeddings, replace(embeddings, '_embedding', '_id'),
            format('%s_%s_dimensions_check', embeddings, of_model), size, of_model);
        if embeddings = 'region_embedding' then  -- for filters that leave few pictures, and a picture that changes
            execute format('create index on %s (image_id)', clipsql_private.partition_name(embeddings, of_model));
        end if;
        if clipsql_private.keeps_tenants_apart() then
            perform clipsql_private.keep_apart(clipsql_private.partition_name(embeddings, of_model)::regclass);
        end if;
        -- What looks at whole statements is not handed down, and a statement may name the partition.
        for definition in
            select pg_get_triggerdef(t.oid) from pg_catalog.pg_trigger as t
            where t.tgrelid = format('clipsql.%I', embeddings)::regclass and not t.tgisinternal
        loop
            execute replace(
                definition, format(' ON clipsql.%I ', embeddings),
                format(' ON %s ', clipsql_private.partition_name(embeddings, of_model)));
        end loop;
    end loop;
end;
$$;


--
-- Name: FUNCTION add_partitions(of_model integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.add_partitions(of_model integer) IS 'Makes the partitions for a model''s embeddings of pictures, captions and regions that are missing.';


--
-- Name: model; Type: TABLE; Schema: clipsql; Owner: -
--

CREATE TABLE clipsql.model (
    model_id integer NOT NULL,
    name text NOT NULL,
    location text,
    revision text,
    dimensions integer NOT NULL,
    logit_scale double precision NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT model_dimensions_check CHECK (((dimensions >= 1) AND (dimensions <= 4000)))
);


--
-- Name: TABLE model; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TABLE clipsql.model IS 'One embedding model: its images and texts share one vector space.';


--
-- Name: COLUMN model.model_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model.model_id IS 'Number of the model, given by the database.';


--
-- Name: COLUMN model.name; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model.name IS 'Name by which the argument model finds it.';


--
-- Name: COLUMN model.location; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model.location IS 'Where its files come from: a folder, or a name on the Hugging Face hub; null for a vector space whose vectors come from elsewhere.';


--
-- Name: COLUMN model.revision; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model.revision IS 'Which state of its files the stored vectors were made with; null for a vector space.';


--
-- Name: COLUMN model.dimensions; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model.dimensions IS 'Length of its vectors.';


--
-- Name: COLUMN model.logit_scale; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model.logit_scale IS 'Factor from cosines to the logits of zero-shot labels, as the model learned it.';


--
-- Name: COLUMN model.is_default; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model.is_default IS 'Whether it answers where no model is named; at most one does.';


--
-- Name: COLUMN model.added_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model.added_at IS 'When the model was added.';


--
-- Name: answer(public.vector[], double precision, integer, clipsql_private.search_filter, double precision, double precision, double precision, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.answer(directions public.vector[], scale double precision, max_results integer, filter clipsql_private.search_filter, min_similarity double precision, min_percentile double precision, distinct_above double precision, chosen clipsql.model) RETURNS SETOF clipsql.search_result
    LANGUAGE plpgsql STABLE ROWS 10
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    -- Only to stop early: no rounding may lose a picture that is just similar enough.
    farthest constant double precision := 1 - min_similarity / scale + 1e-9;
    found record;
begin
    if distinct_above is not null then
        found := clipsql_private.nearest_distinct(directions, max_results, filter, distinct_above, farthest, chosen);
    elsif cardinality(directions) > 1 then
        found := clipsql_private.nearest_to_all(directions, max_results, filter, chosen);
    else
        found := clipsql_private.nearest(directions[1], max_results, filter, chosen);
    end if;
    if coalesce(cardinality(found.ids), 0) = 0 then
        return query select s.* from clipsql_private.answer_of_shards(directions, scale, max_results, filter, min_similarity, min_percentile, distinct_above, chosen) as s;
        return;
    end if;
    return query
    select r.*
    from clipsql_private.result_rows(
        image_ids => found.ids, distances => found.distances, directions => directions, scale => scale,
        max_results => max_results, in_scope => filter.in_collection, min_similarity => min_similarity,
        min_percentile => min_percentile, coded => found.coded, distinct_above => null,  -- done, as deep as it had to look
        chosen => chosen) as r;
end;
$$;


--
-- Name: FUNCTION answer(directions public.vector[], scale double precision, max_results integer, filter clipsql_private.search_filter, min_similarity double precision, min_percentile double precision, distinct_above double precision, chosen clipsql.model); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.answer(directions public.vector[], scale double precision, max_results integer, filter clipsql_private.search_filter, min_similarity double precision, min_percentile double precision, distinct_above double precision, chosen clipsql.model) IS 'Rows of a search for pictures near a vector, or near all of several.';


--
-- Name: answer_as_shard(jsonb); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.answer_as_shard(request jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET extra_float_digits TO '1'
    SET "TimeZone" TO 'UTC'
    AS $$
declare
    chosen clipsql.model;
    filter constant clipsql_private.search_filter := jsonb_populate_record(
        null::clipsql_private.search_filter, request -> 'filter');
    directions constant vector[] := array(
        select d.direction::vector from jsonb_array_elements_text(request -> 'directions') with ordinality as d(direction, place)
        order by d.place);
    max_results constant integer := request -> 'max_results';
    found record;
    background record;
begin
    if (select c.relrowsecurity from pg_catalog.pg_class as c where c.oid = 'clipsql.image'::regclass) then
        raise exception using errcode = 'CQ007', message =
            'it keeps pictures apart by row-level security, which does not reach over shards';
    end if;
    -- One that was just added, which may not have the model yet.
    if not exists (select from clipsql.image) then
        return jsonb_build_object('size', 0, 'knows_collection', filter.in_collection is null, 'rows', '[]'::jsonb);
    end if;
    chosen := clipsql_private.resolve_model(request ->> 'model');
    perform set_config('timezone', request ->> 'timezone', true);
    found := clipsql_private.nearest_to_all(directions, max_results, filter, chosen);
    background := clipsql_private.percentile_basis(
        array(select l2_normalize(d.direction)::halfvec from unnest(directions) as d(direction)), filter.in_collection,
        -- Other shards may have pictures that are farther than the last one here: then all distances count.
        case when cardinality(found.ids) = max_results then found.distances[max_results] else 2.1 end, chosen, found.coded);
    return jsonb_build_object(
        'size', background.size, 'is_exact', background.is_exact, 'nearest', to_jsonb(background.distances),
        'knows_collection', filter.in_collection is null or exists (
            select from clipsql.image as i where i.collection = filter.in_collection),
        'rows', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'image_id', i.image_id, 'distance', f.distance, 'url', i.url, 'taken_at', i.taken_at,
                'caption', (select c.body from clipsql.caption as c where c.image_id = i.image_id and c.source is null
                            order by c.caption_id limit 1),
                'longitude', i.longitude, 'latitude', i.latitude, 'metadata', i.metadata,
                'embedding', case when (request -> 'with_embeddings')::boolean then (
                    select e.embedding::text from clipsql.image_embedding as e
                    where e.image_id = i.image_id and e.model_id = chosen.model_id) end)), '[]')
            from unnest(found.ids, found.distances) as f(image_id, distance)
            join clipsql.image as i on i.image_id = f.image_id));
end;
$$;


--
-- Name: FUNCTION answer_as_shard(request jsonb); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.answer_as_shard(request jsonb) IS 'The nearest pictures of a shard, and the distances of the collection or its sample, for a coordinator.';


--
-- Name: answer_of_shards(public.vector[], double precision, integer, clipsql_private.search_filter, double precision, double precision, double precision, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.answer_of_shards(directions public.vector[], scale double precision, max_results integer, filter clipsql_private.search_filter, min_similarity double precision, min_percentile double precision, distinct_above double precision, chosen clipsql.model) RETURNS SETOF clipsql.search_result
    LANGUAGE plpgsql SECURITY DEFINER ROWS 10
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET extra_float_digits TO '1'
    AS $$
#variable_conflict use_column
declare
    depth bigint := case when distinct_above is null then max_results else 2::bigint * max_results + 20 end;
    moved timestamptz;
    answers jsonb;
    hits jsonb;
    kept integer[];
    hits_before integer := 0;
begin
    if not clipsql_private.has_shards() then
        return;
    end if;
    perform clipsql_private.refuse_restricted();
    loop
        loop
            moved := (select max(s.moved_at) from clipsql_private.slot as s);
            answers := (
                select coalesce(jsonb_agg(a.answer || jsonb_build_object('shard_id', a.shard_id)), '[]')
                from clipsql_private.shard_answers('answer_as_shard', jsonb_build_object(
                    'directions', (select jsonb_agg(d.direction::text order by d.place)
                                   from unnest(directions) with ordinality as d(direction, place)),
                    'max_results', least(depth, 2147483647), 'filter', to_jsonb(filter), 'model', chosen.name,
                    'timezone', current_setting('timezone'), 'with_embeddings', distinct_above is not null), true) as a);
            hits := (
                select jsonb_agg(h.hit order by (h.hit -> 'distance')::double precision, (h.hit -> 'image_id')::bigint)
                from jsonb_array_elements(answers) as a(answer)
                cross join lateral jsonb_array_elements(a.answer -> 'rows') as h(hit)
                join clipsql_private.slot as s
                    on s.slot = clipsql_private.slot_of(h.hit ->> 'url') and s.shard_id = (a.answer -> 'shard_id')::integer);
            -- Last of all: what was moved before a hit was looked up counts, too.
            exit when moved = (select max(s.moved_at) from clipsql_private.slot as s);
        end loop;
        exit when hits is null or distinct_above is null;
        kept := clipsql_private.distinct_hits(hits, distinct_above, max_results);
        exit when cardinality(kept) = max_results or jsonb_array_length(hits) = hits_before
            or (hits -> -1 -> 'distance')::double precision > 1 - min_similarity / scale + 1e-9;
        hits_before := jsonb_array_length(hits);
        depth := 2 * depth + 20;
    end loop;
    if hits is null then
        if filter.in_collection is not null
                and not exists (select from jsonb_array_elements(answers) as a(answer) where (a.answer -> 'knows_collection')::boolean) then
            raise warning using errcode = 'CQ008', message = format(
                'There is no collection "%s" on any shard, so nothing matches; "clipsql stats" shows what there is.',
                left(filter.in_collection, 100));
        end if;
        return;
    end if;
    return query
    with background as materialized (  -- once, not for each hit
        select
            (b.answer -> 'size')::integer as size,
            (b.answer -> 'is_exact')::boolean as is_exact,
            array(select jsonb_array_elements(nullif(b.answer -> 'nearest', 'null'))::double precision) as nearest,
            case
                when bool_and((b.answer -> 'is_exact')::boolean) over () then (b.answer -> 'size')::double precision
                else (select count(*) from clipsql_private.slot as s where s.shard_id = (b.answer -> 'shard_id')::integer) end as weight
        from jsonb_array_elements(answers) as b(answer)
        where (b.answer -> 'size')::integer > 0
    ), nearest as materialized (
        select h.hit, h.place, (h.hit -> 'distance')::double precision as distance
        from jsonb_array_elements(hits) with ordinality as h(hit, place)
        where kept is null or h.place = any (kept)
        order by h.place
        limit max_results
    ), told as (
        select n.hit, n.place, scale * greatest(-1, least(1, 1 - n.distance)) as similarity, s.*
        from nearest as n
        cross join lateral (
            select
                sum(b.weight * e.share) / sum(b.weight) as share,
                -- Each shard is a sample of its own.
                sqrt(sum((b.weight * case when b.is_exact then 0 else clipsql_private.share_error(e.share, b.size) end) ^ 2))
                    / sum(b.weight) as error
            from background as b
            cross join lateral (select clipsql_private.share_lower(n.distance, b.nearest, b.size) as share) as e
        ) as s
    ), passing as (
        select t.*
        from told as t
        where (min_similarity is null or t.similarity >= min_similarity)
            and (min_percentile is null or 100 * t.share >= min_percentile)
    )
    select
        (row_number() over (order by p.place))::integer, r.image_id, p.similarity, 100 * p.share, 100 * p.error,
        r.url, r.caption, r.taken_at, r.longitude, r.latitude, r.metadata
    from passing as p
    cross join lateral jsonb_populate_record(null::clipsql.search_result, p.hit) as r
    order by p.place;
end;
$$;


--
-- Name: FUNCTION answer_of_shards(directions public.vector[], scale double precision, max_results integer, filter clipsql_private.search_filter, min_similarity double precision, min_percentile double precision, distinct_above double precision, chosen clipsql.model); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.answer_of_shards(directions public.vector[], scale double precision, max_results integer, filter clipsql_private.search_filter, min_similarity double precision, min_percentile double precision, distinct_above double precision, chosen clipsql.model) IS 'Rows of a search over all shards, as one server would give them; none where there are no shards.';


--
-- Name: caption_languages(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.caption_languages() RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY['da'::text, 'de'::text, 'en'::text, 'es'::text, 'fi'::text, 'fr'::text, 'hu'::text, 'it'::text, 'nl'::text, 'no'::text, 'pt'::text, 'ro'::text, 'ru'::text, 'sv'::text, 'tr'::text, 'simple'::text];


--
-- Name: FUNCTION caption_languages(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.caption_languages() IS 'ISO 639-1 codes of the languages that captions are stemmed for; simple stands for all others.';


--
-- Name: caption_configuration(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.caption_configuration(language_code text) RETURNS regconfig
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN COALESCE((ARRAY['danish'::regconfig, 'german'::regconfig, 'english'::regconfig, 'spanish'::regconfig, 'finnish'::regconfig, 'french'::regconfig, 'hungarian'::regconfig, 'italian'::regconfig, 'dutch'::regconfig, 'norwegian'::regconfig, 'portuguese'::regconfig, 'romanian'::regconfig, 'russian'::regconfig, 'swedish'::regconfig, 'turkish'::regconfig, 'simple'::regconfig])[array_position(clipsql_private.caption_languages(), language_code)], 'simple'::regconfig);


--
-- Name: FUNCTION caption_configuration(language_code text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.caption_configuration(language_code text) IS 'Text-search configuration of an ISO 639-1 language code; simple for a language without stemmer.';


--
-- Name: han_characters(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.han_characters() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff'::text;


--
-- Name: FUNCTION han_characters(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.han_characters() IS 'Kana and Han ideographs, as ranges for a bracket of a regular expression.';


--
-- Name: spaced_han(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.spaced_han(body text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN regexp_replace(body, (('(['::text || clipsql_private.han_characters()) || '])'::text), ' \1 '::text, 'g'::text);


--
-- Name: FUNCTION spaced_han(body text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.spaced_han(body text) IS 'The text with a space around each Chinese or Japanese character, so that full-text search finds substrings.';


--
-- Name: caption_query(text, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.caption_query(query text, language_code text) RETURNS tsquery
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT COALESCE((q.words && q.wanted_source), q.words) AS "coalesce" FROM (SELECT websearch_to_tsquery(clipsql_private.caption_configuration(caption_query.language_code), clipsql_private.spaced_han(string_agg(CASE WHEN starts_with(part.found[1], '"'::text) THEN part.found[1] ELSE regexp_replace(regexp_replace(part.found[1], '(^|[[:space:]])-?source:(person|model)(?![^[:space:]])'::text, ' '::text, 'g'::text), (('(['::text || clipsql_private.han_characters()) || ']{2,})'::text), ' "\1" '::text, 'g'::text) END, ''::text ORDER BY part.number))) AS words, CASE WHEN bool_or(((NOT starts_with(part.found[1], '"'::text)) AND (part.found[1] ~ '(^|[[:space:]])(source:person|-source:model)(?![^[:space:]])'::text))) THEN '!''source:model'''::tsquery WHEN bool_or(((NOT starts_with(part.found[1], '"'::text)) AND (part.found[1] ~ '(^|[[:space:]])(source:model|-source:person)(?![^[:space:]])'::text))) THEN '''source:model'''::tsquery ELSE NULL::tsquery END AS wanted_source FROM regexp_matches(translate(caption_query.query, '“”「」＂－　'::text, '"""""- '::text), '("[^"]*"|[^"]+)'::text, 'g'::text) WITH ORDINALITY part(found, number)) q);


--
-- Name: FUNCTION caption_query(query text, language_code text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.caption_query(query text, language_code text) IS 'A websearch query over captions of one language; Chinese and Japanese are found as substrings.';


--
-- Name: any_caption_query(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.any_caption_query(query text) RETURNS tsquery
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (string_agg(DISTINCT (('('::text || (q.words)::text) || ')'::text), ' | '::text))::tsquery AS string_agg
    FROM (unnest(clipsql_private.caption_languages()) l(language_code)
      CROSS JOIN LATERAL clipsql_private.caption_query(any_caption_query.query, l.language_code) q(words))
   WHERE (numnode(q.words) > 0);
END;


--
-- Name: FUNCTION any_caption_query(query text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.any_caption_query(query text) IS 'A websearch query that matches whatever the query of any one language matches; null when only stop words are left.';


--
-- Name: apply_changed_rows(integer, integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.apply_changed_rows(attachment integer, most_rows integer) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    AS $_$
#variable_conflict use_column
declare
    attached clipsql_private.attached_table;
    note_keys text;
    this_note text;
    some_notes text;
    one record;
    told record;
    image bigint;
    is_ours boolean;
    problem text;
    taken integer := 0;
    left_behind bigint[] := '{}';
begin
    if not pg_try_advisory_xact_lock(hashtextextended('clipsql_private.attachment', 0)) then
        return null;
    end if;
    attached := clipsql_private.attached_table(attachment);
    if attached.attachment_id is null then
        return 0;
    elsif attached.is_usable is not true then
        -- Nothing can be read; a pass over all rows follows once that is mended.
        execute format('delete from %s', attached.changes);
        update clipsql_private.attachment as a set reconciled_at = null
        where a.attachment_id = attachment and a.reconciled_at is not null;
        return 0;
    end if;
    perform clipsql_private.check_whole_table(attached.source);

    note_keys := clipsql_private.key_list(attached.row_keys, '(t.note)');
    this_note := format('($1::%s)', attached.changes);  -- as text: what a session has planned knows one type of note
    some_notes := format(
        'select u.ctid from ((select f.ctid from %1$s as f where f.is_fresh limit %2$s)
         union all (select f.ctid from %1$s as f where not f.is_fresh limit %2$s)) as u limit %2$s', attached.changes, most_rows);
    -- In the order of ids, as workers settle pictures: the two then never wait for each other.
    execute format(
        'select from clipsql.image as i
         where i.image_id = any (array(
             with n as materialized (select c.* from %1$s as c where c.ctid = any (array(%2$s)))
             select l.image_id from n join %3$s as l on %4$s where l.image_id is not null
             union
             select t.image_id from n join %5$s as s on %6$s
             join clipsql.image as t on t.collection = $1 and clipsql.url_digest(t.url) = clipsql.url_digest(%7$s)))
         order by i.image_id for update',
        attached.changes, some_notes, attached.link, clipsql_private.same_key(attached.row_keys, 'l', attached.row_keys, 'n'),
        attached.source, clipsql_private.same_key(attached.source_keys, 's', attached.row_keys, 'n'), attached.address)
    using attached.collection;

    for one in execute format(
        'with taken as (
             delete from %1$s as c where c.ctid = any (array(%2$s)) returning c as note, c.is_fresh
         )
         select distinct on (%3$s) t.note::text as note, t.is_fresh, (t.note).%4$s is null as is_of_all,
             %6$s as address, %7$s as facts,
             l.image_id as old_image, l.facts as old_facts, l.is_ours as was_ours, count(*) over () as notes
         from taken as t
         left join %5$s as s on %8$s
         left join %9$s as l on %10$s
         order by %3$s, t.is_fresh desc',
        attached.changes, some_notes, note_keys, attached.row_keys[1], attached.source, attached.address, attached.facts,
        clipsql_private.same_key(attached.source_keys, 's', attached.row_keys, '(t.note)'),
        attached.link, clipsql_private.same_key(attached.row_keys, 'l', attached.row_keys, '(t.note)'))
    loop
        taken := one.notes;
        if one.is_of_all then  -- truncated
            update clipsql_private.attachment as a set reconciled_at = null where a.attachment_id = attachment;
            continue;
        end if;
        image := null;
        if one.address is null then
            execute format('delete from %s as l where %s', attached.link,
                clipsql_private.same_key(attached.row_keys, 'l', attached.row_keys, this_note)) using one.note;
        elsif one.facts = one.old_facts then
            continue;
        else
            is_ours := true;
            problem := null;
            begin
                execute format(
                    'select %s::text[] as captions, %s::jsonb as metadata, %s as taken_at, %s as longitude, %s as latitude
                     from %s as s where %s',
                    coalesce(attached.captions, 'null'), coalesce(nullif(attached.metadata, '''{}''::jsonb'), 'null'),
                    attached.taken_at, attached.longitude, attached.latitude, attached.source,
                    clipsql_private.same_key(attached.source_keys, 's', attached.row_keys, this_note))
                into told using one.note;
                -- A picture that somebody ingested stays when the row goes.
                is_ours := coalesce((
                    select i.image_id = any (left_behind)
                        or exists (select from clipsql_private.link as l where l.image_id = i.image_id and l.is_ours)
                    from clipsql.image as i
                    where i.collection = attached.collection and clipsql.url_digest(i.url) = clipsql.url_digest(one.address)), true);
                image := clipsql.put_image(
                    collection => attached.collection, url => one.address, captions => told.captions, metadata => told.metadata,
                    taken_at => told.taken_at, longitude => told.longitude, latitude => told.latitude,
                    model => (select m.name from clipsql.model as m where m.model_id = attached.model_id));
                perform clipsql_private.queue_attached_picture(image, attached, one.is_fresh);
            exception
            when deadlock_detected or serialization_failure or lock_not_available or insufficient_resources then
                raise;  -- all of it is tried again
            when others then
                image := null;
                problem := sqlerrm;
            end;
            execute format(
                'insert into %1$s as l (%2$s, image_id, is_ours, facts, problem) select %3$s, $2, $3, $4, $5
                 on conflict (%2$s) do update set image_id = excluded.image_id, is_ours = excluded.is_ours, facts = excluded.facts,
                     problem = excluded.problem, changed_at = excluded.changed_at, attempts = 0, retry_at = null',
                attached.link, clipsql_private.key_list(attached.row_keys), clipsql_private.key_list(attached.row_keys, this_note))
            using one.note, image, is_ours, one.facts, problem;
        end if;
        if one.was_ours and one.old_image is distinct from image then
            left_behind := left_behind || one.old_image;
        end if;
    end loop;
    delete from clipsql.image as i
    where i.image_id = any (left_behind) and not exists (select from clipsql_private.link as l where l.image_id = i.image_id);
    return taken;
end;
$_$;


--
-- Name: FUNCTION apply_changed_rows(attachment integer, most_rows integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.apply_changed_rows(attachment integer, most_rows integer) IS 'Brings the pictures of noted rows up to date; returns how many notes it took, null while another worker does.';


--
-- Name: ask_shards(text, jsonb, integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.ask_shards(question text, request jsonb, only_shard integer DEFAULT NULL::integer, OUT shard_id integer, OUT name text, OUT answer jsonb, OUT problem text, OUT state text) RETURNS SETOF record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET client_min_messages TO 'error'
    AS $_$
#variable_conflict use_column
declare
    dblink constant text := (
        select e.extnamespace::regnamespace::text from pg_catalog.pg_extension as e where e.extname = 'dblink');
    asked constant text := format('select clipsql_private.%I(%L)', question, request);
    -- Once: one that is added meanwhile was not asked.
    shards constant clipsql_private.shard[] := array(
        select s from clipsql_private.shard as s where only_shard is null or s.shard_id = only_shard order by s.shard_id);
    shard clipsql_private.shard;
    opened boolean;
    link text;
    detail text;
    problems jsonb := '{}';
begin
    if dblink is null and clipsql_private.has_shards() then
        raise exception using errcode = 'CQ007',
            message = 'Shards need the extension dblink, which is gone; let a superuser run: create extension dblink.';
    end if;
    -- First to all, then the answers: they work at the same time.
    foreach shard in array shards loop
        link := 'clipsql_' || shard.server;
        begin
            execute format('select $1 = any (%s.dblink_get_connections())', dblink) into opened using link;
            if opened then
                execute format('select %s.dblink_send_query($1, $2) = 1', dblink) into opened using link, asked;
                if not opened then
                    execute format('select %s.dblink_disconnect($1)', dblink) using link;
                end if;
            end if;
            if opened is not true then
                execute format('select %1$s.dblink_connect($1, $2), %1$s.dblink_send_query($1, $3)', dblink)
                    using link, shard.server, asked;
            end if;
        exception when others then
            get stacked diagnostics detail = pg_exception_detail;
            problems := problems || jsonb_build_object(shard.shard_id, coalesce(nullif(detail, ''), sqlerrm));
        end;
    end loop;
    foreach shard in array shards loop
        link := 'clipsql_' || shard.server;
        shard_id := shard.shard_id;
        name := shard.name;
        answer := null;
        state := null;
        problem := problems ->> shard.shard_id::text;
        for attempt in 1 .. 2 loop
            exit when problem is not null;
            begin
                execute format('select a.answer from %s.dblink_get_result($1) as a(answer jsonb)', dblink) into answer using link;
                if answer is null then
                    raise exception using errcode = 'connection_failure', message = 'its connection had no answer';
                end if;
                -- A second, empty one ends the answer.
                execute format('select from %s.dblink_get_result($1) as a(answer jsonb)', dblink) using link;
                exit;
            exception when others then
                state := sqlstate;
                get stacked diagnostics detail = pg_exception_detail;
                -- The server may have started again since the session asked it last.
                if attempt = 1 and (state like '08%' or state like '57P%') then
                    begin
                        execute format('select %s.dblink_disconnect($1)', dblink) using link;
                        execute format('select %1$s.dblink_connect($1, $2), %1$s.dblink_send_query($1, $3)', dblink)
                            using link, shard.server, asked;
                        state := null;
                    exception when others then
                        get stacked diagnostics detail = pg_exception_detail;
                        problem := coalesce(nullif(detail, ''), sqlerrm);
                    end;
                else
                    problem := sqlerrm;
                end if;
            end;
        end loop;
        problem := regexp_replace(problem, '[[:space:]]+', ' ', 'g');
        return next;
    end loop;
end;
$_$;


--
-- Name: FUNCTION ask_shards(question text, request jsonb, only_shard integer, OUT shard_id integer, OUT name text, OUT answer jsonb, OUT problem text, OUT state text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.ask_shards(question text, request jsonb, only_shard integer, OUT shard_id integer, OUT name text, OUT answer jsonb, OUT problem text, OUT state text) IS 'Answers of all shards to a question, asked at once; problem and state (the SQLSTATE, null when it was not reached) of one without.';


--
-- Name: asks_as_tenant(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.asks_as_tenant() RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $_$
declare
    caller constant name := clipsql_private.caller();
begin
    if caller = current_user or not clipsql_private.keeps_tenants_apart() then
        return false;
    end if;
    -- The right to read is the caller's to have, not the owner's.
    if not has_table_privilege(caller, 'clipsql.image', 'select') then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'Role %s may not search; let the owner run: grant clipsql_reader to %1$s.', quote_ident(caller));
    end if;
    if clipsql_private.sees_all(caller) then
        return false;
    elsif (select c.relforcerowsecurity from pg_catalog.pg_class as c where c.oid = 'clipsql.image'::regclass) then
        raise exception using errcode = 'CQ007', message =
            'Row-level security on clipsql.image is forced on its owner, under whom searches run; run:'
            ' alter table clipsql.image no force row level security.';
    end if;
    return true;
end;
$_$;


--
-- Name: FUNCTION asks_as_tenant(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.asks_as_tenant() IS 'Whether a function runs as its owner for a caller who sees only some pictures.';


--
-- Name: attached_rows(integer, clipsql_private.search_filter); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.attached_rows(attachment integer, filter clipsql_private.search_filter) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
declare
    attached constant clipsql_private.attached_table := clipsql_private.attached_table(attachment);
begin
    if attached.is_usable is not true then
        raise exception using errcode = 'CQ007', message = format(
            'The rows of %s cannot be searched: %s; mend that, then run clipsql.reattach.',
            attached.source, attached.state);
    end if;
    return format(
        '%s as l join %s as s on %s where l.image_id = i.image_id and %s',
        attached.link, attached.source, clipsql_private.same_key(attached.source_keys, 's', attached.row_keys, 'l'),
        concat_ws(' and ',
            format('i.url = %s', attached.address),
            case when filter.having_metadata is not null then
                format('(i.metadata || %s) @> ($1).having_metadata', attached.metadata) end,
            case when filter.metadata_matches is not null then
                format('(i.metadata || %s) @@ ($1).metadata_matches', attached.metadata) end));
end;
$_$;


--
-- Name: FUNCTION attached_rows(attachment integer, filter clipsql_private.search_filter); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.attached_rows(attachment integer, filter clipsql_private.search_filter) IS 'SQL that gives the rows s of an attachment that have the picture i and meet the filter $1; CQ007 when it cannot be read.';


--
-- Name: attached_table(integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.attached_table(attachment integer) RETURNS clipsql_private.attached_table
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET quote_all_identifiers TO 'off'
    AS $$
#variable_conflict use_column
declare
    attached clipsql_private.attached_table;
    known record;
    is_here boolean;
begin
    select a.* into known from clipsql_private.attachment as a where a.attachment_id = attachment;
    if not found then
        return null;
    end if;
    attached.attachment_id := attachment;
    attached.source := known.source;
    attached.link := format('clipsql.%I', known.link);
    attached.changes := format('clipsql_private.%I', 'changed_row_' || attachment);
    attached.collection := known.collection;
    attached.model_id := known.model_id;
    attached.may_read_files := known.may_read_files;
    is_here := exists (select from pg_catalog.pg_class as c where c.oid = known.source);

    with now as (
        select
            c.*,
            quote_ident(a.attname) as current_name,
            clipsql_private.base_type(a.atttypid) as base_type,
            (select t.typcategory = 'A' from pg_catalog.pg_type as t where t.oid = a.atttypid) as is_list,
            a.attnum,
            -- A trigger does not see what a virtual column says, but what it is made from.
            case when a.attgenerated = 'v' then array(
                select quote_ident(b.attname)
                from pg_catalog.pg_attrdef as f
                join pg_catalog.pg_depend as d
                    on d.classid = 'pg_catalog.pg_attrdef'::regclass and d.objid = f.oid and d.refobjid = f.adrelid
                join pg_catalog.pg_attribute as b on b.attrelid = f.adrelid and b.attnum = d.refobjsubid and b.attnum <> a.attnum
                where f.adrelid = a.attrelid and f.adnum = a.attnum)
            else array[quote_ident(a.attname)] end as read_names,
            format_type(a.atttypid, a.atttypmod) as current_type
        from clipsql_private.attached_column as c
        left join pg_catalog.pg_attribute as a
            on a.attrelid = known.source and a.attnum > 0 and not a.attisdropped
            and case when known.source::oid = known.source_oid then a.attnum = c.number else a.attname = c.name end
        where c.attachment_id = attachment
    )
    select
        array_agg(quote_ident(n.key_name) order by n.position) filter (where n.role = 'key'),
        array_agg(n.current_name order by n.position) filter (where n.role = 'key'),
        array(
            select distinct r.name from now as w cross join unnest(w.read_names) as r(name)
            where w.role <> 'key' and w.attnum is not null order by r.name),
        max(format('clipsql_private.picture_address(s.%s::text, %L)', n.current_name, known.url_prefix))
            filter (where n.role = 'url' and n.attnum is not null),
        string_agg(
            case when n.is_list then format('coalesce(s.%s::text[], ''{}'')', n.current_name)
                 else format('array[s.%s::text]', n.current_name) end,
            ' || ' order by n.position) filter (where n.role = 'caption' and n.attnum is not null),
        coalesce(
            'jsonb_build_object(' || string_agg(
                format('%L, %s', n.name, clipsql_private.json_of_column(n.current_name, n.base_type)), ', ' order by n.position)
                filter (where n.role = 'metadata' and n.attnum is not null) || ')',
            '''{}''::jsonb'),
        coalesce(
            max(case when n.base_type = 'timestamptz'::regtype then 's.' || n.current_name
                     else format('s.%s::timestamp at time zone ''UTC''', n.current_name) end)
                filter (where n.role = 'taken_at' and n.attnum is not null), 'null::timestamptz'),
        coalesce(max(format('s.%s::double precision', n.current_name))
            filter (where n.role = 'longitude' and n.attnum is not null), 'null::double precision'),
        coalesce(max(format('s.%s::double precision', n.current_name))
            filter (where n.role = 'latitude' and n.attnum is not null), 'null::double precision'),
        format(
            'md5(jsonb_build_array(%L, %L, %L::boolean%s)::text)::uuid',
            known.collection, known.url_prefix, known.may_read_files,
            string_agg(
                format(', %L, %s', n.role || n.name, clipsql_private.json_of_column(n.current_name, n.base_type)), ''
                order by n.role, n.position)
                filter (where n.role <> 'key' and n.attnum is not null)),
        coalesce(
            case when not is_here then 'table dropped' end,
            min(format('column %s dropped', n.name)) filter (where n.attnum is null),
            min(format('type of %s changed from %s to %s', n.name, n.type, n.current_type)) filter (where n.type <> n.current_type),
            'ok'),
        is_here and coalesce(
            bool_and(n.attnum is not null and (n.role <> 'key' or n.type = n.current_type)) filter (where n.role in ('key', 'url')),
            false)
            and coalesce(bool_and(n.type = n.current_type) filter (
                where n.role in ('taken_at', 'longitude', 'latitude') and n.attnum is not null), true)
    into
        attached.row_keys, attached.source_keys, attached.watched, attached.address, attached.captions, attached.metadata,
        attached.taken_at, attached.longitude, attached.latitude, attached.facts, attached.state, attached.is_usable
    from now as n;

    if attached.state = 'ok' and (
            select count(*) < 4 from pg_catalog.pg_trigger as t
            where t.tgrelid = known.source and starts_with(t.tgname, format('clipsql_attachment_%s_', attachment))
                and t.tgenabled in ('O', 'A')) then
        attached.state := 'triggers missing or disabled';
    elsif attached.state = 'ok' and not exists (
            select from pg_catalog.pg_index as i
            where i.indrelid = known.source and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
                and (i.indkey::smallint[])[0:i.indnkeyatts - 1] <@ array(
                    select a.attnum from pg_catalog.pg_attribute as a
                    where a.attrelid = known.source and not a.attisdropped and quote_ident(a.attname) = any (attached.source_keys))) then
        attached.state := format('key (%s) not unique any more', clipsql_private.key_list(attached.source_keys));
    end if;
    return attached;
end;
$$;


--
-- Name: FUNCTION attached_table(attachment integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.attached_table(attachment integer) IS 'An attachment as parts of statements, with its state; null when there is none of that number.';


--
-- Name: attachments_of(regclass, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.attachments_of(source regclass, url_column text) RETURNS SETOF integer
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_variable
begin
    return query
    select a.attachment_id
    from clipsql_private.attachment as a
    where a.source = attachments_of.source and (url_column is null or clipsql_private.url_column_of(a.attachment_id) = url_column)
    order by a.attachment_id;
    if not found then
        raise exception using errcode = 'CQ004', message = format(
            'No pictures are attached to %s%s; attached are: %s.', coalesce(source::text, 'null'), ' by its column ' || url_column,
            coalesce((
                select string_agg(
                    format('%s by %s', a.source_name, clipsql_private.url_column_of(a.attachment_id)), ', ' order by a.attachment_id)
                from clipsql_private.attachment as a), 'none'));
    end if;
end;
$$;


--
-- Name: FUNCTION attachments_of(source regclass, url_column text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.attachments_of(source regclass, url_column text) IS 'Numbers of the attachments of a table; CQ004 where there is none.';


--
-- Name: attend(integer, boolean, public.vector[], public.vector[], public.vector[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.attend(heads integer, is_causal boolean, queries public.vector[], token_keys public.vector[], token_values public.vector[]) RETURNS public.halfvec[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    per_head constant integer := vector_dims(token_keys[1]) / heads;
    earlier constant integer := cardinality(token_keys) - cardinality(queries);  -- tokens before the first query
    outputs halfvec[] := '{}';
    size integer;
    seen integer;
    q1 vector; q2 vector; q3 vector; q4 vector; q5 vector; q6 vector; q7 vector; q8 vector;
    y1 double precision[]; y2 double precision[]; y3 double precision[]; y4 double precision[];
    y5 double precision[]; y6 double precision[]; y7 double precision[]; y8 double precision[];
begin
    for done in 0 .. cardinality(queries) - 1 by 8 loop
        size := least(8, cardinality(queries) - done);
        -- By the first of these, but for itself.
        seen := case when is_causal then earlier + done else cardinality(token_keys) end;
        q1 := queries[done + 1];
        q2 := queries[done + 2];
        q3 := queries[done + 3];
        q4 := queries[done + 4];
        q5 := queries[done + 5];
        q6 := queries[done + 6];
        q7 := queries[done + 7];
        q8 := queries[done + 8];
        select
            array_agg(inner_product(v.tokens, weight.p1) / weight.t1),
            array_agg(inner_product(v.tokens, weight.p2) / weight.t2) filter (where size >= 2),
            array_agg(inner_product(v.tokens, weight.p3) / weight.t3) filter (where size >= 3),
            array_agg(inner_product(v.tokens, weight.p4) / weight.t4) filter (where size >= 4),
            array_agg(inner_product(v.tokens, weight.p5) / weight.t5) filter (where size >= 5),
            array_agg(inner_product(v.tokens, weight.p6) / weight.t6) filter (where size >= 6),
            array_agg(inner_product(v.tokens, weight.p7) / weight.t7) filter (where size >= 7),
            array_agg(inner_product(v.tokens, weight.p8) / weight.t8) filter (where size >= 8)
        into y1, y2, y3, y4, y5, y6, y7, y8
        from generate_series(1, heads) as h (head)
        cross join lateral (
            select
                subvector(q1, (h.head - 1) * per_head + 1, per_head) as q1,
                subvector(q2, (h.head - 1) * per_head + 1, per_head) as q2,
                subvector(q3, (h.head - 1) * per_head + 1, per_head) as q3,
                subvector(q4, (h.head - 1) * per_head + 1, per_head) as q4,
                subvector(q5, (h.head - 1) * per_head + 1, per_head) as q5,
                subvector(q6, (h.head - 1) * per_head + 1, per_head) as q6,
                subvector(q7, (h.head - 1) * per_head + 1, per_head) as q7,
                subvector(q8, (h.head - 1) * per_head + 1, per_head) as q8
            offset 0  -- once for each head
        ) as query
        cross join lateral (
            select
                array_agg(power.e1)::vector as p1, sum(power.e1) as t1,
                array_agg(power.e2)::vector as p2, sum(power.e2) as t2,
                array_agg(power.e3)::vector as p3, sum(power.e3) as t3,
                array_agg(power.e4)::vector as p4, sum(power.e4) as t4,
                array_agg(power.e5)::vector as p5, sum(power.e5) as t5,
                array_agg(power.e6)::vector as p6, sum(power.e6) as t6,
                array_agg(power.e7)::vector as p7, sum(power.e7) as t7,
                array_agg(power.e8)::vector as p8, sum(power.e8) as t8
            from (
                select
                    exp(greatest(score.s1 - max(score.s1) over (), -700)) as e1,
                    exp(greatest(score.s2 - max(score.s2) over (), -700)) as e2,
                    exp(greatest(score.s3 - max(score.s3) over (), -700)) as e3,
                    exp(greatest(score.s4 - max(score.s4) over (), -700)) as e4,
                    exp(greatest(score.s5 - max(score.s5) over (), -700)) as e5,
                    exp(greatest(score.s6 - max(score.s6) over (), -700)) as e6,
                    exp(greatest(score.s7 - max(score.s7) over (), -700)) as e7,
                    exp(greatest(score.s8 - max(score.s8) over (), -700)) as e8
                from (
                    select
                        case when key.number <= seen + 1 then inner_product(key.body, query.q1) end as s1,
                        case when key.number <= seen + 2 then inner_product(key.body, query.q2) end as s2,
                        case when key.number <= seen + 3 then inner_product(key.body, query.q3) end as s3,
                        case when key.number <= seen + 4 then inner_product(key.body, query.q4) end as s4,
                        case when key.number <= seen + 5 then inner_product(key.body, query.q5) end as s5,
                        case when key.number <= seen + 6 then inner_product(key.body, query.q6) end as s6,
                        case when key.number <= seen + 7 then inner_product(key.body, query.q7) end as s7,
                        case when key.number <= seen + 8 then inner_product(key.body, query.q8) end as s8
                    from (
                        select k.number, subvector(k.body, (h.head - 1) * per_head + 1, per_head) as body
                        from unnest(token_keys) with ordinality as k (body, number)
                        offset 0
                    ) as key
                ) as score
            ) as power
        ) as weight
        cross join lateral unnest(token_values[(h.head - 1) * per_head + 1 : h.head * per_head]) as v (tokens);
        outputs := outputs || (array[
            y1::halfvec, y2::halfvec, y3::halfvec, y4::halfvec,
            y5::halfvec, y6::halfvec, y7::halfvec, y8::halfvec])[:size];
    end loop;
    return outputs;
end;
$$;


--
-- Name: FUNCTION attend(heads integer, is_causal boolean, queries public.vector[], token_keys public.vector[], token_values public.vector[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.attend(heads integer, is_causal boolean, queries public.vector[], token_keys public.vector[], token_values public.vector[]) IS 'Attention output of the last tokens of a text over all of them.';


--
-- Name: base_type(oid); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.base_type(type oid) RETURNS oid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (WITH RECURSIVE base AS (SELECT t.oid, t.typbasetype FROM pg_type t WHERE (t.oid = base_type.type) UNION ALL SELECT t.oid, t.typbasetype FROM (base b_1 JOIN pg_type t ON ((t.oid = b_1.typbasetype)))) SELECT b.oid FROM base b WHERE (b.typbasetype = (0)::oid));


--
-- Name: FUNCTION base_type(type oid); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.base_type(type oid) IS 'The type on which a domain stands in the end; any other type itself.';


--
-- Name: begin_basis(integer, public.halfvec[], double precision, double precision, integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.begin_basis(of_model integer, directions public.halfvec[], left_out double precision, cone double precision, learned_from integer) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
declare
    new_basis integer;
begin
    execute format('lock table %s in share mode', clipsql_private.partition_name('image_embedding', of_model));
    update clipsql.model as m set is_default = m.is_default where m.model_id = of_model;
    insert into clipsql_private.code_basis (model_id, length, left_out, cone, learned_from)
    select m.model_id, coalesce(nullif(cardinality(directions), 0), m.dimensions), begin_basis.left_out, begin_basis.cone,
        begin_basis.learned_from
    from clipsql.model as m
    where m.model_id = of_model
    returning basis_id into new_basis;
    insert into clipsql_private.code_direction (basis_id, number, direction)
    select new_basis, d.number, d.direction
    from unnest(directions) with ordinality as d(direction, number);
    execute format(
        'create table clipsql_private.search_row_%1$s partition of clipsql_private.search_row
         (primary key (image_id, basis_id)) for values in (%1$s)
         with (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.02)', new_basis);
    execute format('alter table clipsql_private.search_row_%s alter code set storage plain', new_basis);
    perform clipsql_private.grant_as_whole(format('clipsql_private.search_row_%s', new_basis)::regclass);
    if clipsql_private.keeps_tenants_apart() then
        perform clipsql_private.keep_apart(format('clipsql_private.search_row_%s', new_basis)::regclass);
    end if;
    return new_basis;
end;
$_$;


--
-- Name: FUNCTION begin_basis(of_model integer, directions public.halfvec[], left_out double precision, cone double precision, learned_from integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.begin_basis(of_model integer, directions public.halfvec[], left_out double precision, cone double precision, learned_from integer) IS 'Makes a basis for the codes of a model and the partition of its search rows, which are still to be filled.';


--
-- Name: begin_watch(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.begin_watch() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET lock_timeout TO '1s'
    AS $$
declare
    wait_ms integer;
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        -- It would not see what those whom it waits for have written, and they do not see it.
        raise exception using errcode = 'feature_not_supported', message = format(
            'A watch begins or changes under "read committed" only, not under "%s"; do it in a transaction of its own.',
            current_setting('transaction_isolation'));
    end if;
    foreach wait_ms in array array[1000, 2000, 4000, 8000] loop
        perform set_config('lock_timeout', wait_ms || 'ms', true);
        begin
            perform pg_advisory_xact_lock(hashtextextended('watches of clipsql', 0));
            update clipsql.model as m set is_default = m.is_default;
            return null;
        exception when lock_not_available then
            perform pg_sleep(0.2);
        end;
    end loop;
    raise exception using errcode = 'lock_not_available', message =
        'A transaction that writes pictures does not end, and a watch begins only between such; try again when it has ended.';
end;
$$;


--
-- Name: FUNCTION begin_watch(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.begin_watch() IS 'Trigger: no picture is written between the beginning of a watch and the moment when others see it.';


--
-- Name: lower_letters(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.lower_letters(body text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
    select translate(
        replace(lower(body collate "C"), 'İ', 'i̇'),
        'ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽƁƂƄƆƇƉƊƋ'
        'ƎƏƐƑƓƔƖƗƘƜƝƟƠƢƤƦƧƩƬƮƯƱƲƳƵƷƸƼǄǅǇǈǊǋǍǏǑǓǕǗǙǛǞǠǢǤǦǨǪǬǮǱǲǴǶǷǸǺǼǾȀȂȄȆȈȊȌȎȐȒȔȖȘȚȜȞȠȢȤȦȨȪȬȮȰȲȺȻȽȾɁɃɄɅɆɈɊɌɎͰ'
        'ͲͶͿΆΈΉΊΌΎΏΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΪΫϏϘϚϜϞϠϢϤϦϨϪϬϮϴϷϹϺϽϾϿЀЁЂЃЄЅІЇЈЉЊЋЌЍЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫ'
        'ЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѶѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӁӃӅӇӉӋӍӐӒӔӖӘӚӜӞӠӢӤӦӨӪӬӮӰӲӴӶӸӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦ'
        'ԨԪԬԮԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖႠႡႢႣႤႥႦႧႨႩႪႫႬႭႮႯႰႱႲႳႴႵႶႷႸႹႺႻႼႽႾႿჀჁჂჃჄჅჇჍᎠᎡᎢᎣᎤᎥᎦᎧᎨᎩᎪᎫᎬᎭᎮᎯᎰᎱ'
        'ᎲᎳᎴᎵᎶᎷᎸᎹᎺᎻᎼᎽᎾᎿᏀᏁᏂᏃᏄᏅᏆᏇᏈᏉᏊᏋᏌᏍᏎᏏᏐᏑᏒᏓᏔᏕᏖᏗᏘᏙᏚᏛᏜᏝᏞᏟᏠᏡᏢᏣᏤᏥᏦᏧᏨᏩᏪᏫᏬᏭᏮᏯᏰᏱᏲᏳᏴᏵᲉᲐᲑᲒᲓᲔᲕᲖᲗᲘᲙᲚᲛᲜᲝᲞᲟᲠᲡᲢᲣᲤᲥᲦᲧᲨᲩᲪᲫᲬᲭᲮ'
        'ᲯᲰᲱᲲᲳᲴᲵᲶᲷᲸᲹᲺᲽᲾᲿḀḂḄḆḈḊḌḎḐḒḔḖḘḚḜḞḠḢḤḦḨḪḬḮḰḲḴḶḸḺḼḾṀṂṄṆṈṊṌṎṐṒṔṖṘṚṜṞṠṢṤṦṨṪṬṮṰṲṴṶṸṺṼṾẀẂẄẆẈẊẌẎẐẒẔẞẠẢẤẦẨẪẬẮẰ'
        'ẲẴẶẸẺẼẾỀỂỄỆỈỊỌỎỐỒỔỖỘỚỜỞỠỢỤỦỨỪỬỮỰỲỴỶỸỺỼỾἈἉἊἋἌἍἎἏἘἙἚἛἜἝἨἩἪἫἬἭἮἯἸἹἺἻἼἽἾἿὈὉὊὋὌὍὙὛὝὟὨὩὪὫὬὭὮὯᾈᾉᾊᾋᾌᾍᾎᾏᾘᾙᾚᾛᾜ'
        'ᾝᾞᾟᾨᾩᾪᾫᾬᾭᾮᾯᾸᾹᾺΆᾼῈΈῊΉῌῘῙῚΊῨῩῪΎῬῸΌῺΏῼΩKÅℲⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫⅬⅭⅮⅯↃⒶⒷⒸⒹⒺⒻⒼⒽⒾⒿⓀⓁⓂⓃⓄⓅⓆⓇⓈⓉⓊⓋⓌⓍⓎⓏⰀⰁⰂⰃⰄⰅⰆⰇⰈⰉⰊⰋⰌⰍⰎⰏⰐⰑ'
        'ⰒⰓⰔⰕⰖⰗⰘⰙⰚⰛⰜⰝⰞⰟⰠⰡⰢⰣⰤⰥⰦⰧⰨⰩⰪⰫⰬⰭⰮⰯⱠⱢⱣⱤⱧⱩⱫⱭⱮⱯⱰⱲⱵⱾⱿⲀⲂⲄⲆⲈⲊⲌⲎⲐⲒⲔⲖⲘⲚⲜⲞⲠⲢⲤⲦⲨⲪⲬⲮⲰⲲⲴⲶⲸⲺⲼⲾⳀⳂⳄⳆⳈⳊⳌⳎⳐⳒⳔⳖⳘⳚⳜⳞⳠⳢⳫⳭⳲꙀꙂ'
        'ꙄꙆꙈꙊꙌꙎꙐꙒꙔꙖꙘꙚꙜꙞꙠꙢꙤꙦꙨꙪꙬꚀꚂꚄꚆꚈꚊꚌꚎꚐꚒꚔꚖꚘꚚꜢꜤꜦꜨꜪꜬꜮꜲꜴꜶꜸꜺꜼꜾꝀꝂꝄꝆꝈꝊꝌꝎꝐꝒꝔꝖꝘꝚꝜꝞꝠꝢꝤꝦꝨꝪꝬꝮꝹꝻꝽꝾꞀꞂꞄꞆꞋꞍꞐꞒꞖꞘꞚꞜꞞꞠꞢꞤꞦꞨꞪꞫꞬꞭꞮ'
        'ꞰꞱꞲꞳꞴꞶꞸꞺꞼꞾꟀꟂꟄꟅꟆꟇꟉꟋꟌ꟎Ꟑ꟒꟔ꟖꟘꟚꟜꟵＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ𐐀𐐁𐐂𐐃𐐄𐐅𐐆𐐇𐐈𐐉𐐊𐐋𐐌𐐍𐐎𐐏𐐐𐐑𐐒𐐓𐐔𐐕𐐖𐐗𐐘𐐙𐐚𐐛𐐜𐐝𐐞𐐟𐐠𐐡𐐢𐐣𐐤𐐥𐐦𐐧𐒰𐒱𐒲𐒳𐒴𐒵'
        '𐒶𐒷𐒸𐒹𐒺𐒻𐒼𐒽𐒾𐒿𐓀𐓁𐓂𐓃𐓄𐓅𐓆𐓇𐓈𐓉𐓊𐓋𐓌𐓍𐓎𐓏𐓐𐓑𐓒𐓓𐕰𐕱𐕲𐕳𐕴𐕵𐕶𐕷𐕸𐕹𐕺𐕼𐕽𐕾𐕿𐖀𐖁𐖂𐖃𐖄𐖅𐖆𐖇𐖈𐖉𐖊𐖌𐖍𐖎𐖏𐖐𐖑𐖒𐖔𐖕𐲀𐲁𐲂𐲃𐲄𐲅𐲆𐲇𐲈𐲉𐲊𐲋𐲌𐲍𐲎𐲏𐲐𐲑𐲒𐲓𐲔𐲕𐲖𐲗𐲘𐲙𐲚𐲛𐲜𐲝𐲞𐲟𐲠𐲡𐲢'
        '𐲣𐲤𐲥𐲦𐲧𐲨𐲩𐲪𐲫𐲬𐲭𐲮𐲯𐲰𐲱𐲲𐵐𐵑𐵒𐵓𐵔𐵕𐵖𐵗𐵘𐵙𐵚𐵛𐵜𐵝𐵞𐵟𐵠𐵡𐵢𐵣𐵤𐵥𑢠𑢡𑢢𑢣𑢤𑢥𑢦𑢧𑢨𑢩𑢪𑢫𑢬𑢭𑢮𑢯𑢰𑢱𑢲𑢳𑢴𑢵𑢶𑢷𑢸𑢹𑢺𑢻𑢼𑢽𑢾𑢿𖹀𖹁𖹂𖹃𖹄𖹅𖹆𖹇𖹈𖹉𖹊𖹋𖹌𖹍𖹎𖹏𖹐𖹑𖹒𖹓𖹔𖹕𖹖𖹗𖹘𖹙𖹚𖹛𖹜𖹝'
        '𖹞𖹟𖺠𖺡𖺢𖺣𖺤𖺥𖺦𖺧𖺨𖺩𖺪𖺫𖺬𖺭𖺮𖺯𖺰𖺱𖺲𖺳𖺴𖺵𖺶𖺷𖺸𞤀𞤁𞤂𞤃𞤄𞤅𞤆𞤇𞤈𞤉𞤊𞤋𞤌𞤍𞤎𞤏𞤐𞤑𞤒𞤓𞤔𞤕𞤖𞤗𞤘𞤙𞤚𞤛𞤜𞤝𞤞𞤟𞤠𞤡',
        'àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷÿźżžɓƃƅɔƈɖɗƌ'
        'ǝəɛƒɠɣɩɨƙɯɲɵơƣƥʀƨʃƭʈưʊʋƴƶʒƹƽǆǆǉǉǌǌǎǐǒǔǖǘǚǜǟǡǣǥǧǩǫǭǯǳǳǵƕƿǹǻǽǿȁȃȅȇȉȋȍȏȑȓȕȗșțȝȟƞȣȥȧȩȫȭȯȱȳⱥȼƚⱦɂƀʉʌɇɉɋɍɏͱ'
        'ͳͷϳάέήίόύώαβγδεζηθικλμνξοπρστυφχψωϊϋϗϙϛϝϟϡϣϥϧϩϫϭϯθϸϲϻͻͼͽѐёђѓєѕіїјљњћќѝўџабвгдежзийклмнопрстуфхцчшщъы'
        'ьэюяѡѣѥѧѩѫѭѯѱѳѵѷѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӂӄӆӈӊӌӎӑӓӕӗәӛӝӟӡӣӥӧөӫӭӯӱӳӵӷӹӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧ'
        'ԩԫԭԯաբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆⴀⴁⴂⴃⴄⴅⴆⴇⴈⴉⴊⴋⴌⴍⴎⴏⴐⴑⴒⴓⴔⴕⴖⴗⴘⴙⴚⴛⴜⴝⴞⴟⴠⴡⴢⴣⴤⴥⴧⴭꭰꭱꭲꭳꭴꭵꭶꭷꭸꭹꭺꭻꭼꭽꭾꭿꮀꮁ'
        'ꮂꮃꮄꮅꮆꮇꮈꮉꮊꮋꮌꮍꮎꮏꮐꮑꮒꮓꮔꮕꮖꮗꮘꮙꮚꮛꮜꮝꮞꮟꮠꮡꮢꮣꮤꮥꮦꮧꮨꮩꮪꮫꮬꮭꮮꮯꮰꮱꮲꮳꮴꮵꮶꮷꮸꮹꮺꮻꮼꮽꮾꮿᏸᏹᏺᏻᏼᏽᲊაბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხ'
        'ჯჰჱჲჳჴჵჶჷჸჹჺჽჾჿḁḃḅḇḉḋḍḏḑḓḕḗḙḛḝḟḡḣḥḧḩḫḭḯḱḳḵḷḹḻḽḿṁṃṅṇṉṋṍṏṑṓṕṗṙṛṝṟṡṣṥṧṩṫṭṯṱṳṵṷṹṻṽṿẁẃẅẇẉẋẍẏẑẓẕßạảấầẩẫậắằ'
        'ẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹỻỽỿἀἁἂἃἄἅἆἇἐἑἒἓἔἕἠἡἢἣἤἥἦἧἰἱἲἳἴἵἶἷὀὁὂὃὄὅὑὓὕὗὠὡὢὣὤὥὦὧᾀᾁᾂᾃᾄᾅᾆᾇᾐᾑᾒᾓᾔ'
        'ᾕᾖᾗᾠᾡᾢᾣᾤᾥᾦᾧᾰᾱὰάᾳὲέὴήῃῐῑὶίῠῡὺύῥὸόὼώῳωkåⅎⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅺⅻⅼⅽⅾⅿↄⓐⓑⓒⓓⓔⓕⓖⓗⓘⓙⓚⓛⓜⓝⓞⓟⓠⓡⓢⓣⓤⓥⓦⓧⓨⓩⰰⰱⰲⰳⰴⰵⰶⰷⰸⰹⰺⰻⰼⰽⰾⰿⱀⱁ'
        'ⱂⱃⱄⱅⱆⱇⱈⱉⱊⱋⱌⱍⱎⱏⱐⱑⱒⱓⱔⱕⱖⱗⱘⱙⱚⱛⱜⱝⱞⱟⱡɫᵽɽⱨⱪⱬɑɱɐɒⱳⱶȿɀⲁⲃⲅⲇⲉⲋⲍⲏⲑⲓⲕⲗⲙⲛⲝⲟⲡⲣⲥⲧⲩⲫⲭⲯⲱⲳⲵⲷⲹⲻⲽⲿⳁⳃⳅⳇⳉⳋⳍⳏⳑⳓⳕⳗⳙⳛⳝⳟⳡⳣⳬⳮⳳꙁꙃ'
        'ꙅꙇꙉꙋꙍꙏꙑꙓꙕꙗꙙꙛꙝꙟꙡꙣꙥꙧꙩꙫꙭꚁꚃꚅꚇꚉꚋꚍꚏꚑꚓꚕꚗꚙꚛꜣꜥꜧꜩꜫꜭꜯꜳꜵꜷꜹꜻꜽꜿꝁꝃꝅꝇꝉꝋꝍꝏꝑꝓꝕꝗꝙꝛꝝꝟꝡꝣꝥꝧꝩꝫꝭꝯꝺꝼᵹꝿꞁꞃꞅꞇꞌɥꞑꞓꞗꞙꞛꞝꞟꞡꞣꞥꞧꞩɦɜɡɬɪ'
        'ʞʇʝꭓꞵꞷꞹꞻꞽꞿꟁꟃꞔʂᶎꟈꟊɤꟍ꟏ꟑꟓꟕꟗꟙꟛƛꟶａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ𐐨𐐩𐐪𐐫𐐬𐐭𐐮𐐯𐐰𐐱𐐲𐐳𐐴𐐵𐐶𐐷𐐸𐐹𐐺𐐻𐐼𐐽𐐾𐐿𐑀𐑁𐑂𐑃𐑄𐑅𐑆𐑇𐑈𐑉𐑊𐑋𐑌𐑍𐑎𐑏𐓘𐓙𐓚𐓛𐓜𐓝'
        '𐓞𐓟𐓠𐓡𐓢𐓣𐓤𐓥𐓦𐓧𐓨𐓩𐓪𐓫𐓬𐓭𐓮𐓯𐓰𐓱𐓲𐓳𐓴𐓵𐓶𐓷𐓸𐓹𐓺𐓻𐖗𐖘𐖙𐖚𐖛𐖜𐖝𐖞𐖟𐖠𐖡𐖣𐖤𐖥𐖦𐖧𐖨𐖩𐖪𐖫𐖬𐖭𐖮𐖯𐖰𐖱𐖳𐖴𐖵𐖶𐖷𐖸𐖹𐖻𐖼𐳀𐳁𐳂𐳃𐳄𐳅𐳆𐳇𐳈𐳉𐳊𐳋𐳌𐳍𐳎𐳏𐳐𐳑𐳒𐳓𐳔𐳕𐳖𐳗𐳘𐳙𐳚𐳛𐳜𐳝𐳞𐳟𐳠𐳡𐳢'
        '𐳣𐳤𐳥𐳦𐳧𐳨𐳩𐳪𐳫𐳬𐳭𐳮𐳯𐳰𐳱𐳲𐵰𐵱𐵲𐵳𐵴𐵵𐵶𐵷𐵸𐵹𐵺𐵻𐵼𐵽𐵾𐵿𐶀𐶁𐶂𐶃𐶄𐶅𑣀𑣁𑣂𑣃𑣄𑣅𑣆𑣇𑣈𑣉𑣊𑣋𑣌𑣍𑣎𑣏𑣐𑣑𑣒𑣓𑣔𑣕𑣖𑣗𑣘𑣙𑣚𑣛𑣜𑣝𑣞𑣟𖹠𖹡𖹢𖹣𖹤𖹥𖹦𖹧𖹨𖹩𖹪𖹫𖹬𖹭𖹮𖹯𖹰𖹱𖹲𖹳𖹴𖹵𖹶𖹷𖹸𖹹𖹺𖹻𖹼𖹽'
        '𖹾𖹿𖺻𖺼𖺽𖺾𖺿𖻀𖻁𖻂𖻃𖻄𖻅𖻆𖻇𖻈𖻉𖻊𖻋𖻌𖻍𖻎𖻏𖻐𖻑𖻒𖻓𞤢𞤣𞤤𞤥𞤦𞤧𞤨𞤩𞤪𞤫𞤬𞤭𞤮𞤯𞤰𞤱𞤲𞤳𞤴𞤵𞤶𞤷𞤸𞤹𞤺𞤻𞤼𞤽𞤾𞤿𞥀𞥁𞥂𞥃')
$$;


--
-- Name: FUNCTION lower_letters(body text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.lower_letters(body text) IS 'The text in lower case, the same under every collation.';


--
-- Name: bert_text(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.bert_text(body text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN clipsql_private.lower_letters(regexp_replace(NORMALIZE(translate(regexp_replace((body COLLATE "C"), '[\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ue000-\uf8ff\ufeff\ufff9-\ufffb\ufffd\U000110bd\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f\U000f0000-\U000ffffd\U00100000-\U0010fffd]'::text, ''::text, 'g'::text), '	

                 　'::text, '                     '::text), NFD), '[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u07a6-\u07b0\u07eb-\u07f3\u0816-\u0819\u081b-\u0823\u0825-\u0827\u0829-\u082d\u0859-\u085b\u08e3-\u0902\u093a\u093c\u0941-\u0948\u094d\u0951-\u0957\u0962\u0963\u0981\u09bc\u09c1-\u09c4\u09cd\u09e2\u09e3\u0a01\u0a02\u0a3c\u0a41\u0a42\u0a47\u0a48\u0a4b-\u0a4d\u0a51\u0a70\u0a71\u0a75\u0a81\u0a82\u0abc\u0ac1-\u0ac5\u0ac7\u0ac8\u0acd\u0ae2\u0ae3\u0b01\u0b3c\u0b3f\u0b41-\u0b44\u0b4d\u0b56\u0b62\u0b63\u0b82\u0bc0\u0bcd\u0c00\u0c3e-\u0c40\u0c46-\u0c48\u0c4a-\u0c4d\u0c55\u0c56\u0c62\u0c63\u0c81\u0cbc\u0cbf\u0cc6\u0ccc\u0ccd\u0ce2\u0ce3\u0d01\u0d41-\u0d44\u0d4d\u0d62\u0d63\u0dca\u0dd2-\u0dd4\u0dd6\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0eb9\u0ebb\u0ebc\u0ec8-\u0ecd\u0f18\u0f19\u0f35\u0f37\u0f39\u0f71-\u0f7e\u0f80-\u0f84\u0f86\u0f87\u0f8d-\u0f97\u0f99-\u0fbc\u0fc6\u102d-\u1030\u1032-\u1037\u1039\u103a\u103d\u103e\u1058\u1059\u105e-\u1060\u1071-\u1074\u1082\u1085\u1086\u108d\u109d\u135d-\u135f\u1712-\u1714\u1732-\u1734\u1752\u1753\u1772\u1773\u17b4\u17b5\u17b7-\u17bd\u17c6\u17c9-\u17d3\u17dd\u180b-\u180d\u18a9\u1920-\u1922\u1927\u1928\u1932\u1939-\u193b\u1a17\u1a18\u1a1b\u1a56\u1a58-\u1a5e\u1a60\u1a62\u1a65-\u1a6c\u1a73-\u1a7c\u1a7f\u1ab0-\u1abd\u1b00-\u1b03\u1b34\u1b36-\u1b3a\u1b3c\u1b42\u1b6b-\u1b73\u1b80\u1b81\u1ba2-\u1ba5\u1ba8\u1ba9\u1bab-\u1bad\u1be6\u1be8\u1be9\u1bed\u1bef-\u1bf1\u1c2c-\u1c33\u1c36\u1c37\u1cd0-\u1cd2\u1cd4-\u1ce0\u1ce2-\u1ce8\u1ced\u1cf4\u1cf8\u1cf9\u1dc0-\u1df5\u1dfc-\u1dff\u20d0-\u20dc\u20e1\u20e5-\u20f0\u2cef-\u2cf1\u2d7f\u2de0-\u2dff\u302a-\u302d\u3099\u309a\ua66f\ua674-\ua67d\ua69e\ua69f\ua6f0\ua6f1\ua802\ua806\ua80b\ua825\ua826\ua8c4\ua8e0-\ua8f1\ua926-\ua92d\ua947-\ua951\ua980-\ua982\ua9b3\ua9b6-\ua9b9\ua9bc\ua9e5\uaa29-\uaa2e\uaa31\uaa32\uaa35\uaa36\uaa43\uaa4c\uaa7c\uaab0\uaab2-\uaab4\uaab7\uaab8\uaabe\uaabf\uaac1\uaaec\uaaed\uaaf6\uabe5\uabe8\uabed\ufb1e\ufe00-\ufe0f\ufe20-\ufe2f\U000101fd\U000102e0\U00010376-\U0001037a\U00010a01-\U00010a03\U00010a05\U00010a06\U00010a0c-\U00010a0f\U00010a38-\U00010a3a\U00010a3f\U00010ae5\U00010ae6\U00011001\U00011038-\U00011046\U0001107f-\U00011081\U000110b3-\U000110b6\U000110b9\U000110ba\U00011100-\U00011102\U00011127-\U0001112b\U0001112d-\U00011134\U00011173\U00011180\U00011181\U000111b6-\U000111be\U000111ca-\U000111cc\U0001122f-\U00011231\U00011234\U00011236\U00011237\U000112df\U000112e3-\U000112ea\U00011300\U00011301\U0001133c\U00011340\U00011366-\U0001136c\U00011370-\U00011374\U000114b3-\U000114b8\U000114ba\U000114bf\U000114c0\U000114c2\U000114c3\U000115b2-\U000115b5\U000115bc\U000115bd\U000115bf\U000115c0\U000115dc\U000115dd\U00011633-\U0001163a\U0001163d\U0001163f\U00011640\U000116ab\U000116ad\U000116b0-\U000116b5\U000116b7\U0001171d-\U0001171f\U00011722-\U00011725\U00011727-\U0001172b\U00016af0-\U00016af4\U00016b30-\U00016b36\U00016f8f-\U00016f92\U0001bc9d\U0001bc9e\U0001d167-\U0001d169\U0001d17b-\U0001d182\U0001d185-\U0001d18b\U0001d1aa-\U0001d1ad\U0001d242-\U0001d244\U0001da00-\U0001da36\U0001da3b-\U0001da6c\U0001da75\U0001da84\U0001da9b-\U0001da9f\U0001daa1-\U0001daaf\U0001e8d0-\U0001e8d6\U000e0100-\U000e01ef]'::text, ''::text, 'g'::text));


--
-- Name: FUNCTION bert_text(body text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.bert_text(body text) IS 'A text without control characters and accents, in lower case, the same under every collation.';


--
-- Name: bert_words(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.bert_words(body text) RETURNS TABLE(number bigint, word text)
    LANGUAGE sql IMMUTABLE ROWS 10 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT p.number,
     p.word
    FROM string_to_table(regexp_replace((bert_words.body COLLATE "C"), '([\u0021-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u007e\u00a1\u00a7\u00ab\u00b6\u00b7\u00bb\u00bf\u037e\u0387\u055a-\u055f\u0589\u058a\u05be\u05c0\u05c3\u05c6\u05f3\u05f4\u0609\u060a\u060c\u060d\u061b\u061e\u061f\u066a-\u066d\u06d4\u0700-\u070d\u07f7-\u07f9\u0830-\u083e\u085e\u0964\u0965\u0970\u0af0\u0df4\u0e4f\u0e5a\u0e5b\u0f04-\u0f12\u0f14\u0f3a-\u0f3d\u0f85\u0fd0-\u0fd4\u0fd9\u0fda\u104a-\u104f\u10fb\u1360-\u1368\u1400\u166d\u166e\u169b\u169c\u16eb-\u16ed\u1735\u1736\u17d4-\u17d6\u17d8-\u17da\u1800-\u180a\u1944\u1945\u1a1e\u1a1f\u1aa0-\u1aa6\u1aa8-\u1aad\u1b5a-\u1b60\u1bfc-\u1bff\u1c3b-\u1c3f\u1c7e\u1c7f\u1cc0-\u1cc7\u1cd3\u2010-\u2027\u2030-\u2043\u2045-\u2051\u2053-\u205e\u207d\u207e\u208d\u208e\u2308-\u230b\u2329\u232a\u2768-\u2775\u27c5\u27c6\u27e6-\u27ef\u2983-\u2998\u29d8-\u29db\u29fc\u29fd\u2cf9-\u2cfc\u2cfe\u2cff\u2d70\u2e00-\u2e2e\u2e30-\u2e42\u3001-\u3003\u3008-\u3011\u3014-\u301f\u3030\u303d\u30a0\u30fb\u3400-\u4dbf\u4e00-\u9fff\ua4fe\ua4ff\ua60d-\ua60f\ua673\ua67e\ua6f2-\ua6f7\ua874-\ua877\ua8ce\ua8cf\ua8f8-\ua8fa\ua8fc\ua92e\ua92f\ua95f\ua9c1-\ua9cd\ua9de\ua9df\uaa5c-\uaa5f\uaade\uaadf\uaaf0\uaaf1\uabeb\uf900-\ufaff\ufd3e\ufd3f\ufe10-\ufe19\ufe30-\ufe52\ufe54-\ufe61\ufe63\ufe68\ufe6a\ufe6b\uff01-\uff03\uff05-\uff0a\uff0c-\uff0f\uff1a\uff1b\uff1f\uff20\uff3b-\uff3d\uff3f\uff5b\uff5d\uff5f-\uff65\U00010100-\U00010102\U0001039f\U000103d0\U0001056f\U00010857\U0001091f\U0001093f\U00010a50-\U00010a58\U00010a7f\U00010af0-\U00010af6\U00010b39-\U00010b3f\U00010b99-\U00010b9c\U00011047-\U0001104d\U000110bb\U000110bc\U000110be-\U000110c1\U00011140-\U00011143\U00011174\U00011175\U000111c5-\U000111c9\U000111cd\U000111db\U000111dd-\U000111df\U00011238-\U0001123d\U000112a9\U000114c6\U000115c1-\U000115d7\U00011641-\U00011643\U0001173c-\U0001173e\U00012470-\U00012474\U00016a6e\U00016a6f\U00016af5\U00016b37-\U00016b3b\U00016b44\U0001bc9f\U0001da87-\U0001da8b\U00020000-\U0002a6df\U0002a700-\U0002b81f\U0002b920-\U0002ceaf\U0002f800-\U0002fa1f])'::text, ' \1 '::text, 'g'::text), ' '::text) WITH ORDINALITY p(word, number)
   WHERE (p.word <> ''::text);
END;


--
-- Name: FUNCTION bert_words(body text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.bert_words(body text) IS 'Pieces of a normalised text that WordPiece encodes one by one.';


--
-- Name: caller(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.caller() RETURNS name
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN (current_setting('role'::text) = 'none'::text) THEN SESSION_USER ELSE (current_setting('role'::text))::name END;


--
-- Name: FUNCTION caller(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.caller() IS 'The role that asks, also within functions that run as their owner.';


--
-- Name: visible_images(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.visible_images() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET standard_conforming_strings TO 'on'
    SET extra_float_digits TO '3'
    SET "DateStyle" TO 'ISO'
    SET "IntervalStyle" TO 'postgres'
    AS $$
declare
    caller constant name := clipsql_private.caller();
    conditions text;
    unreadable name;
begin
    if not clipsql_private.asks_as_tenant() then
        return 'clipsql.image';
    end if;
    select
        concat_ws(' and ',
            '(' || coalesce(string_agg(p.condition, ' or ' order by p.polname) filter (where p.polpermissive), 'false') || ')',
            string_agg(p.condition, ' and ' order by p.polname) filter (where not p.polpermissive)),
        min(p.polname) filter (where not p.is_plain)
    into conditions, unreadable
    from (
        select o.polname, o.polpermissive, clipsql_private.is_plain_condition(o.polqual) as is_plain,
            '(' || clipsql_private.condition_for(pg_get_expr(o.polqual, o.polrelid), caller) || ')' as condition
        from clipsql_private.read_policies() as o
    ) as p;
    if unreadable is not null then
        raise exception using errcode = 'CQ007', message = format(
            'Policy %s on clipsql.image is new and needs PostgreSQL''s own way; let the owner run: select clipsql.enable_tenants().',
            unreadable);
    end if;
    return format('(select t.ctid, t.* from clipsql.image as t where %s)', conditions);
end;
$$;


--
-- Name: FUNCTION visible_images(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.visible_images() IS 'The pictures that the caller may see, as SQL for FROM.';


--
-- Name: candidates(text, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.candidates(conditions text, chosen clipsql.model) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN format('from clipsql.image_embedding as e %s where e.model_id = %s %s'::text, CASE WHEN (conditions <> ''::text) THEN (('join '::text || clipsql_private.visible_images()) || ' as i on i.image_id = e.image_id'::text) ELSE NULL::text END, (chosen).model_id, ('and '::text || NULLIF(conditions, ''::text)));


--
-- Name: FUNCTION candidates(conditions text, chosen clipsql.model); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.candidates(conditions text, chosen clipsql.model) IS 'FROM and WHERE over the embeddings (e) under a model whose pictures (i) meet the conditions; $1 is the filter.';


--
-- Name: caption_words(text, text, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.caption_words(body text, language_code text, source text DEFAULT NULL::text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (to_tsvector(clipsql_private.caption_configuration(language_code), clipsql_private.spaced_han(body)) || (CASE WHEN (source IS NULL) THEN ''::text ELSE '''source:model'''::text END)::tsvector);


--
-- Name: FUNCTION caption_words(body text, language_code text, source text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.caption_words(body text, language_code text, source text) IS 'Words of a caption for full-text search, in the caption''s own language.';


--
-- Name: carry_tokens(integer, integer, text, double precision, public.vector[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.carry_tokens(of_model integer, of_layer integer, of_part text, norm_tail double precision, residuals public.vector[]) RETURNS public.vector[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    matrix clipsql_private.text_matrix;
    tail constant vector := array[norm_tail]::vector;
    width constant integer := vector_dims(residuals[1]);
begin
    select m.* into matrix
    from clipsql_private.text_matrix as m
    where m.model_id = of_model and m.layer = of_layer and m.part = of_part;
    if not found then
        return residuals;
    end if;
    return array(
        select n.body * matrix.scales + matrix.biases
            + array_fill((n.body <#> matrix.scales) / width, array[width])::vector
        from unnest(residuals) as r (body),
            lateral (select subvector(l2_normalize(r.body || tail), 1, width) as body offset 0) as n);
end;
$$;


--
-- Name: FUNCTION carry_tokens(of_model integer, of_layer integer, of_part text, norm_tail double precision, residuals public.vector[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.carry_tokens(of_model integer, of_layer integer, of_part text, norm_tail double precision, residuals public.vector[]) IS 'What a block of a layer adds its output to, for every token.';


--
-- Name: check_bases(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.check_bases() RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    if current_setting('transaction_isolation') in ('read committed', 'read uncommitted') then
        return false;
    end if;
    perform from clipsql.model as m for share;
    return true;
end;
$$;


--
-- Name: FUNCTION check_bases(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.check_bases() IS 'Whether a transaction reads as of its beginning; an error where search rows were made since.';


--
-- Name: check_limits(integer, double precision, double precision, double precision); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.check_limits(max_results integer, min_similarity double precision, min_percentile double precision DEFAULT NULL::double precision, distinct_above double precision DEFAULT NULL::double precision) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
begin
    if max_results between 1 and clipsql_private.most('max_results')
            and (min_similarity between -1 and 1) is not false
            and (min_percentile between 0 and 100) is not false
            and (distinct_above between 0 and 1) is not false then
        return;
    end if;
    perform clipsql_private.check_most('max_results', max_results, 'results');
    if max_results is null or max_results < 1 then
        raise exception using errcode = 'CQ004',
            message = format('max_results must be 1 or more, not %s.', coalesce(max_results::text, 'null'));
    elsif min_similarity not between -1 and 1 then
        raise exception using errcode = 'CQ004',
            message = format('min_similarity is a cosine and must lie between -1 and 1, not %s.', min_similarity);
    elsif min_percentile not between 0 and 100 then
        raise exception using errcode = 'CQ004',
            message = format('min_percentile must lie between 0 and 100, not %s.', min_percentile);
    elsif distinct_above not between 0 and 1 then
        raise exception using errcode = 'CQ004', message = format(
            'distinct_above is a cosine and must lie between 0 and 1, not %s; 0.97 folds near-identical pictures.', distinct_above);
    end if;
end;
$$;


--
-- Name: FUNCTION check_limits(max_results integer, min_similarity double precision, min_percentile double precision, distinct_above double precision); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.check_limits(max_results integer, min_similarity double precision, min_percentile double precision, distinct_above double precision) IS 'Raises CQ004 when a limit of a search is out of its range.';


--
-- Name: check_most(text, bigint, text, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.check_most(argument text, size bigint, unit text, code text DEFAULT 'CQ004'::text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
begin
    if size > clipsql_private.most(argument) then
        raise exception using errcode = code,
            message = argument || ' takes at most ' || clipsql_private.most(argument) || ' ' || unit || ', not ' || size || '.';
    end if;
end;
$$;


--
-- Name: FUNCTION check_most(argument text, size bigint, unit text, code text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.check_most(argument text, size bigint, unit text, code text) IS 'Raises CQ004, or the given code, when an argument holds more than it may.';


--
-- Name: check_path(jsonpath); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.check_path(path jsonpath) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $_$
begin
    if jsonb_typeof(jsonb_path_query_first('{}', path, '{}', true)) in ('boolean', 'null') is not true then
        raise exception using errcode = 'CQ004', message =
            'metadata_matches must be true or false of a picture, as in $.price < 50 && $.brand == "x", not '
            || path::text || '.';
    -- Texts apart, a quote follows a dollar in a variable only.
    elsif strpos(regexp_replace(path::text, $re$"(\\.|[^"\\])*"$re$, '""', 'g'), '$""') > 0 then
        raise exception using errcode = 'CQ004', message =
            'metadata_matches takes no variables; write their values into ' || path::text || '.';
    end if;
end;
$_$;


--
-- Name: FUNCTION check_path(path jsonpath); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.check_path(path jsonpath) IS 'Raises CQ004 for a JSON path that is no predicate or has variables.';


--
-- Name: check_picture(text, text, jsonb, timestamp with time zone, double precision, double precision); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.check_picture(collection text, url text, metadata jsonb, taken_at timestamp with time zone, longitude double precision, latitude double precision) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
begin
    perform clipsql_private.check_most('in_collection', length(collection), 'characters');
    if coalesce(collection, '') !~ '[^[:space:]]' then
        raise exception using errcode = 'CQ004', message = 'The collection is empty; give it a name.';
    elsif coalesce(url, '') !~ '[^[:space:]]' then
        raise exception using errcode = 'CQ004', message = 'The url is empty; a picture is known by its collection and url.';
    elsif jsonb_typeof(metadata) <> 'object' then
        raise exception using errcode = 'CQ004', message = format(
            'metadata must be a JSON object, not %s; write it as in: {"brand": "x"}.', jsonb_typeof(metadata));
    elsif extract(year from taken_at at time zone 'UTC') not between 1 and 9999 or not isfinite(taken_at) then
        raise exception using errcode = 'CQ004', message = format('taken_at (%s) lies outside of the years 1 to 9999.', taken_at);
    elsif (longitude is null) <> (latitude is null) then
        raise exception using errcode = 'CQ004', message = 'longitude and latitude come together; one of them is null.';
    elsif longitude not between -180 and 180 or latitude not between -90 and 90 then
        raise exception using errcode = 'CQ004', message = format(
            'longitude %s, latitude %s is no place; degrees lie between -180 and 180, -90 and 90.', longitude, latitude);
    end if;
end;
$$;


--
-- Name: FUNCTION check_picture(collection text, url text, metadata jsonb, taken_at timestamp with time zone, longitude double precision, latitude double precision); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.check_picture(collection text, url text, metadata jsonb, taken_at timestamp with time zone, longitude double precision, latitude double precision) IS 'Raises CQ004 for what no picture can be.';


--
-- Name: check_query(public.vector, clipsql.model, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.check_query(query public.vector, chosen clipsql.model, called text DEFAULT 'query vector'::text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    if query is null then
        raise exception using errcode = 'CQ003', message = format('The %s is null.', called);
    elsif vector_dims(query) <> chosen.dimensions then
        raise exception using errcode = 'CQ003', message = format(
            'The %s has %s dimensions, but model %s has %s; make it with that model.',
            called, vector_dims(query), chosen.name, chosen.dimensions);
    elsif vector_norm(query) = 0 then
        raise exception using errcode = 'CQ003', message = format('The %s is zero and points nowhere.', called);
    end if;
end;
$$;


--
-- Name: FUNCTION check_query(query public.vector, chosen clipsql.model, called text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.check_query(query public.vector, chosen clipsql.model, called text) IS 'Raises CQ003 when a vector does not fit a model.';


--
-- Name: check_rights_to_attach(regclass); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.check_rights_to_attach(source regclass) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
declare
    lacking text := (
        select string_agg(format('the rights of %s, who owns %s', pg_get_userbyid(o.owner), o.thing), ' and ')
        from (
            select c.relowner, 'clipsql''s tables' from pg_catalog.pg_class as c where c.oid = 'clipsql_private.link'::regclass
            union all
            select c.relowner, source::text from pg_catalog.pg_class as c where c.oid = source
        ) as o(owner, thing)
        where not pg_has_role(o.owner, 'usage'));
begin
    if lacking is not null then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'To attach or detach %s, %s lacks %s; let a member of both run this.', source, quote_ident(current_user), lacking);
    end if;
end;
$$;


--
-- Name: FUNCTION check_rights_to_attach(source regclass); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.check_rights_to_attach(source regclass) IS 'Raises an error that names what the caller lacks to attach a table.';


--
-- Name: check_terms(public.vector[], double precision[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.check_terms(vectors public.vector[], weights double precision[]) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    perform clipsql_private.check_most('vectors', cardinality(vectors), 'vectors');
    if coalesce(cardinality(vectors), 0) = 0 then
        raise exception using errcode = 'CQ004', message = 'vectors must hold at least one vector.';
    elsif array_ndims(vectors) > 1 or array_ndims(weights) > 1 then
        raise exception using errcode = 'CQ004', message = 'vectors and weights must be one-dimensional arrays.';
    elsif cardinality(weights) <> cardinality(vectors) then
        raise exception using errcode = 'CQ004', message =
            'There are ' || cardinality(vectors) || ' vectors but ' || cardinality(weights) || ' weights; give one weight for each vector.';
    elsif array_position(vectors, null) is not null or array_position(weights, null) is not null then
        raise exception using errcode = 'CQ004', message = 'vectors and weights must hold no null.';
    end if;
    perform clipsql_private.check_weight(w.weight) from unnest(weights) as w(weight);
end;
$$;


--
-- Name: FUNCTION check_terms(vectors public.vector[], weights double precision[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.check_terms(vectors public.vector[], weights double precision[]) IS 'Raises CQ004 when vectors and weights do not make one query.';


--
-- Name: check_text(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.check_text(query text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
begin
    perform clipsql_private.check_most('query', length(query), 'characters', 'CQ006');
    if coalesce(clipsql_private.normalize_text(query), '') in ('', ' ') then
        raise exception using errcode = 'CQ006', message = 'The text is empty; give at least one word.';
    end if;
end;
$$;


--
-- Name: FUNCTION check_text(query text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.check_text(query text) IS 'Raises CQ006 for a text that is null, empty, blank or too long.';


--
-- Name: check_watch(text, integer, bigint[], double precision, double precision, double precision, interval, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.check_watch(name text, subjects integer, images bigint[], alarms_per_day double precision, min_percentile double precision, min_similarity double precision, once_per interval, once_per_key text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
declare
    reason text;
begin
    perform
        clipsql_private.check_most('watch', length(name), 'characters'),
        clipsql_private.check_most('terms', cardinality(images), 'images of one object'),
        clipsql_private.check_limits(max_results => 1, min_similarity => min_similarity, min_percentile => min_percentile);
    reason := case
        when coalesce(name, '') !~ '[^[:space:]]' then 'The name of the watch is empty; give it one.'
        when subjects <> 1 then format(
            'A watch is for one of query, image, images and query_vector, not for %s of them; only query and query_vector go together.',
            subjects)
        when cardinality(images) = 0 or array_ndims(images) > 1 or array_position(images, null) is not null then
            'images must be a list of image ids without null.'
        when num_nonnulls(alarms_per_day, min_percentile, min_similarity) <> 1 then format(
            'A watch takes one of alarms_per_day, min_percentile and min_similarity, not %s of them.',
            num_nonnulls(alarms_per_day, min_percentile, min_similarity))
        when not (alarms_per_day > 0 and alarms_per_day < 'infinity') then format(
            'alarms_per_day must be a number above 0, not %s.', alarms_per_day)
        when once_per_key is not null and once_per is null then
            'once_per_key says of what there is one alarm; say how often with once_per.'
        when once_per_key !~ '[^[:space:]]' then 'once_per_key is empty; name a key of the metadata.'
        when extract(year from once_per) <> 0 or extract(month from once_per) <> 0 then format(
            'once_per must be of days or shorter, as months differ, not %s.', once_per)
        when not once_per between interval '1 second' and interval '3660 days' then format(
            'once_per must lie between one second and ten years, not %s.', once_per)
    end;
    if reason is not null then
        raise exception using errcode = 'CQ004', message = reason;
    end if;
end;
$$;


--
-- Name: FUNCTION check_watch(name text, subjects integer, images bigint[], alarms_per_day double precision, min_percentile double precision, min_similarity double precision, once_per interval, once_per_key text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.check_watch(name text, subjects integer, images bigint[], alarms_per_day double precision, min_percentile double precision, min_similarity double precision, once_per interval, once_per_key text) IS 'Raises CQ004 for what no watch can be.';


--
-- Name: check_weight(double precision); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.check_weight(weight double precision) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
begin
    if weight <> 0 and abs(weight) not between 1e-20 and 1e20 then
        raise exception using errcode = 'CQ004',
            message = 'A query takes weights of 0 or of a size between 1e-20 and 1e20, not ' || weight || '.';
    end if;
end;
$$;


--
-- Name: FUNCTION check_weight(weight double precision); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.check_weight(weight double precision) IS 'Raises CQ004 for a weight that is no number, or too large or small to add up.';


--
-- Name: check_whole_table(regclass); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.check_whole_table(source regclass) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $_$
begin
    if not has_table_privilege(source, 'select') or not has_schema_privilege(
            (select c.relnamespace from pg_catalog.pg_class as c where c.oid = source), 'usage') then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'Workers that connect as %s may not read %s; run: grant usage on schema %s to %1$s; grant select on %2$s to %1$s.',
            quote_ident(current_user), source,
            (select c.relnamespace::regnamespace from pg_catalog.pg_class as c where c.oid = source));
    elsif row_security_active(source) then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'Row-level security hides rows of %s from %s, and a worker has to see them all; let it connect as the owner or as a role with bypassrls.',
            source, quote_ident(current_user));
    end if;
end;
$_$;


--
-- Name: FUNCTION check_whole_table(source regclass); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.check_whole_table(source regclass) IS 'Raises an error for a table of which this role does not see every row.';


--
-- Name: choose_columns(integer, regclass, text, text[], text[], text, text, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.choose_columns(attachment integer, source regclass, url_column text, caption_columns text[], metadata_columns text[], taken_at_column text, longitude_column text, latitude_column text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET quote_all_identifiers TO 'off'
    AS $$
#variable_conflict use_column
declare
    reason text;
begin
    perform
        clipsql_private.check_most('caption_columns', cardinality(caption_columns), 'columns'),
        clipsql_private.check_most('metadata_columns', cardinality(metadata_columns), 'columns');
    if (longitude_column is null) <> (latitude_column is null) then
        raise exception using errcode = 'CQ004', message =
            'longitude_column and latitude_column come together; one of them is null.';
    end if;
    delete from clipsql_private.attached_column as c where c.attachment_id = attachment and c.role <> 'key';
    insert into clipsql_private.attached_column (attachment_id, role, position, name, number, type, key_name)
    select attachment, g.role, g.position, g.name, coalesce(a.attnum, 0), coalesce(format_type(a.atttypid, a.atttypmod), ''), null
    from (
        select 'url', 1, coalesce(url_column, '')
        union all
        select 'caption', u.position, coalesce(u.name, '') from unnest(caption_columns) with ordinality as u(name, position)
        union all
        select 'metadata', min(u.position), coalesce(u.name, '') from unnest(metadata_columns) with ordinality as u(name, position)
        group by u.name
        union all
        select o.role, 1, o.name
        from (values ('taken_at', taken_at_column), ('longitude', longitude_column), ('latitude', latitude_column)) as o(role, name)
        where o.name is not null
    ) as g(role, position, name)
    left join pg_catalog.pg_attribute as a
        on a.attrelid = source and a.attname = g.name and a.attnum > 0 and not a.attisdropped;

    reason := (
        select case
            when c.number = 0 then format(
                '%s has no column %L for %s; it has: %s.', source, left(c.name, 100), c.role, (
                    select string_agg(a.attname, ', ' order by a.attnum) from pg_catalog.pg_attribute as a
                    where a.attrelid = source and a.attnum > 0 and not a.attisdropped))
            when c.role in ('url', 'caption') then format(
                'Column %s of %s is of type %s; one for %s holds text.', c.name, source, c.type, c.role)
            when c.role = 'taken_at' then format(
                'Column %s of %s is of type %s; one for taken_at is a timestamp or a date.', c.name, source, c.type)
            else format('Column %s of %s is of type %s; one for %s holds degrees as numbers.', c.name, source, c.type, c.role)
        end
        from clipsql_private.attached_column as c
        left join pg_catalog.pg_attribute as a on a.attrelid = source and a.attnum = c.number
        left join pg_catalog.pg_type as t on t.oid = clipsql_private.base_type(a.atttypid)
        left join pg_catalog.pg_type as e on e.oid = case when c.role = 'caption' then clipsql_private.base_type(t.typelem) else 0 end
        where c.attachment_id = attachment and c.role <> 'metadata' and (
            c.number = 0
            or c.role in ('url', 'caption') and t.typcategory not in ('S', 'E') and coalesce(e.typcategory, '') not in ('S', 'E')
            or c.role = 'taken_at' and t.oid not in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
            or c.role in ('longitude', 'latitude') and t.typcategory <> 'N')
            or c.attachment_id = attachment and c.number = 0
        order by c.role, c.position
        limit 1);
    if reason is not null then
        raise exception using errcode = 'CQ004', message = reason;
    end if;
end;
$$;


--
-- Name: FUNCTION choose_columns(attachment integer, source regclass, url_column text, caption_columns text[], metadata_columns text[], taken_at_column text, longitude_column text, latitude_column text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.choose_columns(attachment integer, source regclass, url_column text, caption_columns text[], metadata_columns text[], taken_at_column text, longitude_column text, latitude_column text) IS 'Notes and checks the columns of an attachment; CQ004 for one that cannot be.';


--
-- Name: choose_strategy(public.vector, integer, text, clipsql_private.search_filter, clipsql.model, double precision); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.choose_strategy(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, share double precision DEFAULT NULL::double precision) RETURNS clipsql_private.search_strategy
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    -- Measured with halfvec(512) on PostgreSQL 18 (docs/filtered-search.md), where "clipsql index tune" has not; only their
    -- ratios decide.
    walk_us double precision := 2 + 10 * chosen.dimensions / 512.0;     -- a row passed in an index walk
    lookup_us double precision := 2.2 + 0.4 * chosen.dimensions / 512.0; -- a match fetched and compared
    scan_us constant double precision := 0.12;  -- a row of the table, when all are read
    join_us constant double precision := 0.9;   -- a match among them
    usual_ef_search constant integer := 400;    -- recall@10 of 0.95 for texts, 1.0 for pictures, in 200,000 rows
    -- A short walk is enough for most pictures, whose likes are near.
    short_walk constant integer := 40 + 2 * max_results;
    -- A short walk shows whether matches lie near the query, and costs little beside a long comparison.
    probe_cost constant double precision := 0.125;
    moment_ms constant double precision := 2.25;  -- of some thousand vectors: what takes no longer is compared, which is exact
    workers constant integer := current_setting('max_parallel_workers_per_gather');
    is_restricted constant boolean := clipsql_private.is_restricted();
    facts record;
    code_us double precision;  -- a search row found and compared
    is_scanned boolean;
    strategy clipsql_private.search_strategy;
    narrowing clipsql_private.search_filter := filter;
    most_matches double precision;
    needed double precision;
    is_plain boolean;
    is_far boolean;
    is_soon boolean;
begin
    -- All that is to be known, read at once: a statement costs as much as the answer in a small collection.
    select
        -- As the planner does it: the density that ANALYZE found, times the pages that there are now.
        coalesce(case when c.relpages > 0 and c.reltuples > 0
             then c.reltuples / c.relpages
             else 0.9 * current_setting('block_size')::integer / (2 * chosen.dimensions + 60) end
            * pg_relation_size(c.oid) / current_setting('block_size')::integer, 0)::bigint as total_rows,
        (select t.ef_search
         from clipsql_private.search_tuning as t
         where t.model_id = chosen.model_id and (t.collection = filter.in_collection or t.collection is null)
         order by t.collection nulls last
         limit 1) as ef_search,
        clipsql_private.index_is_usable(chosen.model_id) as has_index,
        b.basis_id, b.length, b.cone, t.walk_us, t.code_us, t.lookup_us
    into facts
    from (values (to_regclass(clipsql_private.partition_name('image_embedding', chosen.model_id)))) as p(embeddings)
    left join pg_catalog.pg_class as c on c.oid = p.embeddings
    -- Not under row-level security: search rows tell of pictures that it hides.
    left join clipsql_private.code_basis as b
        on b.model_id = chosen.model_id and b.state = 'ready' and not is_restricted
    left join clipsql_private.search_cost as t on t.model_id = chosen.model_id;
    walk_us := coalesce(facts.walk_us, walk_us);
    lookup_us := coalesce(facts.lookup_us, lookup_us);
    code_us := coalesce(facts.code_us, 0.12 + 0.1 * facts.length / 128)
        -- Whether a place lies inside takes half as long again.
        * case when filter.near_longitude is not null or filter.inside is not null then 1.5 else 1 end;
    is_scanned := facts.basis_id is not null and clipsql_private.is_narrow(filter);
    if facts.basis_id is not null then
        strategy.coded := (facts.basis_id, clipsql_private.code_of(query::halfvec, facts.basis_id));
    end if;
    strategy.total_rows := facts.total_rows;
    strategy.ef_search := coalesce(
        facts.ef_search, usual_ef_search * greatest(1, strategy.total_rows / 200000::double precision) ^ 0.43);  -- 800 in a million
    strategy.walks := false;
    strategy.is_open := false;
    strategy.step_ms := 0.001 * walk_us;
    most_matches := least(strategy.total_rows, cardinality(filter.only_images));
    strategy.likely_matches := most_matches;
    needed := clipsql_private.walk_length(max_results, strategy.ef_search, strategy.total_rows);
    strategy.whole_ms := 0.001 * least(most_matches * lookup_us, strategy.total_rows * scan_us + most_matches * join_us);
    strategy.compare_ms := case when is_scanned then 0.001 * most_matches * code_us else strategy.whole_ms end;

    if not facts.has_index then
        strategy.reason := 'the model has no usable index (run "clipsql index build"), so all are compared';
        return strategy;
    elsif strategy.compare_ms <= greatest(moment_ms, needed * strategy.step_ms) then
        strategy.reason := 'so few are compared faster than an index is walked';
        return strategy;
    end if;

    narrowing.except_images := null;  -- takes away few rows
    is_plain := narrowing is null and not is_restricted;
    narrowing.only_images := null;
    if not is_plain then
        if narrowing is null and not is_restricted then
            share := most_matches / strategy.total_rows;
        elsif share is null then
            strategy.is_open := true;
            return strategy;
        end if;
        strategy.likely_matches := least(most_matches, share * strategy.total_rows);
        needed := clipsql_private.walk_length(max_results / greatest(share, 1e-9), strategy.ef_search, strategy.total_rows);
    end if;
    strategy.whole_ms := 0.001
        * least(strategy.likely_matches * lookup_us,
                strategy.total_rows * scan_us + strategy.likely_matches * join_us)
        -- Very long scans are shared among processes.
        / case when strategy.likely_matches > 100000 then 1 + 0.5 * least(workers, 4) else 1 end;
    strategy.compare_ms := case when is_scanned then 0.001 * strategy.likely_matches * code_us else strategy.whole_ms end;
    -- All pictures are almost equally far from a text: a short walk of theirs would not be trusted.
    is_far := coalesce(facts.cone > 0.3 and (((strategy.coded).code)::vector::real[])[1] < 0.6 * facts.cone, false);
    -- A walk may end in nothing, where the matches lie far from the query.
    is_soon := 1.5 * needed * strategy.step_ms < strategy.compare_ms;
    strategy.walks := strategy.compare_ms > moment_ms
        and (is_soon or (not is_far and short_walk * strategy.step_ms < probe_cost * strategy.compare_ms));
    strategy.width := case
        when is_far or (is_soon and needed < case when is_plain then 4 else 8 end * short_walk) then needed
        else least(needed, short_walk) end;
    strategy.reason := case
        when is_plain and strategy.walks then 'no filter narrows the search down, so the index is walked'
        when is_soon then
            'so many match that an index walk meets enough of them soon'
        when strategy.walks then 'an index walk begins, in case they lie near the query'
        else 'comparing them all is faster than an index walk' end;
    return strategy;
end;
$$;


--
-- Name: FUNCTION choose_strategy(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, share double precision); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.choose_strategy(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, share double precision) IS 'Whether a search compares all matches or walks the HNSW index, why, and what either costs.';


--
-- Name: choose_target(integer, text, text, boolean, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.choose_target(attachment integer, collection text, url_prefix text, may_read_files boolean, model text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    chosen clipsql.model;
begin
    perform
        clipsql_private.check_most('in_collection', length(choose_target.collection), 'characters'),
        clipsql_private.check_most('url_prefix', length(choose_target.url_prefix), 'characters');
    if choose_target.collection !~ '[^[:space:]]' then
        raise exception using errcode = 'CQ004', message = 'The collection is empty; give it a name.';
    end if;
    -- Without a model, whichever worker comes first makes the vectors.
    if choose_target.model is not null then
        chosen := clipsql_private.resolve_model(choose_target.model);
        if chosen.location is null then
            raise exception using errcode = 'CQ003', message = format(
                'Model %s is a vector space without files, so that no worker can make vectors with it; name another.', chosen.name);
        end if;
    end if;
    update clipsql_private.attachment as a
    set collection = choose_target.collection, url_prefix = nullif(choose_target.url_prefix, ''),
        may_read_files = coalesce(choose_target.may_read_files, false), model_id = chosen.model_id, reconciled_at = null
    where a.attachment_id = attachment;
end;
$$;


--
-- Name: FUNCTION choose_target(attachment integer, collection text, url_prefix text, may_read_files boolean, model text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.choose_target(attachment integer, collection text, url_prefix text, may_read_files boolean, model text) IS 'Notes where the pictures of an attachment go; all its rows are looked at anew.';


--
-- Name: code_of(public.halfvec, integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.code_of(embedding public.halfvec, of_basis integer) RETURNS public.halfvec
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    AS $$
declare
    unit constant halfvec := l2_normalize(embedding);
    coordinates real[];
begin
    coordinates := array(
        select -(d.direction <#> unit) from clipsql_private.code_direction as d where d.basis_id = of_basis order by d.number);
    return case when coordinates = '{}' then unit else coordinates::halfvec end;
end;
$$;


--
-- Name: FUNCTION code_of(embedding public.halfvec, of_basis integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.code_of(embedding public.halfvec, of_basis integer) IS 'Coordinates of a vector, brought to unit length, along the directions of a code basis.';


--
-- Name: code_slack(public.halfvec, double precision, integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.code_slack(code public.halfvec, left_out double precision, dimensions integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((0.001)::double precision + ((3.5)::double precision * sqrt(((GREATEST((0)::double precision, ((1)::double precision - (public.l2_norm(code) ^ (2)::double precision))) * left_out) / (GREATEST(1, (dimensions - public.vector_dims(code))))::double precision))));


--
-- Name: FUNCTION code_slack(code public.halfvec, left_out double precision, dimensions integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.code_slack(code public.halfvec, left_out double precision, dimensions integer) IS 'By how much a cosine distance may fall below the one that codes tell, given the squared length that a basis leaves out.';


--
-- Name: compare_all(public.vector, integer, text, clipsql_private.search_filter, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.compare_all(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, OUT ids bigint[], OUT distances double precision[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET gin_fuzzy_search_limit TO '0'
    SET enable_seqscan TO 'on'
    SET enable_indexscan TO 'on'
    SET enable_bitmapscan TO 'on'
    SET enable_nestloop TO 'on'
    SET enable_hashjoin TO 'on'
    SET enable_sort TO 'on'
    SET jit TO 'off'
    SET parallel_setup_cost TO '2000'
    SET work_mem TO '4MB'
    AS $$
begin
    -- A hash join that outgrows its memory writes whole vectors to disk.
    perform set_config('work_mem', '64MB', true);
    execute format(
            'select array_agg(n.image_id order by n.distance, n.image_id), array_agg(n.distance order by n.distance, n.image_id)
             from (%s) as n',
            clipsql_private.compare_statement(conditions, chosen))
        into ids, distances using filter, query, max_results;
end;
$$;


--
-- Name: FUNCTION compare_all(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, OUT ids bigint[], OUT distances double precision[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.compare_all(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, OUT ids bigint[], OUT distances double precision[]) IS 'Nearest matches by comparing every match with the query: exact.';


--
-- Name: compare_plan(public.vector, integer, text, clipsql_private.search_filter, clipsql.model, integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.compare_plan(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, of_basis integer DEFAULT NULL::integer) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET gin_fuzzy_search_limit TO '0'
    SET enable_seqscan TO 'on'
    SET enable_indexscan TO 'on'
    SET enable_bitmapscan TO 'on'
    SET enable_nestloop TO 'on'
    SET enable_hashjoin TO 'on'
    SET enable_sort TO 'on'
    SET jit TO 'off'
    SET parallel_setup_cost TO '2000'
    SET work_mem TO '4MB'
    AS $$
declare
    plan jsonb;
begin
    perform set_config('work_mem', '64MB', true);
    -- Without costs, which session settings can make infinite: that is no JSON.
    execute 'explain (format json, costs off) ' || case
            when of_basis is null then clipsql_private.compare_statement(conditions, chosen)
            else clipsql_private.scan_statement(conditions, filter, of_basis) end
        into plan using filter, query, max_results;
    return plan;
end;
$$;


--
-- Name: FUNCTION compare_plan(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, of_basis integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.compare_plan(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, of_basis integer) IS 'How PostgreSQL plans to compare every match with the query.';


--
-- Name: compare_statement(text, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.compare_statement(conditions text, chosen clipsql.model) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN format('select e.image_id, (e.embedding::halfvec(%1$s) <=> $2::halfvec(%1$s)) + 0.0::double precision as distance
     %2$s order by distance, image_id limit $3'::text, (chosen).dimensions, clipsql_private.candidates(conditions, chosen));


--
-- Name: FUNCTION compare_statement(conditions text, chosen clipsql.model); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.compare_statement(conditions text, chosen clipsql.model) IS 'SQL that finds the nearest matches by comparing them all: $1 filter, $2 unit vector, $3 number of results.';


--
-- Name: condition_for(text, name); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.condition_for(condition text, role_name name) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT COALESCE(string_agg(
         CASE "left"(t.token[1], 1)
             WHEN ''''::text THEN quote_literal(replace(substr(t.token[1], 2, (length(t.token[1]) - 2)), ''''''::text, ''''::text))
             ELSE regexp_replace(t.token[1], '\m(CURRENT_USER|CURRENT_ROLE|USER)\M'::text, replace((('('::text || quote_literal((condition_for.role_name)::text)) || '::name)'::text), '\'::text, '\\'::text), 'g'::text)
         END, ''::text ORDER BY t."position"), ''::text) AS "coalesce"
    FROM regexp_matches(condition_for.condition, '(''(?:[^'']|'''')*''|[^'']+)'::text, 'g'::text) WITH ORDINALITY t(token, "position");
END;


--
-- Name: FUNCTION condition_for(condition text, role_name name); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.condition_for(condition text, role_name name) IS 'The condition of a policy with a role in the place of current_user.';


--
-- Name: conditions(clipsql_private.search_filter); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.conditions(filter clipsql_private.search_filter) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $_$
declare
    parts text[] := '{}';
    reason text;
begin
    if filter.in_collection is not null then
        perform clipsql_private.check_most('in_collection', length(filter.in_collection), 'characters');
        parts := parts || text 'i.collection = ($1).in_collection';
    end if;
    if filter.taken_from is not null then
        parts := parts || text 'i.taken_at >= ($1).taken_from';
    end if;
    if filter.taken_until is not null then
        if filter.taken_from >= filter.taken_until then
            reason := format('taken_from (%s) must lie before taken_until (%s).', filter.taken_from, filter.taken_until);
        end if;
        parts := parts || text 'i.taken_at < ($1).taken_until';
    end if;
    if filter.daily_from is not null or filter.daily_until is not null then
        if coalesce(filter.daily_from, '00:00') = coalesce(filter.daily_until, '24:00') then
            reason := format('daily_from (%s) and daily_until (%s) leave no time of day between them.',
                coalesce(filter.daily_from, '00:00'), coalesce(filter.daily_until, '24:00'));
        end if;
        parts := parts || case
            when filter.daily_from > filter.daily_until then  -- over midnight
                '(i.taken_at::time >= ($1).daily_from or i.taken_at::time < ($1).daily_until)'
            else concat_ws(' and ',
                case when filter.daily_from is not null then 'i.taken_at::time >= ($1).daily_from' end,
                case when filter.daily_until is not null then 'i.taken_at::time < ($1).daily_until' end)
        end;
    end if;
    if num_nonnulls(filter.near_longitude, filter.near_latitude, filter.within_m) > 0 then
        reason := case
            when num_nulls(filter.near_longitude, filter.near_latitude, filter.within_m) > 0 then
                'near_longitude, near_latitude and within_m go together; give all three.'
            when filter.near_longitude not between -180 and 180 then
                format('near_longitude must lie between -180 and 180 degrees, not %s.', filter.near_longitude)
            when filter.near_latitude not between -90 and 90 then
                format('near_latitude must lie between -90 and 90 degrees, not %s.', filter.near_latitude)
            when filter.within_m < 0 or filter.within_m = 'NaN' then
                format('within_m must be a distance of 0 metres or more, not %s.', filter.within_m)
            else reason
        end;
        -- The boxes use the index; the distance then decides.
        if reason is null then
            parts := parts || (
                select '(' || string_agg(format(
                        'point(i.longitude, i.latitude) <@ (clipsql_private.place_boxes('
                        '($1).near_longitude, ($1).near_latitude, ($1).within_m))[%s]', b.number), ' or ') || ')'
                    || ' and clipsql_private.distance_m(i.longitude, i.latitude, ($1).near_longitude, ($1).near_latitude)'
                    || ' <= ($1).within_m'
                from unnest(clipsql_private.place_boxes(filter.near_longitude, filter.near_latitude, filter.within_m))
                    with ordinality as b(bounds, number));
        end if;
    end if;
    if filter.inside is not null then
        perform clipsql_private.check_most('inside', npoints(filter.inside), 'vertices');
        reason := case
            when npoints(filter.inside) < 3 then 'inside must have 3 vertices or more.'
            when not box(filter.inside) <@ box(point(-360, -90), point(360, 90)) then
                'inside takes (longitude, latitude) vertices: longitudes between -360 and 360, latitudes between -90 and 90 degrees.'
            else reason
        end;
        -- A polygon over the antimeridian goes on beyond 180 degrees (170 .. 190): the positions that lie there are
        -- stored beyond the other side (-180 .. -170), so it is looked up there too.
        parts := parts || (
            select '(' || string_agg(format(
                    'point(i.longitude, i.latitude) <@ polygon(path(($1).inside) + point(%s, 0))', t.turn), ' or ') || ')'
            from unnest(array[0, 360, -360]) as t(turn)
            where box(filter.inside) + point(t.turn, 0) && box(point(-180, -90), point(180, 90)));
    end if;
    if filter.having_metadata is not null then
        perform clipsql_private.check_most('having_metadata', pg_column_size(filter.having_metadata), 'bytes');
        if jsonb_typeof(filter.having_metadata) <> 'object' then
            reason := format(
                'having_metadata must be an object such as {"camera": "K12"}, not %s.', left(filter.having_metadata::text, 100));
        end if;
        if filter.attachment_id is null then
            parts := parts || text 'i.metadata @> ($1).having_metadata';
        end if;
    end if;
    if filter.metadata_matches is not null then
        perform
            clipsql_private.check_most('metadata_matches', pg_column_size(filter.metadata_matches), 'bytes'),
            clipsql_private.check_path(filter.metadata_matches);
        if filter.attachment_id is null then
            parts := parts || text 'i.metadata @@ ($1).metadata_matches';
        end if;
    end if;
    if filter.caption_query is not null then
        perform clipsql_private.check_most('caption_query', length(filter.caption_query), 'characters');
        reason := case
            -- PostgreSQL's parser ends in an internal error where it has to remember more of them.
            when filter.caption_query ~ '([-－][[:space:]　!&|()]*){31}' then
                'caption_query has too many minus signs in a row; one before a word leaves out what has the word.'
            when clipsql_private.any_caption_query(filter.caption_query) is null then
                format('caption_query %L has no word to look for.', filter.caption_query)
            else reason
        end;
        parts := parts || text 'exists (select from clipsql.caption as c where c.image_id = i.image_id
            and c.words @@ clipsql_private.any_caption_query(($1).caption_query)
            and c.words @@ clipsql_private.caption_query(($1).caption_query, c.language))';
    end if;
    if filter.only_images is not null or filter.except_images is not null then
        perform
            clipsql_private.check_most('only_images', cardinality(filter.only_images), 'ids'),
            clipsql_private.check_most('except_images', cardinality(filter.except_images), 'ids');
        if array_ndims(filter.only_images) > 1 or array_ndims(filter.except_images) > 1 then
            reason := 'only_images and except_images must be one-dimensional arrays.';
        end if;
        parts := parts || array_remove(array[
            case when filter.only_images is not null then 'i.image_id = any (($1).only_images)' end,
            case when filter.except_images is not null then
                'i.image_id <> all (array_remove(($1).except_images, null))' end], null);
    end if;
    if reason is not null then
        raise exception using errcode = 'CQ004', message = reason;
    end if;
    -- Metadata are those of rows then.
    if filter.attachment_id is not null then
        parts := parts || format('exists (select from %s)', clipsql_private.attached_rows(filter.attachment_id, filter));
    end if;
    return array_to_string(parts, ' and ');
end;
$_$;


--
-- Name: FUNCTION conditions(filter clipsql_private.search_filter); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.conditions(filter clipsql_private.search_filter) IS 'SQL conditions over clipsql.image as i for the filters that are given ($1 is the filter); CQ004 for impossible ones.';


--
-- Name: content_as_shard(jsonb); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.content_as_shard(request jsonb) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN jsonb_build_object('images', COALESCE((SELECT jsonb_agg(i.image_id) AS jsonb_agg FROM clipsql.image i WHERE (i.sha256 = decode((content_as_shard.request ->> 'sha256'::text), 'hex'::text))), '[]'::jsonb));


--
-- Name: FUNCTION content_as_shard(request jsonb); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.content_as_shard(request jsonb) IS 'Pictures of this shard with a content, for a coordinator.';


--
-- Name: content_of_shards(bytea); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.content_of_shards(sha256 bytea) RETURNS SETOF bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    moved timestamptz;
    images bigint[];
begin
    if not clipsql_private.has_shards() then
        return;
    end if;
    perform clipsql_private.refuse_restricted();
    loop
        moved := (select max(s.moved_at) from clipsql_private.slot as s);
        images := array(
            select distinct i.image::bigint
            from clipsql_private.shard_answers(
                'content_as_shard', jsonb_build_object('sha256', encode(content_of_shards.sha256, 'hex')), true) as a
            cross join lateral jsonb_array_elements(a.answer -> 'images') as i(image));
        exit when moved = (select max(s.moved_at) from clipsql_private.slot as s);
    end loop;
    return query select i.image from unnest(images) as i(image);
end;
$$;


--
-- Name: FUNCTION content_of_shards(sha256 bytea); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.content_of_shards(sha256 bytea) IS 'Pictures on all shards with a content; none where there are no shards.';


--
-- Name: count_attached_rows(integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.count_attached_rows(attachment integer, OUT row_count bigint, OUT embedded bigint, OUT pending bigint, OUT failed bigint, OUT missing bigint, OUT oldest_pending timestamp with time zone, OUT last_error text, OUT state text) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    AS $_$
#variable_conflict use_column
declare
    attached constant clipsql_private.attached_table := clipsql_private.attached_table(attachment);
    since timestamptz := (select a.added_at from clipsql_private.attachment as a where a.attachment_id = attachment);
    noted text := (
        select p.problem from clipsql_private.attachment_problem as p
        where p.attachment_id = attachment order by p.problem_id desc limit 1);
begin
    state := attached.state;
    last_error := noted;
    if attached.is_usable is not true then
        return;
    elsif not has_table_privilege(attached.source, 'select') or not has_schema_privilege(
            (select c.relnamespace from pg_catalog.pg_class as c where c.oid = attached.source), 'usage') then
        state := format('not readable by %s', quote_ident(current_user));
        return;
    end if;
    execute format(
        'with noted as materialized (
             select %1$s, min(c.changed_at) as changed_at from %2$s as c where c.%3$s is not null group by %1$s
         )
         select count(*), count(*) filter (where r.kind = 1), count(*) filter (where r.kind = 4),
             count(*) filter (where r.kind = 3), count(*) filter (where r.kind = 2),
             min(coalesce(r.changed_at, $1)) filter (where r.kind = 4),
             coalesce($2, (array_agg(r.error order by r.changed_at desc) filter (where r.kind = 3))[1])
         from (
             select
                 case when i.image_id is null then n.changed_at else l.changed_at end as changed_at,
                 coalesce(i.error, l.problem) as error,
                 case
                     when %4$s is null then 2
                     when exists (select from clipsql.image_embedding as e where e.image_id = i.image_id %5$s) then 1
                     when i.status = ''failed'' or (l.image_id is null and l.problem is not null and l.facts = %6$s) then 3
                     else 4 end as kind
             from %7$s as s
             left join %8$s as l on %9$s
             left join clipsql.image as i on i.image_id = l.image_id and i.url = %4$s
             left join noted as n on %10$s
             offset 0  -- or else each count would judge each row anew
         ) as r',
        clipsql_private.key_list(attached.row_keys, 'c'), attached.changes, attached.row_keys[1], attached.address,
        'and e.model_id = ' || attached.model_id, attached.facts, attached.source, attached.link,
        clipsql_private.same_key(attached.source_keys, 's', attached.row_keys, 'l'),
        clipsql_private.same_key(attached.source_keys, 's', attached.row_keys, 'n'))
    into row_count, embedded, pending, failed, missing, oldest_pending, last_error using since, noted;
end;
$_$;


--
-- Name: FUNCTION count_attached_rows(attachment integer, OUT row_count bigint, OUT embedded bigint, OUT pending bigint, OUT failed bigint, OUT missing bigint, OUT oldest_pending timestamp with time zone, OUT last_error text, OUT state text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.count_attached_rows(attachment integer, OUT row_count bigint, OUT embedded bigint, OUT pending bigint, OUT failed bigint, OUT missing bigint, OUT oldest_pending timestamp with time zone, OUT last_error text, OUT state text) IS 'The rows of an attachment by the state of their pictures.';


--
-- Name: count_vectors(text, integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.count_vectors(embeddings text, of_model integer) RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
declare
    found_rows bigint;
begin
    execute format('select count(*) from clipsql.%I as e where e.model_id = $1', embeddings) into found_rows using of_model;
    return found_rows;
end;
$_$;


--
-- Name: FUNCTION count_vectors(embeddings text, of_model integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.count_vectors(embeddings text, of_model integer) IS 'Vectors of a model in an embedding table.';


--
-- Name: text_tower; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.text_tower (
    model_id integer NOT NULL,
    activation text NOT NULL,
    width integer NOT NULL,
    heads integer NOT NULL,
    layers integer NOT NULL,
    gate double precision[] NOT NULL,
    norm_tail double precision NOT NULL,
    is_causal boolean NOT NULL,
    pooled_id integer,
    vocabulary text NOT NULL,
    start_id integer NOT NULL,
    end_id integer NOT NULL,
    unknown_id integer,
    max_tokens integer NOT NULL,
    byte_ids integer[] NOT NULL,
    last_byte_ids integer[] NOT NULL,
    split_pattern text NOT NULL,
    typed_pattern text NOT NULL,
    normal_pattern text NOT NULL,
    loaded_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: TABLE text_tower; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.text_tower IS 'The text tower of a model: what decides its arithmetic, and the rules of its tokenizer.';


--
-- Name: cut_added_tokens(text, clipsql_private.text_tower); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.cut_added_tokens(query text, tower clipsql_private.text_tower) RETURNS TABLE(number bigint, body text, token_id integer)
    LANGUAGE sql STABLE ROWS 1 PARALLEL SAFE
    AS $$
    select
        row_number() over (order by typed.number, typed.is_token, normal.number, normal.is_token),
        normal.body,
        (select a.token_id from clipsql_private.text_added_token as a
            where a.model_id = tower.model_id and a.body = normal.body and normal.is_token)
    from (
        select u.number, p.is_token, p.body
        from unnest(
                regexp_split_to_array(query collate "C", tower.typed_pattern),
                array(select m.found[1]
                    from regexp_matches(query collate "C", '(' || tower.typed_pattern || ')', 'g') as m (found)))
            with ordinality as u (plain, token, number),
            lateral (values (false, u.plain), (true, u.token)) as p (is_token, body)
    ) as typed,
    lateral (
        select 1::bigint as number, true as is_token, typed.body where typed.is_token
        union all
        select u.number, p.is_token, p.body
        from (select case tower.vocabulary
                when 'BPE' then clipsql_private.normalize_text(typed.body)
                else clipsql_private.bert_text(typed.body) end collate "C" as body) as n,
            unnest(
                regexp_split_to_array(n.body, tower.normal_pattern),
                array(select m.found[1]
                    from regexp_matches(n.body, '(' || tower.normal_pattern || ')', 'g') as m (found)))
            with ordinality as u (plain, token, number),
            lateral (values (false, u.plain), (true, u.token)) as p (is_token, body)
        where not typed.is_token
    ) as normal
    where normal.body <> ''
$$;


--
-- Name: FUNCTION cut_added_tokens(query text, tower clipsql_private.text_tower); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.cut_added_tokens(query text, tower clipsql_private.text_tower) IS 'Parts of a text: tokens that were typed out, and normalised text between them.';


--
-- Name: daily_alarms(clipsql_private.watched_picture[], double precision); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.daily_alarms(seen clipsql_private.watched_picture[], min_similarity double precision) RETURNS TABLE(day date, alarms bigint, best_image_id bigint)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT d.day,
     count(a.day) AS count,
     (array_agg(a.image_id ORDER BY a.similarity DESC, a.image_id))[1] AS array_agg
    FROM (( SELECT DISTINCT p.day
            FROM unnest(daily_alarms.seen) p(image_id, similarity, seen_at, day, occasion)) d
      LEFT JOIN ( SELECT min(p.day) AS day,
             max(p.similarity) AS similarity,
             (array_agg(p.image_id ORDER BY p.similarity DESC, p.image_id))[1] AS image_id
            FROM unnest(daily_alarms.seen) p(image_id, similarity, seen_at, day, occasion)
           WHERE (p.similarity >= daily_alarms.min_similarity)
           GROUP BY COALESCE(p.occasion, int8send(p.image_id))) a ON ((a.day = d.day)))
   GROUP BY d.day
   ORDER BY d.day;
END;


--
-- Name: FUNCTION daily_alarms(seen clipsql_private.watched_picture[], min_similarity double precision); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.daily_alarms(seen clipsql_private.watched_picture[], min_similarity double precision) IS 'Alarms of each day, with the best picture of it.';


--
-- Name: daily_interval(bigint[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.daily_interval(alarms bigint[], OUT low double precision, OUT high double precision) RETURNS record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT GREATEST((0)::double precision, ((GREATEST((0)::double precision, (s.root - s.reach)) ^ (2)::double precision) - (0.375)::double precision)) AS "greatest",
     (((s.root + s.reach) ^ (2)::double precision) - (0.375)::double precision)
    FROM ( SELECT sqrt((d.mean + (0.375)::double precision)) AS root,
             (((0.5)::double precision * sqrt((GREATEST((1)::double precision, ((d.spread + (2)::double precision) / d.freedom)) * (((1)::numeric + (1.0 / (d.days)::numeric)))::double precision))) * ((((1.96)::double precision + ((2.3723)::double precision / d.freedom)) + ((2.8237)::double precision / (d.freedom ^ (2)::double precision))) + ((2.5550)::double precision / (d.freedom ^ (3)::double precision)))) AS reach
            FROM ( SELECT (avg(a.number))::double precision AS mean,
                     count(*) AS days,
                     ((count(*))::double precision + (1.0)::double precision) AS freedom,
                     (COALESCE(((((count(*) - 1))::numeric * var_samp(a.number)) / NULLIF(avg(a.number), (0)::numeric)), (0)::numeric))::double precision AS spread
                    FROM unnest(daily_interval.alarms) a(number)) d) s;
END;


--
-- Name: FUNCTION daily_interval(alarms bigint[], OUT low double precision, OUT high double precision); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.daily_interval(alarms bigint[], OUT low double precision, OUT high double precision) IS 'Least and most alarms of a day to come, in 95 of 100 cases, from those of past days.';


--
-- Name: dependents(oid, oid); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.dependents(changed_class oid, changed oid) RETURNS TABLE(class_id oid, object_id oid, depth integer)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 WITH RECURSIVE named AS (
          SELECT ('pg_rewrite'::regclass)::oid AS class_id,
             r_1.oid AS object_id,
             r_1.ev_class AS relation
            FROM pg_rewrite r_1
           WHERE (r_1.rulename = '_RETURN'::name)
         UNION ALL
          SELECT ('pg_type'::regclass)::oid AS oid,
             t.oid,
             t.typrelid
            FROM pg_type t
           WHERE (t.typrelid <> (0)::oid)
         UNION ALL
          SELECT ('pg_type'::regclass)::oid AS oid,
             a.oid,
             t.typrelid
            FROM (pg_type t
              JOIN pg_type a ON ((a.oid = t.typarray)))
           WHERE (t.typrelid <> (0)::oid)
         ), edge AS (
          SELECT DISTINCT
                 CASE
                     WHEN (n.relation IS NULL) THEN (d.classid)::regclass
                     ELSE 'pg_class'::regclass
                 END AS class_id,
             COALESCE(n.relation, d.objid) AS object_id,
                 CASE
                     WHEN (m.relation IS NULL) THEN (d.refclassid)::regclass
                     ELSE 'pg_class'::regclass
                 END AS of_class,
             COALESCE(m.relation, d.refobjid) AS of_object
            FROM ((pg_depend d
              LEFT JOIN named n ON (((n.class_id = d.classid) AND (n.object_id = d.objid))))
              LEFT JOIN named m ON (((m.class_id = d.refclassid) AND (m.object_id = d.refobjid))))
           WHERE (d.deptype <> 'i'::"char")
         ), reached AS (
          SELECT e.class_id,
             e.object_id,
             1 AS depth
            FROM edge e
           WHERE (((e.of_class)::oid = dependents.changed_class) AND (e.of_object = dependents.changed) AND (((e.class_id)::oid <> dependents.changed_class) OR (e.object_id <> dependents.changed)))
         UNION ALL
          SELECT e.class_id,
             e.object_id,
             (r_1.depth + 1)
            FROM (reached r_1
              JOIN edge e ON ((((e.of_class)::oid = (r_1.class_id)::oid) AND (e.of_object = r_1.object_id) AND (((e.class_id)::oid <> (r_1.class_id)::oid) OR (e.object_id <> r_1.object_id)))))
         ) CYCLE class_id, object_id SET comes_back USING way
  SELECT r.class_id,
     r.object_id,
     max(r.depth) AS max
    FROM reached r
   WHERE (NOT r.comes_back)
   GROUP BY r.class_id, r.object_id;
END;


--
-- Name: FUNCTION dependents(changed_class oid, changed oid); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.dependents(changed_class oid, changed oid) IS 'What depends on an object of the catalog, however indirectly, with the length of the longest way to it.';


--
-- Name: describe_as_shard(jsonb); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.describe_as_shard(request jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    one clipsql.model;
    probe vector;
    models jsonb := '[]';
begin
    for one in select m.* from clipsql.model as m order by m.name loop
        begin
            probe := clipsql.embed_text('a photo', one.name);
        exception when sqlstate 'CQ005' or sqlstate 'CQ007' then  -- no text tower, or none that SQL can run
            probe := null;
        end;
        models := models || jsonb_build_object(
            'name', one.name, 'revision', one.revision, 'dimensions', one.dimensions, 'has_files', one.location is not null,
            'probe', probe::text);
    end loop;
    return jsonb_build_object(
        'revision', (select max(r.version_num) from clipsql_private.revision as r), 'models', models,
        'is_coordinator', clipsql_private.has_shards(),
        'slots', case when (request -> 'with_slots')::boolean then (
            select jsonb_object_agg(s.slot, s.pictures)
            from (
                select clipsql_private.slot_of(i.url) as slot, count(*) as pictures from clipsql.image as i group by slot
            ) as s) end,
        'pictures', (select count(*) from clipsql.image as i),
        'pending', (select count(*) from clipsql.image as i where i.status = 'pending'),
        'failed', (select count(*) from clipsql.image as i where i.status = 'failed'),
        'greatest_id', (select max(i.image_id) from clipsql.image as i),
        'is_restricted', (select c.relrowsecurity from pg_catalog.pg_class as c where c.oid = 'clipsql.image'::regclass));
end;
$$;


--
-- Name: FUNCTION describe_as_shard(request jsonb); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.describe_as_shard(request jsonb) IS 'Revision, models and counts of a database, for a coordinator.';


--
-- Name: distance_m(double precision, double precision, double precision, double precision); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.distance_m(longitude_1 double precision, latitude_1 double precision, longitude_2 double precision, latitude_2 double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((((2)::numeric * 6371008.8))::double precision * asin(sqrt(LEAST((1)::double precision, (power(sind(((((1)::double precision + latitude_2) - ((1)::double precision + latitude_1)) / (2)::double precision)), (2)::double precision) + ((cosd(latitude_1) * cosd(latitude_2)) * power(sind(((((1)::double precision + longitude_2) - ((1)::double precision + longitude_1)) / (2)::double precision)), (2)::double precision)))))));


--
-- Name: FUNCTION distance_m(longitude_1 double precision, latitude_1 double precision, longitude_2 double precision, latitude_2 double precision); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.distance_m(longitude_1 double precision, latitude_1 double precision, longitude_2 double precision, latitude_2 double precision) IS 'Great-circle distance in metres between two WGS 84 positions in degrees.';


--
-- Name: distinct_hits(jsonb, double precision, integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.distinct_hits(hits jsonb, distinct_above double precision, max_results integer) RETURNS integer[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    kept halfvec[] := '{}';
    places integer[] := '{}';
    candidate record;
begin
    for candidate in
        select h.place, (h.hit ->> 'embedding')::halfvec as embedding
        from jsonb_array_elements(hits) with ordinality as h(hit, place)
        order by h.place
    loop
        exit when cardinality(places) = max_results;
        if not exists (select from unnest(kept) as k(one) where 1 - (k.one <=> candidate.embedding) > distinct_above) then
            kept := kept || candidate.embedding;
            places := places || candidate.place::integer;
        end if;
    end loop;
    return places;
end;
$$;


--
-- Name: FUNCTION distinct_hits(hits jsonb, distinct_above double precision, max_results integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.distinct_hits(hits jsonb, distinct_above double precision, max_results integer) IS 'Places of the first of each group of near-identical hits, which are in their order.';


--
-- Name: distinct_images(bigint[], double precision, integer, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.distinct_images(image_ids bigint[], distinct_above double precision, max_results integer, chosen clipsql.model) RETURNS bigint[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    kept halfvec[] := '{}';
    kept_ids bigint[] := '{}';
    candidate record;
begin
    for candidate in
        select e.image_id, e.embedding
        from unnest(image_ids) with ordinality as g(image_id, place)
        join clipsql.image_embedding as e on e.model_id = chosen.model_id and e.image_id = g.image_id
        order by g.place
    loop
        exit when cardinality(kept_ids) = max_results;
        if not exists (select from unnest(kept) as k(one) where 1 - (k.one <=> candidate.embedding) > distinct_above) then
            kept := kept || candidate.embedding;
            kept_ids := kept_ids || candidate.image_id;
        end if;
    end loop;
    return kept_ids;
end;
$$;


--
-- Name: FUNCTION distinct_images(image_ids bigint[], distinct_above double precision, max_results integer, chosen clipsql.model); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.distinct_images(image_ids bigint[], distinct_above double precision, max_results integer, chosen clipsql.model) IS 'The first of each group of near-identical pictures, in the order given.';


--
-- Name: drawn_for(text, public.vector, clipsql_private.search_filter, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.drawn_for(query text, query_vector public.vector, filter clipsql_private.search_filter, chosen clipsql.model) RETURNS SETOF clipsql_private.drawn_picture
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    subject record;
begin
    perform clipsql_private.check_text(query);
    subject := clipsql_private.watch_subject(query => query, images => null, query_vector => query_vector, chosen => chosen);
    filter.except_images := clipsql_private.joined_images(filter.except_images, subject.pictures);
    return query
    select d.* from clipsql_private.drawn_pictures(query, subject.directions[1], filter, chosen) as d;
end;
$$;


--
-- Name: FUNCTION drawn_for(query text, query_vector public.vector, filter clipsql_private.search_filter, chosen clipsql.model); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.drawn_for(query text, query_vector public.vector, filter clipsql_private.search_filter, chosen clipsql.model) IS 'The pictures of a count, with their places in the order in which they are checked.';


--
-- Name: drawn_pictures(text, public.halfvec, clipsql_private.search_filter, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.drawn_pictures(query text, direction public.halfvec, filter clipsql_private.search_filter, chosen clipsql.model) RETURNS SETOF clipsql_private.drawn_picture
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET gin_fuzzy_search_limit TO '0'
    SET jit TO 'off'
    AS $_$
declare
    nothing clipsql_private.search_filter;
    digest constant bytea := clipsql_private.query_digest(query);
begin
    return query execute format(
            'with compared as materialized (
                 select e.image_id, 1 - (e.embedding <=> $2) as similarity %s
             ), ranked as (
                 select c.*, 1 / sqrt(row_number() over (order by c.similarity desc, c.image_id)::double precision) as size
                 from compared as c
                 where c.similarity < ''NaN''
             )
             select r.image_id, r.similarity, r.size,
                 ((hashint8extended(r.image_id, $3) & 9007199254740991)::double precision + 0.5)
                     / 9007199254740992 / r.size as priority,
                 i.url, i.taken_at, v.is_right
             from ranked as r
             join %s as i on i.image_id = r.image_id
             left join clipsql_private.verdict as v on v.image_id = r.image_id and v.query_digest = $4
             where %s',
            clipsql_private.candidates(clipsql_private.effective_conditions(nothing), chosen),
            clipsql_private.visible_images(), coalesce(nullif(clipsql_private.conditions(filter), ''), 'true'))
        using filter, direction, hashtextextended(encode(digest, 'hex') collate "C", 0), digest;
end;
$_$;


--
-- Name: FUNCTION drawn_pictures(query text, direction public.halfvec, filter clipsql_private.search_filter, chosen clipsql.model); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.drawn_pictures(query text, direction public.halfvec, filter clipsql_private.search_filter, chosen clipsql.model) IS 'The pictures that pass the filters, each with its place in the order in which those of a query are checked.';


--
-- Name: drop_search_rows(integer, timestamp with time zone); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.drop_search_rows(of_model integer, retired_before timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    old integer;
begin
    for old in
        delete from clipsql_private.code_basis as b
        where b.model_id = of_model and (retired_before is null or (b.state = 'retired' and b.changed_at < retired_before))
        returning b.basis_id
    loop
        execute format('drop table clipsql_private.search_row_%s', old);
    end loop;
end;
$$;


--
-- Name: FUNCTION drop_search_rows(of_model integer, retired_before timestamp with time zone); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.drop_search_rows(of_model integer, retired_before timestamp with time zone) IS 'Drops the search rows of a model with their bases, or those retired before a time.';


--
-- Name: drop_tenant_policies(regclass); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.drop_tenant_policies(of_table regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    policy name;
begin
    for policy in
        select p.polname from pg_catalog.pg_policy as p
        where p.polrelid = of_table and starts_with(p.polname::text, 'clipsql_tenant_')
    loop
        execute format('drop policy %I on %s', policy, of_table);
    end loop;
end;
$$;


--
-- Name: FUNCTION drop_tenant_policies(of_table regclass); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.drop_tenant_policies(of_table regclass) IS 'Drops the policies of a table that clipsql_private.keep_apart made.';


--
-- Name: is_restricted(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.is_restricted() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (row_security_active('clipsql.image'::text) OR clipsql_private.asks_as_tenant());


--
-- Name: FUNCTION is_restricted(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.is_restricted() IS 'Whether row-level security hides pictures from who asks.';


--
-- Name: effective_conditions(clipsql_private.search_filter); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.effective_conditions(filter clipsql_private.search_filter) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE(NULLIF(clipsql_private.conditions(filter), ''::text), CASE WHEN clipsql_private.is_restricted() THEN 'true'::text ELSE ''::text END);


--
-- Name: FUNCTION effective_conditions(filter clipsql_private.search_filter); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.effective_conditions(filter clipsql_private.search_filter) IS 'SQL conditions over clipsql.image as i; empty only when every picture passes.';


--
-- Name: embedding_tables(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.embedding_tables() RETURNS SETOF text
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (c.relname)::text AS relname
    FROM pg_class c
   WHERE ((c.relnamespace = ('clipsql'::regnamespace)::oid) AND (c.relkind = 'p'::"char"))
   ORDER BY c.oid;
END;


--
-- Name: FUNCTION embedding_tables(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.embedding_tables() IS 'Names of the tables that hold vectors.';


--
-- Name: empty_search_rows(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.empty_search_rows() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    delete from clipsql_private.search_row as s
    using clipsql_private.code_basis as b
    where b.basis_id = s.basis_id
        and to_regclass(clipsql_private.partition_name('image_embedding', b.model_id)) = tg_relid;
    return null;
end;
$$;


--
-- Name: FUNCTION empty_search_rows(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.empty_search_rows() IS 'Trigger: no search row outlives a truncated embedding.';


--
-- Name: encode_words(text, clipsql_private.text_tower); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.encode_words(query text, tower clipsql_private.text_tower) RETURNS TABLE(token_id integer, word_number integer, word text)
    LANGUAGE plpgsql STABLE ROWS 10 PARALLEL SAFE
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
    room constant integer := tower.max_tokens - 2;
    word_total integer := 0;
    token_total integer := 0;
    typed record;
    piece record;
    ids integer[];
begin
    for typed in
        select part.body, part.token_id from clipsql_private.cut_added_tokens(query, tower) as part order by part.number
    loop
        for piece in
            select s.number, s.word, w.token_id
            from (
                select b.number, b.word
                from clipsql_private.split_words(left(typed.body, 100 * room), tower.split_pattern) as b
                where tower.vocabulary = 'BPE'
                union all
                select p.number, p.word
                from clipsql_private.bert_words(typed.body) as p
                where tower.vocabulary = 'WordPiece') as s
            left join clipsql_private.text_word as w on w.model_id = tower.model_id and w.word = s.word
            where typed.token_id is null
            union all
            select 1, typed.body, typed.token_id where typed.token_id is not null
            order by 1
        loop
            word_total := word_total + 1;
            ids := case
                when piece.token_id is not null then array[piece.token_id]
                when tower.vocabulary = 'BPE' then clipsql_private.merge_bytes(piece.word, tower)
                else clipsql_private.match_pieces(piece.word, tower) end;
            return query select i.id, word_total, piece.word from unnest(ids[: room - token_total]) as i (id);
            token_total := token_total + cardinality(ids);
            if token_total >= room then
                return;
            end if;
        end loop;
    end loop;
end;
$$;


--
-- Name: FUNCTION encode_words(query text, tower clipsql_private.text_tower); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.encode_words(query text, tower clipsql_private.text_tower) IS 'Token ids of a text between start and end, cut to what the model takes, with the word that each belongs to.';


--
-- Name: end_basis(integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.end_basis(of_basis integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    rows_of constant text := format('clipsql_private.search_row_%s', of_basis);
    of_model constant integer := (select b.model_id from clipsql_private.code_basis as b where b.basis_id = of_basis);
begin
    execute format('lock table %s in share mode', clipsql_private.partition_name('image_embedding', of_model));
    update clipsql.model as m set is_default = m.is_default where m.model_id = of_model;
    if (select b.state from clipsql_private.code_basis as b where b.basis_id = of_basis) <> 'filling' then
        return;  -- another run was done first
    end if;
    -- Of embeddings that were removed by transactions which did not see their rows yet.
    delete from clipsql_private.search_row as s
    where s.basis_id = of_basis
        and not exists (select from clipsql.image_embedding as e where e.model_id = of_model and e.image_id = s.image_id);
    perform clipsql_private.write_search_rows(of_basis, array(
        select e.image_id
        from clipsql.image_embedding as e
        where e.model_id = of_model
            and not exists (select from clipsql_private.search_row as s where s.basis_id = of_basis and s.image_id = e.image_id)));
    execute format('create index on %s (taken_at) include (image_id, left_out, code)', rows_of);
    execute format('create index on %s (collection, taken_at) include (image_id, left_out, code)', rows_of);
    -- Longitude and latitude too: an index is read alone only if it has every column.
    execute format(
        'create index on %s using gist (point(longitude, latitude)) include (longitude, latitude, image_id, left_out, code)'
        ' where longitude is not null',
        rows_of);
    update clipsql_private.code_basis as b
    set state = case when b.basis_id = of_basis then 'ready' else 'retired' end, changed_at = now()
    where b.model_id = of_model and b.state <> 'retired';
end;
$$;


--
-- Name: FUNCTION end_basis(of_basis integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.end_basis(of_basis integer) IS 'Indexes the search rows of a basis, lets searches use them, and retires those of earlier bases of the model.';


--
-- Name: exact_distances(public.halfvec, bigint[], integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.exact_distances(query public.halfvec, images bigint[], of_model integer, OUT ids bigint[], OUT distances double precision[]) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_nestloop TO 'on'
    SET enable_indexscan TO 'on'
    AS $$
begin
    select array_agg(n.image_id order by n.distance, n.image_id), array_agg(n.distance order by n.distance, n.image_id)
    into ids, distances
    from (
        select e.image_id, e.embedding <=> query as distance
        from unnest(images) as u(image_id)
        join clipsql.image_embedding as e on e.image_id = u.image_id and e.model_id = of_model
        offset 0
    ) as n;
end;
$$;


--
-- Name: FUNCTION exact_distances(query public.halfvec, images bigint[], of_model integer, OUT ids bigint[], OUT distances double precision[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.exact_distances(query public.halfvec, images bigint[], of_model integer, OUT ids bigint[], OUT distances double precision[]) IS 'Pictures by their cosine distance to a query, and the distances.';


--
-- Name: expand_tokens(integer, integer, double precision[], public.halfvec[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.expand_tokens(of_model integer, of_layer integer, gate double precision[], inputs public.halfvec[]) RETURNS public.halfvec[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    outputs halfvec[] := '{}';
    size integer;
    g0 constant double precision := gate[1];
    g1 constant double precision := gate[2];
    g2 constant double precision := gate[3];
    g3 constant double precision := gate[4];
    g4 constant double precision := gate[5];
    x1 halfvec; x2 halfvec; x3 halfvec; x4 halfvec; x5 halfvec; x6 halfvec; x7 halfvec; x8 halfvec;
    y1 double precision[]; y2 double precision[]; y3 double precision[]; y4 double precision[];
    y5 double precision[]; y6 double precision[]; y7 double precision[]; y8 double precision[];
begin
    for done in 0 .. cardinality(inputs) - 1 by 8 loop
        size := least(8, cardinality(inputs) - done);
        x1 := inputs[done + 1];
        x2 := inputs[done + 2];
        x3 := inputs[done + 3];
        x4 := inputs[done + 4];
        x5 := inputs[done + 5];
        x6 := inputs[done + 6];
        x7 := inputs[done + 7];
        x8 := inputs[done + 8];
        select
            array_agg(clipsql_private.gate(n.t1, g0, g1, g2, g3, g4)),
            array_agg(clipsql_private.gate(n.t2, g0, g1, g2, g3, g4)) filter (where size >= 2),
            array_agg(clipsql_private.gate(n.t3, g0, g1, g2, g3, g4)) filter (where size >= 3),
            array_agg(clipsql_private.gate(n.t4, g0, g1, g2, g3, g4)) filter (where size >= 4),
            array_agg(clipsql_private.gate(n.t5, g0, g1, g2, g3, g4)) filter (where size >= 5),
            array_agg(clipsql_private.gate(n.t6, g0, g1, g2, g3, g4)) filter (where size >= 6),
            array_agg(clipsql_private.gate(n.t7, g0, g1, g2, g3, g4)) filter (where size >= 7),
            array_agg(clipsql_private.gate(n.t8, g0, g1, g2, g3, g4)) filter (where size >= 8)
        into y1, y2, y3, y4, y5, y6, y7, y8
        from (
            select
                inner_product(t.weights, x1) + t.bias as t1,
                inner_product(t.weights, x2) + t.bias as t2,
                inner_product(t.weights, x3) + t.bias as t3,
                inner_product(t.weights, x4) + t.bias as t4,
                inner_product(t.weights, x5) + t.bias as t5,
                inner_product(t.weights, x6) + t.bias as t6,
                inner_product(t.weights, x7) + t.bias as t7,
                inner_product(t.weights, x8) + t.bias as t8
            from clipsql_private.text_neuron as t
            where t.model_id = of_model and t.layer = of_layer and t.part = 'expand'
            order by t.neuron) as n;
        outputs := outputs || (array[
            y1::halfvec, y2::halfvec, y3::halfvec, y4::halfvec,
            y5::halfvec, y6::halfvec, y7::halfvec, y8::halfvec])[:size];
    end loop;
    return outputs;
end;
$$;


--
-- Name: FUNCTION expand_tokens(of_model integer, of_layer integer, gate double precision[], inputs public.halfvec[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.expand_tokens(of_model integer, of_layer integer, gate double precision[], inputs public.halfvec[]) IS 'The widening half of a layer''s perceptron and its activation, applied to every token.';


--
-- Name: farthest_distance(integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.farthest_distance(directions integer) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT (('greatest('::text || string_agg(format('e.embedding <=> ($2)[%s]'::text, n.number), ', '::text ORDER BY n.number)) || ')'::text) FROM generate_series(1, farthest_distance.directions) n(number));


--
-- Name: FUNCTION farthest_distance(directions integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.farthest_distance(directions integer) IS 'SQL of the largest distance between e.embedding and each vector of the halfvec[] $2.';


--
-- Name: file_of_address(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.file_of_address(address text) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (address ~* '^file:///'::text) THEN (SELECT string_agg(CASE WHEN (p.part[1] ~ '^%[0-9A-Fa-f]{2}$'::text) THEN decode(substr(p.part[1], 2), 'hex'::text) ELSE decode(replace(p.part[1], '\'::text, '\\'::text), 'escape'::text) END, '\x'::bytea ORDER BY p."position") AS string_agg FROM regexp_matches(regexp_replace(substr(file_of_address.address, 8), '[?#].*'::text, ''::text), '%[0-9A-Fa-f]{2}|[^%]+|%'::text, 'g'::text) WITH ORDINALITY p(part, "position")) ELSE NULL::bytea END;


--
-- Name: FUNCTION file_of_address(address text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.file_of_address(address text) IS 'The path in a file: address; null for any other.';


--
-- Name: fill_search_rows(integer, bigint, integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.fill_search_rows(of_basis integer, after_image bigint, how_many integer) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


--
-- Name: FUNCTION fill_search_rows(of_basis integer, after_image bigint, how_many integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.fill_search_rows(of_basis integer, after_image bigint, how_many integer) IS 'Writes the search rows that the next embeddings lack; returns the last picture looked at.';


--
-- Name: filtered_images(clipsql_private.search_filter); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.filtered_images(filter clipsql_private.search_filter) RETURNS SETOF bigint
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET gin_fuzzy_search_limit TO '0'
    AS $$
begin
    return query execute format(
        'select i.image_id from %s as i where i.status = ''embedded'' %s order by i.image_id',
        clipsql_private.visible_images(), 'and ' || nullif(clipsql_private.conditions(filter), ''))
    using filter;
end;
$$;


--
-- Name: FUNCTION filtered_images(filter clipsql_private.search_filter); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.filtered_images(filter clipsql_private.search_filter) IS 'Pictures with a content that pass a filter, by their numbers.';


--
-- Name: find_changed_rows(integer, boolean, text[], integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.find_changed_rows(attachment integer, in_links boolean, after text[], most_rows integer, OUT reached text[], OUT found_rows integer) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    AS $_$
#variable_conflict use_variable
declare
    attached constant clipsql_private.attached_table := clipsql_private.attached_table(attachment);
    read_from text := case when in_links then 'l' else 's' end;
    read_keys text[] := case when in_links then attached.row_keys else attached.source_keys end;
    start text;
begin
    if attached.is_usable is not true then
        return;
    end if;
    perform clipsql_private.check_whole_table(attached.source);
    start := case when after is not null then (
        select format('where (%s) > (%s)', clipsql_private.key_list(read_keys, read_from),
            string_agg(format('%L::%s', after[c.position], c.type), ', ' order by c.position))
        from clipsql_private.attached_column as c
        where c.attachment_id = attachment and c.role = 'key') end;
    execute format(
        'with stretch as materialized (
             select %1$s from %2$s as %3$s %4$s order by %1$s limit $1
         ), noted as (
             insert into %5$s (%6$s, is_fresh)
             select %7$s, false
             from stretch as t
             left join %8$s as s on %9$s
             left join %10$s as l on %11$s
             where %12$s
             returning 1
         )
         select (select array[%13$s] from stretch as t order by %14$s limit 1), (select count(*) from noted)',
        clipsql_private.key_list(read_keys, read_from),
        case when in_links then attached.link else attached.source::text end,
        read_from,
        start,
        attached.changes,
        clipsql_private.key_list(attached.row_keys),
        clipsql_private.key_list(read_keys, 't'),
        attached.source,
        clipsql_private.same_key(attached.source_keys, 's', read_keys, 't'),
        attached.link,
        clipsql_private.same_key(attached.row_keys, 'l', read_keys, 't'),
        case when in_links then format('s.%s is null', attached.source_keys[1])
             else format('case when %1$s is null then l.facts is not null else l.facts is distinct from %2$s end',
                 attached.address, attached.facts) end,
        array_to_string(array(select format('t.%s::text', k) from unnest(read_keys) with ordinality as n(k, p) order by p), ', '),
        array_to_string(array(select format('t.%s desc', k) from unnest(read_keys) with ordinality as n(k, p) order by p), ', '))
    into reached, found_rows using most_rows;
end;
$_$;


--
-- Name: FUNCTION find_changed_rows(attachment integer, in_links boolean, after text[], most_rows integer, OUT reached text[], OUT found_rows integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.find_changed_rows(attachment integer, in_links boolean, after text[], most_rows integer, OUT reached text[], OUT found_rows integer) IS 'Notes rows of a stretch of keys whose pictures are not up to date; returns the last key, null after the end, and how many.';


--
-- Name: fusion; Type: TABLE; Schema: clipsql; Owner: -
--

CREATE TABLE clipsql.fusion (
    fusion_id integer NOT NULL,
    model_id integer NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    picture_weight double precision NOT NULL,
    text_weight double precision NOT NULL,
    examples integer NOT NULL,
    average_rank double precision NOT NULL,
    weighted_sum_rank double precision NOT NULL,
    fusion_rank double precision NOT NULL,
    gain_low double precision NOT NULL,
    gain_high double precision NOT NULL,
    is_better boolean NOT NULL,
    fitted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT fusion_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
    CONSTRAINT fusion_reserved_check CHECK ((name !~ '^(weighted sum|mean similarity|minimum similarity)$'::text))
);


--
-- Name: TABLE fusion; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TABLE clipsql.fusion IS 'A way to make one vector of a picture''s and a text''s under a model, learned from what was meant.';


--
-- Name: COLUMN fusion.fusion_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.fusion.fusion_id IS 'Number of the fusion, given by the database.';


--
-- Name: COLUMN fusion.model_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.fusion.model_id IS 'The model whose vectors it joins.';


--
-- Name: COLUMN fusion.name; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.fusion.name IS 'Name by which the argument fusion finds it.';


--
-- Name: COLUMN fusion.kind; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.fusion.kind IS 'How it was fitted: ridge regression of a strength, or a hidden layer.';


--
-- Name: COLUMN fusion.picture_weight; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.fusion.picture_weight IS 'Weight of the picture in the best weighted sum.';


--
-- Name: COLUMN fusion.text_weight; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.fusion.text_weight IS 'Weight of the text in the best weighted sum.';


--
-- Name: COLUMN fusion.examples; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.fusion.examples IS 'How many examples it was fitted to.';


--
-- Name: COLUMN fusion.average_rank; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.fusion.average_rank IS 'Mean reciprocal rank of what was meant, of the plain average of picture and text.';


--
-- Name: COLUMN fusion.weighted_sum_rank; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.fusion.weighted_sum_rank IS 'The same of the best weighted sum, on examples that it was not chosen by.';


--
-- Name: COLUMN fusion.fusion_rank; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.fusion.fusion_rank IS 'The same of fusions fitted so, on examples that they were not fitted to.';


--
-- Name: COLUMN fusion.gain_low; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.fusion.gain_low IS 'Least gain over the weighted sum in 95 of 100 resamples of the wanted pictures.';


--
-- Name: COLUMN fusion.gain_high; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.fusion.gain_high IS 'Most gain over the weighted sum in these.';


--
-- Name: COLUMN fusion.is_better; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.fusion.is_better IS 'Whether it surely beats the weighted sum.';


--
-- Name: COLUMN fusion.fitted_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.fusion.fitted_at IS 'When it was fitted.';


--
-- Name: find_fusion(text, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.find_fusion(fusion text, chosen clipsql.model) RETURNS clipsql.fusion
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    found_fusion clipsql.fusion;
begin
    perform clipsql_private.check_most('fusion', length(fusion), 'characters');
    select f.* into found_fusion from clipsql.fusion as f where f.model_id = chosen.model_id and f.name = fusion;
    if found_fusion.fusion_id is null then
        raise exception using errcode = 'CQ004', message = format(
            'fusion must be "weighted sum", "mean similarity" or "minimum similarity"%s, not %s.',
            (select ', or a learned one of model ' || chosen.name || ': ' || string_agg(quote_ident(f.name), ', ' order by f.name)
             from clipsql.fusion as f where f.model_id = chosen.model_id and f.is_better),
            coalesce(quote_ident(fusion), 'null'));
    end if;
    return found_fusion;
end;
$$;


--
-- Name: FUNCTION find_fusion(fusion text, chosen clipsql.model); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.find_fusion(fusion text, chosen clipsql.model) IS 'The learned fusion of that name under a model; CQ004 tells which there are.';


--
-- Name: find_matches(public.vector, integer, text, clipsql_private.search_filter, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.find_matches(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, OUT strategy clipsql_private.search_strategy, OUT way text, OUT is_exact boolean, OUT walked integer, OUT ids bigint[], OUT distances double precision[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    found record;
begin
    strategy := clipsql_private.choose_strategy(query, max_results, conditions, filter, chosen);
    if strategy.is_open and strategy.coded is not null and clipsql_private.is_narrow(filter) then
        found := clipsql_private.scan_codes(query, max_results, conditions, filter, chosen, strategy.coded, only_few => true);
        if found.ids is not null then
            strategy.reason := 'so few are compared faster than it is found out how many they are';
            way := 'search rows';
            is_exact := found.is_exact;
            ids := found.ids;
            distances := found.distances;
            return;
        end if;
    end if;
    if strategy.is_open then
        strategy := clipsql_private.choose_strategy(
            query, max_results, conditions, filter, chosen,
            share => clipsql_private.sample_share(conditions, filter, (strategy.coded).basis_id));
    end if;
    if strategy.walks then
        found := clipsql_private.walk_index(query, max_results, conditions, filter, chosen, strategy);
        walked := found.walked;
        if found.ids is not null then
            way := 'index walk';
            is_exact := false;
        end if;
    end if;
    if way is null and strategy.coded is not null then
        found := clipsql_private.scan_codes(query, max_results, conditions, filter, chosen, strategy.coded, only_few => false);
        way := 'search rows';
        is_exact := found.is_exact;
    elsif way is null then
        found := clipsql_private.compare_all(query, max_results, conditions, filter, chosen);
        way := 'exact';
        is_exact := true;
    end if;
    ids := found.ids[:max_results];
    distances := found.distances[:max_results];
end;
$$;


--
-- Name: FUNCTION find_matches(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, OUT strategy clipsql_private.search_strategy, OUT way text, OUT is_exact boolean, OUT walked integer, OUT ids bigint[], OUT distances double precision[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.find_matches(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, OUT strategy clipsql_private.search_strategy, OUT way text, OUT is_exact boolean, OUT walked integer, OUT ids bigint[], OUT distances double precision[]) IS 'Nearest matches with their cosine distance, complete whenever enough match, and the way in which they were found.';


--
-- Name: watch_list; Type: TABLE; Schema: clipsql; Owner: -
--

CREATE TABLE clipsql.watch_list (
    watch_id bigint NOT NULL,
    name text NOT NULL,
    owner text NOT NULL,
    model_id integer,
    query text,
    images bigint[],
    filters jsonb NOT NULL,
    timezone text NOT NULL,
    alarms_per_day double precision,
    min_percentile double precision,
    min_similarity double precision NOT NULL,
    alarms_low double precision,
    alarms_high double precision,
    once_per interval,
    once_per_key text,
    is_paused boolean DEFAULT false NOT NULL,
    problem text,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: TABLE watch_list; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TABLE clipsql.watch_list IS 'One watch: what is looked for in pictures to come. clipsql.watch makes and changes it.';


--
-- Name: COLUMN watch_list.watch_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.watch_id IS 'Number of the watch, given by the database.';


--
-- Name: COLUMN watch_list.name; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.name IS 'What it is called.';


--
-- Name: COLUMN watch_list.owner; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.owner IS 'The role that made it, and alone changes it.';


--
-- Name: COLUMN watch_list.model_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.model_id IS 'The model whose embeddings it compares; null: that model was removed, so it raises nothing.';


--
-- Name: COLUMN watch_list.query; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.query IS 'The query that it is for.';


--
-- Name: COLUMN watch_list.images; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.images IS 'Stored pictures that it is for, or that its query names.';


--
-- Name: COLUMN watch_list.filters; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.filters IS 'Its filters by the names that they have in a search.';


--
-- Name: COLUMN watch_list.timezone; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.timezone IS 'Time zone of its days and times of day.';


--
-- Name: COLUMN watch_list.alarms_per_day; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.alarms_per_day IS 'How many alarms a day were asked for, if that was.';


--
-- Name: COLUMN watch_list.min_percentile; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.min_percentile IS 'Which percentile was asked for, if that was.';


--
-- Name: COLUMN watch_list.min_similarity; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.min_similarity IS 'Pictures at least as similar raise an alarm; asked for, or found in the pictures that were there.';


--
-- Name: COLUMN watch_list.alarms_low; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.alarms_low IS 'Least alarms of a day to come, in 95 of 100 cases; null unless a rate was asked for.';


--
-- Name: COLUMN watch_list.alarms_high; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.alarms_high IS 'Most alarms of a day to come, in 95 of 100 cases; null unless a rate was asked for.';


--
-- Name: COLUMN watch_list.once_per; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.once_per IS 'Length of the periods, counted from midnight, in which alarms are one; null: none are.';


--
-- Name: COLUMN watch_list.once_per_key; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.once_per_key IS 'Key of the metadata of which each value has an alarm of its own.';


--
-- Name: COLUMN watch_list.is_paused; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.is_paused IS 'Whether it raises nothing at present.';


--
-- Name: COLUMN watch_list.problem; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.problem IS 'Why alarms could not be raised, when last they could not; null: all is well.';


--
-- Name: COLUMN watch_list.created_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_list.created_at IS 'When it was made.';


--
-- Name: find_watch(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.find_watch(name text) RETURNS clipsql.watch_list
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
declare
    found_watch clipsql.watch_list;
begin
    perform clipsql_private.check_most('watch', length(find_watch.name), 'characters');
    select w.* into found_watch from clipsql.watch_list as w where w.name = find_watch.name;
    if not found then
        raise exception using errcode = 'CQ009', message = format(
            'There is no watch "%s"; clipsql.watch_list shows what there is.', find_watch.name);
    end if;
    return found_watch;
end;
$$;


--
-- Name: FUNCTION find_watch(name text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.find_watch(name text) IS 'The watch of that name; CQ009 when there is none.';


--
-- Name: forget_regions(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.forget_regions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    delete from clipsql.region_embedding as e where e.image_id = new.image_id;
    update clipsql.image_region as r set error = null where r.image_id = new.image_id and r.error is not null;
    return null;
end;
$$;


--
-- Name: FUNCTION forget_regions(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.forget_regions() IS 'Trigger: with a picture''s content the vectors of its regions go.';


--
-- Name: found_images(text, bigint, boolean, integer, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.found_images(query text, of_caption bigint, has_terms boolean, max_results integer, chosen clipsql.model) RETURNS bigint[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    if of_caption is not null then
        return array(
            select s.image_id
            from clipsql.caption_embedding as e
            cross join lateral clipsql.search(
                query => e.embedding::vector, max_results => found_images.max_results, model => chosen.name) as s
            where e.caption_id = of_caption and e.model_id = chosen.model_id
            order by s.rank);
    elsif has_terms then
        return array(
            select s.image_id
            from clipsql.search_query(query => found_images.query, max_results => found_images.max_results, model => chosen.name) as s
            order by s.rank);
    end if;
    return array(
        select s.image_id
        from clipsql.search_text(query => found_images.query, max_results => found_images.max_results, model => chosen.name) as s
        order by s.rank);
end;
$$;


--
-- Name: FUNCTION found_images(query text, of_caption bigint, has_terms boolean, max_results integer, chosen clipsql.model); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.found_images(query text, of_caption bigint, has_terms boolean, max_results integer, chosen clipsql.model) IS 'image_ids that a query finds under a model, nearest first.';


--
-- Name: fuse(clipsql.fusion, public.vector, public.vector); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.fuse(chosen clipsql.fusion, picture public.vector, query public.vector) RETURNS public.vector
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    input vector := picture || query || '[1]'::vector;
    depth constant integer := (
        select max(r.layer) from clipsql_private.fusion_row as r where r.fusion_id = chosen.fusion_id);
    output real[];
begin
    for layer_number in 1 .. depth loop
        select array_agg(-(r.weights <#> input) order by r.number)
        into output
        from clipsql_private.fusion_row as r
        where r.fusion_id = chosen.fusion_id and r.layer = layer_number;
        if layer_number < depth then
            input := (array(select greatest(o.one, 0) from unnest(output) with ordinality as o(one, place) order by o.place)
                || 1::real)::vector;
        end if;
    end loop;
    return clipsql.mix(
        array[picture, query, output::vector], array[chosen.picture_weight, chosen.text_weight, 1]);
end;
$$;


--
-- Name: FUNCTION fuse(chosen clipsql.fusion, picture public.vector, query public.vector); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.fuse(chosen clipsql.fusion, picture public.vector, query public.vector) IS 'What a learned fusion makes of the unit vectors of a picture and a text.';


--
-- Name: gate(double precision, double precision, double precision, double precision, double precision, double precision); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.gate(t double precision, g0 double precision, g1 double precision, g2 double precision, g3 double precision, g4 double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select t * (1 + tanh(t * case
        when g1 = 0 then g0
        else g0 + t * t * (g1 + t * t * (g2 + t * t * (g3 + t * t * g4))) end))
$$;


--
-- Name: FUNCTION gate(t double precision, g0 double precision, g1 double precision, g2 double precision, g3 double precision, g4 double precision); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.gate(t double precision, g0 double precision, g1 double precision, g2 double precision, g3 double precision, g4 double precision) IS 'Activation of one neuron of a text tower.';


--
-- Name: given_keys(integer, text[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.given_keys(attachment integer, only_rows text[]) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
declare
    widths constant integer := (
        select count(*) from clipsql_private.attached_column as c where c.attachment_id = attachment and c.role = 'key');
begin
    perform clipsql_private.check_most('only_rows', array_length(only_rows, 1), 'rows');
    if only_rows <> '{}' and (
            array_ndims(only_rows) <> case widths when 1 then 1 else 2 end or array_length(only_rows, 2) <> widths) then
        raise exception using errcode = 'CQ004', message = format(
            'only_rows must hold keys as texts, %s; write it as array(select %s from ...).',
            case widths when 1 then 'one for each row' else format('a list of %s for each row', widths) end,
            case widths when 1 then 'p.id::text' else 'array[p.a::text, p.b::text]' end);
    end if;
    -- Not by subscripts, each of which would be searched for from the beginning.
    return (
        select case widths
            when 1 then format('(select u.part::%s as %I from unnest($5) as u(part))', min(c.type), min(c.key_name))
            else format(
                '(select %s from unnest($5) with ordinality as u(part, number) group by (u.number - 1) / %s)',
                string_agg(
                    format('(max(u.part) filter (where u.number %% %s = %s))::%s as %I',
                        widths, c.position % widths, c.type, c.key_name),
                    ', ' order by c.position),
                widths)
            end
        from clipsql_private.attached_column as c
        where c.attachment_id = attachment and c.role = 'key');
end;
$_$;


--
-- Name: FUNCTION given_keys(attachment integer, only_rows text[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.given_keys(attachment integer, only_rows text[]) IS 'SQL for the keys of given rows, from $5; CQ004 for what are no keys.';


--
-- Name: grant_as_whole(regclass); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.grant_as_whole(part regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    one record;
begin
    for one in
        select x.privilege_type, x.grantee::regrole as grantee
        from pg_catalog.pg_inherits as h
        join pg_catalog.pg_class as c on c.oid = h.inhparent
        cross join lateral aclexplode(c.relacl) as x
        where h.inhrelid = part and x.grantee in (to_regrole('clipsql_reader'), to_regrole('clipsql_writer'))
    loop
        execute format('grant %s on %s to %s', one.privilege_type, part, one.grantee);
    end loop;
end;
$$;


--
-- Name: FUNCTION grant_as_whole(part regclass); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.grant_as_whole(part regclass) IS 'Gives the part of a table the rights that the roles of readers and of writers have to its whole.';


--
-- Name: hand_over(integer, regclass); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.hand_over(attachment integer, source regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    owner constant regrole := (select c.relowner from pg_catalog.pg_class as c where c.oid = 'clipsql_private.link'::regclass);
    attached constant clipsql_private.attached_table := clipsql_private.attached_table(attachment);
    one record;
begin
    execute format('alter table %s owner to %s', attached.link, owner);
    execute format('alter table %s owner to %s', attached.changes, owner);
    perform clipsql_private.grant_as_whole(t.own) from unnest(array[attached.link, attached.changes]::regclass[]) as t(own);
    execute format('comment on table %s is %L', attached.link, format('Which picture a row of %s has.', source));
    for one in
        select a.attname, coalesce(
            col_description('clipsql_private.link'::regclass, p.attnum), format('Key of the row, as in %s.', source)) as words
        from pg_catalog.pg_attribute as a
        left join pg_catalog.pg_attribute as p on p.attrelid = 'clipsql_private.link'::regclass and p.attname = a.attname
        where a.attrelid = attached.link::regclass and a.attnum > 0
    loop
        execute format('comment on column %s.%I is %L', attached.link, one.attname, one.words);
    end loop;
end;
$$;


--
-- Name: FUNCTION hand_over(attachment integer, source regclass); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.hand_over(attachment integer, source regclass) IS 'Owner, rights and comments of the tables of an attachment.';


--
-- Name: shard; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.shard (
    shard_id integer NOT NULL,
    name text NOT NULL,
    server text NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT shard_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
    CONSTRAINT shard_shard_id_check CHECK (((shard_id >= 0) AND (shard_id <= 8191)))
);


--
-- Name: TABLE shard; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.shard IS 'A database that holds a part of the pictures; its foreign server says where, a user mapping as whom.';


--
-- Name: has_shards(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.has_shards() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (EXISTS (SELECT FROM clipsql_private.shard));


--
-- Name: FUNCTION has_shards(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.has_shards() IS 'Whether this database is a coordinator, whose pictures lie on shards.';


--
-- Name: partition_name(text, integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.partition_name(embeddings text, of_model integer) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((('clipsql_private.'::text || embeddings) || '_'::text) || (of_model)::text);


--
-- Name: FUNCTION partition_name(embeddings text, of_model integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.partition_name(embeddings text, of_model integer) IS 'Qualified name of the partition of an embedding table that holds a model''s vectors.';


--
-- Name: hnsw_index_name(text, integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.hnsw_index_name(embeddings text, of_model integer) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (clipsql_private.partition_name(embeddings, of_model) || '_hnsw'::text);


--
-- Name: FUNCTION hnsw_index_name(embeddings text, of_model integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.hnsw_index_name(embeddings text, of_model integer) IS 'Qualified name of the HNSW index over a model''s partition of an embedding table.';


--
-- Name: index_is_usable(integer, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.index_is_usable(of_model integer, embeddings text DEFAULT 'image_embedding'::text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE((SELECT (x.indisvalid AND x.indisready) FROM pg_index x WHERE (x.indexrelid = (to_regclass(clipsql_private.hnsw_index_name(index_is_usable.embeddings, index_is_usable.of_model)))::oid)), false);


--
-- Name: FUNCTION index_is_usable(of_model integer, embeddings text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.index_is_usable(of_model integer, embeddings text) IS 'Whether the HNSW index over a model''s embeddings of pictures, captions or regions exists and is valid.';


--
-- Name: is_narrow(clipsql_private.search_filter); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.is_narrow(filter clipsql_private.search_filter) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (num_nonnulls((filter).having_metadata, (filter).metadata_matches, (filter).caption_query, (filter).attachment_id) = 0);


--
-- Name: FUNCTION is_narrow(filter clipsql_private.search_filter); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.is_narrow(filter clipsql_private.search_filter) IS 'Whether a filter looks at nothing but collection, time, place and ids.';


--
-- Name: is_plain_condition(pg_node_tree); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.is_plain_condition(condition pg_node_tree) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT ((condition IS NULL) OR ((NOT (EXISTS ( SELECT
            FROM regexp_matches((is_plain_condition.condition)::text, '\{([A-Z]+)'::text, 'g'::text) n(node)
           WHERE (n.node[1] <> ALL (ARRAY['VAR'::text, 'CONST'::text, 'OPEXPR'::text, 'SCALARARRAYOPEXPR'::text, 'DISTINCTEXPR'::text, 'NULLIFEXPR'::text, 'FUNCEXPR'::text, 'BOOLEXPR'::text, 'NULLTEST'::text, 'BOOLEANTEST'::text, 'RELABELTYPE'::text, 'COERCEVIAIO'::text, 'COALESCEEXPR'::text, 'COALESCE'::text, 'CASEEXPR'::text, 'CASE'::text, 'CASEWHEN'::text, 'WHEN'::text, 'CASETESTEXPR'::text, 'ARRAYEXPR'::text, 'ARRAY'::text, 'MINMAX'::text, 'SQLVALUEFUNCTION'::text]))))) AND (NOT (EXISTS ( SELECT
            FROM (( SELECT (f.id[1])::oid AS id
                    FROM regexp_matches((is_plain_condition.condition)::text, ':(?:opfuncid|funcid) (\d+)'::text, 'g'::text) f(id)
                 UNION ALL
                  SELECT (o.oprcode)::oid AS oprcode
                    FROM (regexp_matches((is_plain_condition.condition)::text, ':opno (\d+)'::text, 'g'::text) f(id)
                      LEFT JOIN pg_operator o ON ((o.oid = (f.id[1])::oid)))) called(id)
              LEFT JOIN pg_proc p ON ((p.oid = called.id)))
           WHERE ((called.id IS DISTINCT FROM (0)::oid) AND (NOT COALESCE(((p.pronamespace = ('pg_catalog'::regnamespace)::oid) AND ((p.provolatile = 'i'::"char") OR (p.proname = 'current_setting'::name))), false))))))));
END;


--
-- Name: FUNCTION is_plain_condition(condition pg_node_tree); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.is_plain_condition(condition pg_node_tree) IS 'Whether the condition of a policy can be applied under another role.';


--
-- Name: is_restoring(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.is_restoring() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((NOT (current_setting('check_function_bodies'::text))::boolean) AND (NOT (current_setting('row_security'::text))::boolean));


--
-- Name: FUNCTION is_restoring(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.is_restoring() IS 'Whether rows come out of a dump, with all that ever followed from them.';


--
-- Name: is_told(text, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.is_told(owner text, watch_owner text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((owner = watch_owner) OR (NOT (SELECT c.relrowsecurity FROM pg_class c WHERE (c.oid = ('clipsql.image'::regclass)::oid))));


--
-- Name: FUNCTION is_told(owner text, watch_owner text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.is_told(owner text, watch_owner text) IS 'Whether a role''s webhook is told of another''s watch: all are, where no policy hides pictures.';


--
-- Name: joined_images(bigint[], bigint[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.joined_images(images bigint[], more bigint[]) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (array_ndims(images) > 1) THEN images ELSE (images || more) END;


--
-- Name: FUNCTION joined_images(images bigint[], more bigint[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.joined_images(images bigint[], more bigint[]) IS 'Both lists of pictures in one; the first alone when it is no list.';


--
-- Name: json_of_column(text, oid); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.json_of_column(name text, type oid) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN (type = ('timestamp with time zone'::regtype)::oid) THEN format('to_jsonb((to_jsonb(s.%1$s at time zone ''UTC'') #>> ''{}'') || ''+00:00'')'::text, name) WHEN (type = ('json'::regtype)::oid) THEN format('case when strpos(s.%1$s::text, chr(92) || ''u0000'') > 0 then to_jsonb(s.%1$s::text) else to_jsonb(s.%1$s) end'::text, name) ELSE format('to_jsonb(s.%s)'::text, name) END;


--
-- Name: FUNCTION json_of_column(name text, type oid); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.json_of_column(name text, type oid) IS 'SQL for a column of a row s as jsonb.';


--
-- Name: keep_apart(regclass); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.keep_apart(of_table regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
declare
    -- Drawn from the pictures of all, for statements of the owner.
    of_the_owner constant regclass[] := array['clipsql_private.percentile_sample_embedding', 'clipsql_private.percentile_sample_code'];
    is_part constant boolean := (select c.relispartition from pg_catalog.pg_class as c where c.oid = of_table);
    whole record;
    extra text;
begin
    execute format('alter table %s enable row level security', of_table);
    select w.* into whole
    from (values (1, 'image_id', 'clipsql.image'), (2, 'caption_id', 'clipsql.caption')) as w(place, key, relation)
    join pg_catalog.pg_attribute as a on a.attrelid = of_table and a.attname = w.key and not a.attisdropped
    where not is_part and of_table <> all (of_the_owner)
    order by w.place
    limit 1;
    perform clipsql_private.drop_tenant_policies(of_table);
    if of_table in ('clipsql_private.attachment'::regclass, 'clipsql_private.attached_column'::regclass) then
        execute format('create policy clipsql_tenant_select on %s for select using (true)', of_table);
    end if;
    -- What a model was asked is seen by who sees an answer.
    if of_table = to_regclass('clipsql.model_query') then
        create policy clipsql_tenant_select on clipsql.model_query for select
            using (exists (select from clipsql.model_answer as a where a.query_id = model_query.query_id));
    end if;
    if whole is null then
        return;
    end if;
    -- A worker reads files of its own machine only for who may look at them all.
    extra := case when of_table = 'clipsql_private.queue'::regclass then ' and file_to_read is null' else '' end;
    execute format(
        'create policy clipsql_tenant_select on %1$s for select
             using (exists (select from %3$s as whole where whole.%2$I = %1$s.%2$I))', of_table, whole.key, whole.relation);
    execute format(
        'create policy clipsql_tenant_insert on %1$s for insert
             with check (exists (select from %3$s as whole where whole.%2$I = %1$s.%2$I for key share)%4$s)',
        of_table, whole.key, whole.relation, extra);
    execute format(
        'create policy clipsql_tenant_update on %1$s for update
             using (exists (select from %3$s as whole where whole.%2$I = %1$s.%2$I for key share))
             with check (exists (select from %3$s as whole where whole.%2$I = %1$s.%2$I for key share)%4$s)',
        of_table, whole.key, whole.relation, extra);
    execute format(
        'create policy clipsql_tenant_delete on %1$s for delete
             using (exists (select from %3$s as whole where whole.%2$I = %1$s.%2$I for key share))',
        of_table, whole.key, whole.relation);
end;
$_$;


--
-- Name: FUNCTION keep_apart(of_table regclass); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.keep_apart(of_table regclass) IS 'Row-level security on a table that goes by that of clipsql.image.';


--
-- Name: keep_search_rows(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.keep_search_rows() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    part record;
begin
    perform clipsql_private.check_bases();
    if tg_op <> 'INSERT' then
        for part in
            select b.basis_id, array_agg(r.image_id order by r.image_id) as images
            from removed as r
            join clipsql_private.code_basis as b on b.model_id = r.model_id and b.state <> 'retired'
            group by b.basis_id
        loop
            delete from clipsql_private.search_row as s
            where s.basis_id = part.basis_id and s.image_id = any (part.images);
        end loop;
    end if;
    if tg_op <> 'DELETE' then
        for part in
            select b.basis_id, array_agg(w.image_id order by w.image_id) as images
            from written as w
            join clipsql_private.code_basis as b on b.model_id = w.model_id and b.state <> 'retired'
            group by b.basis_id
        loop
            perform clipsql_private.write_search_rows(part.basis_id, part.images);
        end loop;
    end if;
    return null;
end;
$$;


--
-- Name: FUNCTION keep_search_rows(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.keep_search_rows() IS 'Trigger: search rows follow the embeddings that a statement wrote or removed.';


--
-- Name: image_embedding; Type: TABLE; Schema: clipsql; Owner: -
--

CREATE TABLE clipsql.image_embedding (
    image_id bigint NOT NULL,
    model_id integer NOT NULL,
    embedding public.halfvec NOT NULL
)
PARTITION BY LIST (model_id);


--
-- Name: TABLE image_embedding; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TABLE clipsql.image_embedding IS 'A picture under a model: one unit-length vector. One partition, with its own HNSW index, for each model.';


--
-- Name: COLUMN image_embedding.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image_embedding.image_id IS 'The picture.';


--
-- Name: COLUMN image_embedding.model_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image_embedding.model_id IS 'The model.';


--
-- Name: COLUMN image_embedding.embedding; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image_embedding.embedding IS 'The picture''s vector, of unit length, in half precision.';


--
-- Name: keeps_tenants_apart(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.keeps_tenants_apart() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT c.relrowsecurity FROM pg_class c WHERE (c.oid = ('clipsql.image_embedding'::regclass)::oid));


--
-- Name: FUNCTION keeps_tenants_apart(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.keeps_tenants_apart() IS 'Whether clipsql.enable_tenants() is on.';


--
-- Name: shadow; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.shadow (
    shadow_id integer NOT NULL,
    model_id integer NOT NULL,
    collection text,
    begun_at timestamp with time zone DEFAULT now() NOT NULL,
    kept_until timestamp with time zone,
    noted_at timestamp with time zone,
    noted_waiting bigint,
    pace double precision
);


--
-- Name: TABLE shadow; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.shadow IS 'A model that pictures of a collection (null: of all) are embedded under, whatever model they came in by.';


--
-- Name: kept_models(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.kept_models(of_collection text) RETURNS SETOF integer
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 WITH shadow AS (
          SELECT s.model_id
            FROM clipsql_private.shadow s
           WHERE (((s.collection IS NULL) OR (s.collection = kept_models.of_collection)) AND ((s.kept_until IS NULL) OR (s.kept_until > now())))
         )
  SELECT m.model_id
    FROM clipsql.model m
   WHERE ((m.location IS NOT NULL) AND ((m.model_id IN ( SELECT s.model_id
            FROM shadow s)) OR (m.is_default AND (EXISTS ( SELECT
            FROM shadow)))));
END;


--
-- Name: FUNCTION kept_models(of_collection text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.kept_models(of_collection text) IS 'The models that pictures of a collection are to be embedded under while there is a shadow.';


--
-- Name: key_list(text[], text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.key_list(names text[], alias text DEFAULT NULL::text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN array_to_string(ARRAY(SELECT concat_ws('.'::text, key_list.alias, n.name) AS concat_ws FROM unnest(key_list.names) WITH ORDINALITY n(name, "position") ORDER BY n."position"), ', '::text);


--
-- Name: FUNCTION key_list(names text[], alias text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.key_list(names text[], alias text) IS 'Columns as a list, each after the alias where there is one.';


--
-- Name: key_of_table(regclass); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.key_of_table(source regclass) RETURNS smallint[]
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT ((i.indkey)::smallint[])[0:(i.indnkeyatts - 1)] AS indkey FROM pg_index i WHERE ((i.indrelid = (key_of_table.source)::oid) AND i.indisunique AND i.indimmediate AND i.indisvalid AND (i.indpred IS NULL) AND (i.indexprs IS NULL) AND (NOT (EXISTS (SELECT FROM (unnest(((i.indkey)::smallint[])[0:(i.indnkeyatts - 1)]) k(number) JOIN pg_attribute a ON (((a.attrelid = (key_of_table.source)::oid) AND (a.attnum = k.number)))) WHERE (NOT a.attnotnull))))) ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid LIMIT 1);


--
-- Name: FUNCTION key_of_table(source regclass); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.key_of_table(source regclass) IS 'Numbers of the columns that a row is known by; null without such a key.';


--
-- Name: label_directions(text[], text, text[], clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.label_directions(labels text[], template text, templates text[], chosen clipsql.model) RETURNS public.halfvec[]
    LANGUAGE plpgsql STABLE COST 1e+06
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    prompts constant text[] := coalesce(templates, array[coalesce(template, 'a photo of a {}')]);
    reason text;
begin
    perform
        clipsql_private.check_most(
            'labels', coalesce(cardinality(labels), 0)::bigint * cardinality(prompts), 'texts (labels times templates)'),
        clipsql_private.check_most('prompts', -- which are not made for it: each may repeat its label without end
            (select sum(octet_length(p.prompt) + (octet_length(l.label) - 2)::bigint
                        * (length(p.prompt) - length(replace(p.prompt, '{}', ''))) / 2)::bigint
             from unnest(labels) as l(label) cross join unnest(prompts) as p(prompt)),
            'bytes (labels in their templates)');
    reason := case
        when coalesce(cardinality(labels), 0) < 2 then
            'classify needs two labels or more: of one label alone the probability is always 1; use clipsql.match.'
        when array_ndims(labels) > 1 or array_ndims(templates) > 1 then
            'classify takes one-dimensional arrays of labels and templates.'
        when array_position(labels, null) is not null then
            'classify takes no null among its labels.'
        when exists (select from unnest(labels) as l(label) where clipsql_private.normalize_text(l.label) in ('', ' ')) then
            'classify takes no empty text among its labels.'
        when cardinality(prompts) = 0 or array_position(prompts, null) is not null then
            'templates must hold at least one text, and no null.'
    end;
    if reason is null then
        -- Texts that differ in case or white space only have one embedding, and would share its probability.
        select format('The labels %L and %L mean the same; give each label once.', min(l.label), max(l.label))
        into reason
        from unnest(labels) as l(label)
        group by btrim(clipsql_private.normalize_text(l.label))
        having count(*) > 1
        limit 1;
    end if;
    if reason is null then
        select format('The template %L has no {} where the label goes, as in "a photo of a {}".', p.prompt)
        into reason
        from unnest(prompts) as p(prompt)
        where strpos(p.prompt, '{}') = 0
        limit 1;
    end if;
    if reason is not null then
        raise exception using errcode = 'CQ004', message = reason;
    end if;
    return array(
        select (
            select l2_normalize(avg(clipsql.embed_text(replace(p.prompt, '{}', l.label), chosen.name)))::halfvec
            from unnest(prompts) as p(prompt))
        from unnest(labels) with ordinality as l(label, number)
        order by l.number);
end;
$$;


--
-- Name: FUNCTION label_directions(labels text[], template text, templates text[], chosen clipsql.model); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.label_directions(labels text[], template text, templates text[], chosen clipsql.model) IS 'Unit vectors of the labels, averaged over the templates; CQ004 for labels that cannot be told apart.';


--
-- Name: label_probabilities(public.halfvec, public.halfvec[], double precision); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.label_probabilities(embedding public.halfvec, directions public.halfvec[], logit_scale double precision) RETURNS TABLE(label_number bigint, probability double precision)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT p.number,
     (p.power / sum(p.power) OVER ())
    FROM ( SELECT l.number,
             exp(GREATEST(('-700'::integer)::double precision, (l.logit - max(l.logit) OVER ()))) AS power
            FROM ( SELECT d.number,
                     (label_probabilities.logit_scale * ((1)::double precision - (label_probabilities.embedding OPERATOR(public.<=>) d.direction))) AS logit
                    FROM unnest(label_probabilities.directions) WITH ORDINALITY d(direction, number)) l) p;
END;


--
-- Name: FUNCTION label_probabilities(embedding public.halfvec, directions public.halfvec[], logit_scale double precision); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.label_probabilities(embedding public.halfvec, directions public.halfvec[], logit_scale double precision) IS 'Probability of each label for one picture: softmax of the scaled cosines.';


--
-- Name: load_pgvector(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.load_pgvector() RETURNS public.vector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '[1]'::public.vector;


--
-- Name: FUNCTION load_pgvector(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.load_pgvector() IS 'A vector; made before the functions that need pgvector loaded when a dump is restored.';


--
-- Name: loaded_text_tower(clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.loaded_text_tower(chosen clipsql.model) RETURNS clipsql_private.text_tower
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
declare
    tower clipsql_private.text_tower;
begin
    if getdatabaseencoding() <> 'UTF8' then
        raise exception using errcode = 'CQ007', message = format(
            'This database has encoding %s, but texts can be encoded only in UTF8; create one with encoding ''UTF8''.',
            getdatabaseencoding());
    end if;
    select t.* into tower from clipsql_private.text_tower as t where t.model_id = chosen.model_id;
    if tower.model_id is null and chosen.location is null then
        raise exception using errcode = 'CQ005', message = format(
            'Model %s has no text tower here, as a vector space without files has none, so no text can be turned into its'
            ' vectors; search it by a vector (clipsql.search), by a picture (clipsql.search_similar) or by words (caption_query).',
            chosen.name);
    elsif tower.model_id is null then
        raise exception using errcode = 'CQ005', message = format(
            'The text tower of model %s is not in this database, or is none that SQL can run; "clipsql model add %s%s"'
            ' loads it, and "clipsql model remember %s TEXT" stores the vectors of chosen texts.',
            chosen.name, chosen.location, ' --name ' || nullif(chosen.name, chosen.location), chosen.name);
    end if;
    return tower;
end;
$$;


--
-- Name: FUNCTION loaded_text_tower(chosen clipsql.model); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.loaded_text_tower(chosen clipsql.model) IS 'The text tower of a model; CQ005 when it is not loaded, CQ007 when the database is not UTF-8.';


--
-- Name: make_filter(text, timestamp with time zone, timestamp with time zone, time without time zone, time without time zone, double precision, double precision, double precision, polygon, jsonb, jsonpath, text, bigint[], bigint[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.make_filter(in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[]) RETURNS clipsql_private.search_filter
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $_$
declare
    filter clipsql_private.search_filter;
    is_known boolean;
begin
    filter.in_collection := case when in_collection ~ '[^[:space:]]' then in_collection end;
    filter.taken_from := taken_from;
    filter.taken_until := taken_until;
    filter.daily_from := daily_from;
    filter.daily_until := daily_until;
    filter.near_longitude := near_longitude;
    filter.near_latitude := near_latitude;
    filter.within_m := within_m;
    filter.inside := inside;
    filter.having_metadata := nullif(having_metadata, '{}');
    filter.metadata_matches := metadata_matches;
    filter.caption_query := case when caption_query ~ '[^[:space:]]' then caption_query end;
    filter.only_images := only_images;
    filter.except_images := except_images;
    -- In this form only an index has the order: a plan that expects to meet the collection soon by reading the table would
    -- read all of it where there is none, and much of it for one that came last.
    if filter.in_collection is not null then
        execute format(
                'select true from %s as i where i.collection between $1 and $1 order by i.collection limit 1',
                clipsql_private.visible_images())
            into is_known using filter.in_collection;
    end if;
    if filter.in_collection is not null and is_known is null and not clipsql_private.has_shards() then
        raise warning using errcode = 'CQ008', message = format(
            'There is no collection "%s", so nothing matches; clipsql.collection_stats shows what there is.',
            left(filter.in_collection, 100));
    end if;
    return filter;
end;
$_$;


--
-- Name: FUNCTION make_filter(in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.make_filter(in_collection text, taken_from timestamp with time zone, taken_until timestamp with time zone, daily_from time without time zone, daily_until time without time zone, near_longitude double precision, near_latitude double precision, within_m double precision, inside polygon, having_metadata jsonb, metadata_matches jsonpath, caption_query text, only_images bigint[], except_images bigint[]) IS 'The filters of a search in one row, empty ones as null; warns (CQ008) of a collection that does not exist.';


--
-- Name: make_triggers(integer, regclass); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.make_triggers(attachment integer, source regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
declare
    noting constant text := format('clipsql_private.note_changed_rows_%s', attachment);
    part regclass;
    one record;
begin
    execute format(
        'create or replace function %s() returns trigger language plpgsql security definer set search_path from current as %L',
        noting, format(
            'begin
                 begin
                     if tg_op = ''INSERT'' then
                         %s;
                     elsif tg_op = ''UPDATE'' then
                         %s;
                     elsif tg_op = ''DELETE'' then
                         %s;
                     else
                         %s;
                     end if;
                 exception when undefined_column then
                     execute coalesce(clipsql_private.note_statement(%s, tg_op), ''select'');
                 end;
                 return null;
             exception when others then
                 perform clipsql_private.note_problem(%5$s, format(''A write of %%s was not noted (%%s).'', tg_relid::regclass, sqlerrm));
                 return null;
             end',
            clipsql_private.note_statement(attachment, 'INSERT'), clipsql_private.note_statement(attachment, 'UPDATE'),
            clipsql_private.note_statement(attachment, 'DELETE'), clipsql_private.note_statement(attachment, 'TRUNCATE'),
            attachment));
    execute format('alter function %s() owner to %s', noting, (
        select c.relowner::regrole from pg_catalog.pg_class as c where c.oid = 'clipsql_private.link'::regclass));
    execute format('comment on function %s() is %L', noting, format('Trigger: notes changed rows of %s for workers.', source));
    for part in
        with recursive parts(part) as (
            select source::oid
            union
            select i.inhrelid from parts as p join pg_catalog.pg_inherits as i on i.inhparent = p.part
        )
        select p.part from parts as p join pg_catalog.pg_class as c on c.oid = p.part where c.relkind in ('r', 'p')
    loop
        for one in
            select *
            from (values
                ('insert', 'referencing new table as new_rows'),
                ('update', 'referencing old table as old_rows new table as new_rows'),
                ('delete', 'referencing old table as old_rows'),
                ('truncate', '')) as e(event, tables)
        loop
            execute format(
                'create or replace trigger clipsql_attachment_%s_%s after %2$s on %s %s for each statement execute function %s()',
                attachment, one.event, part, one.tables, noting);
        end loop;
    end loop;
end;
$_$;


--
-- Name: FUNCTION make_triggers(attachment integer, source regclass); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.make_triggers(attachment integer, source regclass) IS 'Makes the triggers of an attachment, those that are missing.';


--
-- Name: match_pieces(text, clipsql_private.text_tower); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.match_pieces(word text, tower clipsql_private.text_tower) RETURNS integer[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    unknown constant integer[] := array[tower.unknown_id];
    ids integer[] := '{}';
    rest text := word;
    mark text := '';
    best record;
begin
    if length(word) > 100 then
        return unknown;
    end if;
    while rest <> '' loop
        select w.token_id, s.size into best
        from generate_series(1, length(rest)) as s (size)
        join clipsql_private.text_word as w on w.model_id = tower.model_id and w.word = mark || left(rest, s.size)
        order by s.size desc
        limit 1;
        if not found then
            return unknown;
        end if;
        ids := ids || best.token_id;
        rest := substr(rest, best.size + 1);
        mark := '##';
    end loop;
    return ids;
end;
$$;


--
-- Name: FUNCTION match_pieces(word text, tower clipsql_private.text_tower); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.match_pieces(word text, tower clipsql_private.text_tower) IS 'Token ids of one word by WordPiece.';


--
-- Name: measure_costs(integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.measure_costs(of_model integer, OUT walk_us double precision, OUT code_us double precision, OUT lookup_us double precision) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET gin_fuzzy_search_limit TO '0'
    AS $_$
declare
    tries constant integer := 7;
    width constant integer := 400;
    fetched constant integer := 2000;
    chosen constant clipsql.model := (select m from clipsql.model as m where m.model_id = of_model);
    embeddings constant regclass := to_regclass(clipsql_private.partition_name('image_embedding', of_model));
    filter clipsql_private.search_filter;
    of_time clipsql_private.search_filter;
    moments timestamptz[];
    scanned bigint;
    strategy clipsql_private.search_strategy;
    query vector;
    began timestamptz;
begin
    for query in execute format(
        'select e.embedding::vector from %s as e where e.ctid = any ($1) limit $2', embeddings)
        using clipsql_private.spread_rows(embeddings, 10 * tries), tries
    loop
        strategy := clipsql_private.choose_strategy(query, 10, '', null, chosen);
        continue when strategy.coded is null or not clipsql_private.index_is_usable(of_model);
        strategy.width := width;
        strategy.ef_search := width;
        began := clock_timestamp();
        perform clipsql_private.walk_index(query, 10, '', null, chosen, strategy);
        walk_us := least(walk_us, 1e6 * extract(epoch from clock_timestamp() - began) / width);
        if scanned is null then
            -- A tenth of them by time, as a filter would have it: through an index a row costs more than where all are read.
            execute format(
                'select percentile_disc(array[0.45, 0.55]) within group (order by s.taken_at)
                 from clipsql_private.search_row_%1$s as s
                 where s.ctid = any (clipsql_private.spread_rows(''clipsql_private.search_row_%1$s'', 1000))',
                (strategy.coded).basis_id) into moments;
            if moments[1] < moments[2] then
                of_time.taken_from := moments[1];
                of_time.taken_until := moments[2];
            end if;
            execute format('select count(*) %s', clipsql_private.narrow_rows(
                clipsql_private.effective_conditions(of_time), of_time, (strategy.coded).basis_id))
                into scanned using of_time;
            if scanned < fetched then
                of_time := null;
                scanned := strategy.total_rows;
            end if;
        end if;
        began := clock_timestamp();
        perform clipsql_private.scan_codes(
            query, 10, clipsql_private.effective_conditions(of_time), of_time, chosen, strategy.coded, only_few => false);
        code_us := least(code_us, 1e6 * extract(epoch from clock_timestamp() - began) / greatest(1, scanned));
        execute format('select array_agg(e.image_id) from %s as e where e.ctid = any ($1)', embeddings)
            into filter.only_images using clipsql_private.spread_rows(embeddings, fetched);
        began := clock_timestamp();
        perform clipsql_private.compare_all(query, 10, 'i.image_id = any (($1).only_images)', filter, chosen);
        lookup_us := least(
            lookup_us, 1e6 * extract(epoch from clock_timestamp() - began) / greatest(1, cardinality(filter.only_images)));
    end loop;
end;
$_$;


--
-- Name: FUNCTION measure_costs(of_model integer, OUT walk_us double precision, OUT code_us double precision, OUT lookup_us double precision); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.measure_costs(of_model integer, OUT walk_us double precision, OUT code_us double precision, OUT lookup_us double precision) IS 'Microseconds that a row of an index walk, a code and a whole vector cost on this server.';


--
-- Name: merge_bytes(text, clipsql_private.text_tower); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.merge_bytes(word text, tower clipsql_private.text_tower) RETURNS integer[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    bytes constant bytea := convert_to(word, 'UTF8');
    last constant integer := length(bytes);
    ids integer[];
    merged integer[];
    best record;
    number integer;
begin
    -- A byte that the vocabulary lacks is the unknown token, or nothing where there is none.
    ids := array_remove(array(
        select case when i = last then tower.last_byte_ids[1 + get_byte(bytes, i - 1)]
            else tower.byte_ids[1 + get_byte(bytes, i - 1)] end
        from generate_series(1, last) as i), null);
    loop
        select m.left_id, m.right_id, m.merged_id into best
        from unnest(ids[: cardinality(ids) - 1], ids[2 :]) as pair (left_id, right_id)
        join clipsql_private.text_merge as m
            on m.model_id = tower.model_id and m.left_id = pair.left_id and m.right_id = pair.right_id
        order by m.rank
        limit 1;
        exit when not found;
        merged := '{}';
        number := 1;
        while number <= cardinality(ids) loop
            if ids[number] = best.left_id and ids[number + 1] = best.right_id then
                merged := merged || best.merged_id;
                number := number + 2;
            else
                merged := merged || ids[number];
                number := number + 1;
            end if;
        end loop;
        ids := merged;
    end loop;
    return ids;
end;
$$;


--
-- Name: FUNCTION merge_bytes(word text, tower clipsql_private.text_tower); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.merge_bytes(word text, tower clipsql_private.text_tower) IS 'Token ids of one piece of a text.';


--
-- Name: video_frame; Type: TABLE; Schema: clipsql; Owner: -
--

CREATE TABLE clipsql.video_frame (
    image_id bigint NOT NULL,
    video text NOT NULL,
    video_sha256 bytea NOT NULL,
    sampling text NOT NULL,
    from_s double precision NOT NULL,
    until_s double precision NOT NULL,
    is_last boolean NOT NULL,
    CONSTRAINT video_frame_seconds_check CHECK (((from_s >= (0)::double precision) AND (until_s > from_s) AND (until_s < 'Infinity'::double precision))),
    CONSTRAINT video_frame_video_sha256_check CHECK ((octet_length(video_sha256) = 32))
);


--
-- Name: TABLE video_frame; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TABLE clipsql.video_frame IS 'A picture that is a frame of a video: from which second until which the video looks so.';


--
-- Name: COLUMN video_frame.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.video_frame.image_id IS 'The picture, whose url is that of the video and the second.';


--
-- Name: COLUMN video_frame.video; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.video_frame.video IS 'Address of the video that it is a frame of.';


--
-- Name: COLUMN video_frame.video_sha256; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.video_frame.video_sha256 IS 'SHA-256 of the bytes of the video''s file.';


--
-- Name: COLUMN video_frame.sampling; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.video_frame.sampling IS 'Which of its frames were taken: every 1 s, keyframes or scenes.';


--
-- Name: COLUMN video_frame.from_s; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.video_frame.from_s IS 'Where it begins, in seconds since the video begins.';


--
-- Name: COLUMN video_frame.until_s; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.video_frame.until_s IS 'Where the next frame begins that looks otherwise, or the video ends.';


--
-- Name: COLUMN video_frame.is_last; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.video_frame.is_last IS 'Whether the video ends with it, so that all of it was read.';


--
-- Name: moments(bigint[], double precision[], double precision); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.moments(images bigint[], similarities double precision[], gap_s double precision) RETURNS SETOF clipsql.moment_result
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 WITH hit AS (
          SELECT f.video,
             f.from_s,
             f.until_s,
             h.image_id,
             h.similarity,
             h.place
            FROM (UNNEST(moments.images, moments.similarities) WITH ORDINALITY h(image_id, similarity, place)
              JOIN clipsql.video_frame f ON ((f.image_id = h.image_id)))
         ), begun AS (
          SELECT h.video,
             h.from_s,
             h.until_s,
             h.image_id,
             h.similarity,
             h.place,
             COALESCE(((h.from_s - max(h.until_s) OVER (PARTITION BY h.video ORDER BY h.from_s, h.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) > moments.gap_s), true) AS begins
            FROM hit h
         ), numbered AS (
          SELECT b.video,
             b.from_s,
             b.until_s,
             b.image_id,
             b.similarity,
             b.place,
             b.begins,
             count(*) FILTER (WHERE b.begins) OVER (PARTITION BY b.video ORDER BY b.from_s, b.place) AS moment
            FROM begun b
         )
  SELECT (row_number() OVER (ORDER BY (min(n.place))))::integer AS row_number,
     ((((n.video || '#t='::text) || trim_scale(round((min(n.from_s))::numeric, 6))) || ','::text) || trim_scale(round((max(n.until_s))::numeric, 6))),
     min(n.from_s) AS min,
     max(n.until_s) AS max,
     (array_agg(n.image_id ORDER BY n.place))[1] AS array_agg,
     max(n.similarity) AS max
    FROM numbered n
   GROUP BY n.video, n.moment
   ORDER BY (min(n.place));
END;


--
-- Name: FUNCTION moments(images bigint[], similarities double precision[], gap_s double precision); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.moments(images bigint[], similarities double precision[], gap_s double precision) IS 'Moments of videos from frames that a search found, best first.';


--
-- Name: most(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.most(argument text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE argument WHEN 'max_results'::text THEN 100000 WHEN 'model'::text THEN 1000 WHEN 'in_collection'::text THEN 1000 WHEN 'query'::text THEN 5000 WHEN 'terms'::text THEN 50 WHEN 'vectors'::text THEN 1000 WHEN 'caption_query'::text THEN 1000 WHEN 'inside'::text THEN 10000 WHEN 'having_metadata'::text THEN 100000 WHEN 'metadata_matches'::text THEN 10000 WHEN 'only_images'::text THEN 200000 WHEN 'except_images'::text THEN 200000 WHEN 'images'::text THEN 200000 WHEN 'captions'::text THEN 1000 WHEN 'watch'::text THEN 200 WHEN 'request'::text THEN 8000000 WHEN 'having_label'::text THEN 200 WHEN 'fusion'::text THEN 200 WHEN 'labels'::text THEN 300 WHEN 'caption_columns'::text THEN 50 WHEN 'metadata_columns'::text THEN 50 WHEN 'url_prefix'::text THEN 1000 WHEN 'only_rows'::text THEN 200000 WHEN 'queries'::text THEN 50 WHEN 'prompts'::text THEN 4000 ELSE NULL::integer END;


--
-- Name: FUNCTION most(argument text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.most(argument text) IS 'The most that an argument may hold; null for one without such a bound.';


--
-- Name: move_queued_picture(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.move_queued_picture() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    update clipsql_private.queue as q set collection = new.collection where q.image_id = new.image_id;
    return null;
end;
$$;


--
-- Name: FUNCTION move_queued_picture(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.move_queued_picture() IS 'Trigger: a picture that waits goes with its row to another collection.';


--
-- Name: move_search_rows(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.move_search_rows() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    if clipsql_private.check_bases() then
        -- Meets a row that a fill wrote after this transaction began, with an error: the update would not see it.
        perform clipsql_private.write_search_rows(b.basis_id, array[new.image_id])
        from clipsql_private.code_basis as b
        where b.state <> 'retired';
    end if;
    update clipsql_private.search_row as s
    set collection = new.collection, taken_at = new.taken_at, longitude = new.longitude, latitude = new.latitude
    where s.image_id = new.image_id;
    return null;
end;
$$;


--
-- Name: FUNCTION move_search_rows(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.move_search_rows() IS 'Trigger: search rows have the collection, time and place of their picture.';


--
-- Name: moved_watch(clipsql.watch_list, clipsql.model, bigint, bigint); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.moved_watch(watch clipsql.watch_list, chosen clipsql.model, known bigint, lacking bigint, OUT moved clipsql.watch_list, OUT directions public.halfvec[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    reason text;
begin
    moved := watch;
    reason := case
        when num_nonnulls(watch.alarms_per_day, watch.min_percentile) = 0 then format(
            'a similarity of %s means something else there; make the watch again with a threshold for that model.',
            round(watch.min_similarity::numeric, 3))
        when watch.query is null and watch.images is null then
            'the vector that is looked for is not of that model; make the watch again with one that is.'
        when watch.owner <> current_user and not clipsql_private.sees_all(watch.owner::name) then format(
            'a rate is of the pictures that %s sees, who alone can move this by clipsql.move_watches().', watch.owner)
        -- What the watch has judged it would judge again as the model comes to know it.
        when lacking > 0.01 * known then format(
            'of %s pictures that the old model knows it does not know %s yet.', known, lacking)
    end;
    if reason is null then
        begin
            directions := (clipsql_private.watch_subject(
                query => watch.query, images => watch.images, query_vector => null, chosen => chosen)).directions;
            moved.model_id := chosen.model_id;
            moved.problem := null;
            if watch.alarms_per_day is not null then
                select t.similarity, t.low, t.high into moved.min_similarity, moved.alarms_low, moved.alarms_high
                from clipsql_private.rate_threshold(moved, directions) as t;
            else
                moved.min_similarity := clipsql_private.percentile_threshold(moved, directions);
            end if;
            return;
        exception
            when transaction_rollback or lock_not_available or insufficient_resources then
                raise;
            when others then
                reason := sqlerrm;
        end;
    end if;
    moved := watch;
    moved.problem := format('Not under model %s: %s', chosen.name, reason);
    directions := null;
end;
$$;


--
-- Name: FUNCTION moved_watch(watch clipsql.watch_list, chosen clipsql.model, known bigint, lacking bigint, OUT moved clipsql.watch_list, OUT directions public.halfvec[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.moved_watch(watch clipsql.watch_list, chosen clipsql.model, known bigint, lacking bigint, OUT moved clipsql.watch_list, OUT directions public.halfvec[]) IS 'A watch with its vectors under another model; or as it is, with the reason why it stays, and no vectors.';


--
-- Name: narrow_rows(text, clipsql_private.search_filter, integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.narrow_rows(conditions text, filter clipsql_private.search_filter, of_basis integer) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN format(CASE WHEN clipsql_private.is_narrow(filter) THEN 'from clipsql_private.search_row_%1$s as i where %2$s'::text ELSE 'from clipsql.image as i join clipsql_private.search_row_%1$s as r on r.image_id = i.image_id where %2$s'::text END, of_basis, COALESCE(NULLIF(conditions, ''::text), 'true'::text));


--
-- Name: FUNCTION narrow_rows(conditions text, filter clipsql_private.search_filter, of_basis integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.narrow_rows(conditions text, filter clipsql_private.search_filter, of_basis integer) IS 'FROM and WHERE over search rows (alone, or beside the pictures i) that meet the conditions; $1 is the filter.';


--
-- Name: near_watches(integer, bigint[], public.halfvec[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.near_watches(of_model integer, images bigint[], embeddings public.halfvec[]) RETURNS TABLE(watch_id bigint, image_id bigint, similarity double precision)
    LANGUAGE plpgsql STABLE ROWS 100
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    AS $_$
#variable_conflict use_column
declare
    directions constant halfvec[] := array(
        select l2_normalize(e.embedding) from unnest(embeddings) with ordinality as e(embedding, number) order by e.number);
    products constant text := (
        select string_agg(format('inner_product(v.embedding, ($1)[%s])', n.number), ', ')
        from generate_series(1, cardinality(embeddings)) as n(number));
    near bigint[];
begin
    execute format(
            'select array_agg(distinct v.watch_id) from clipsql_private.watch_vector as v
             where v.model_id = $2 and not v.is_paused and greatest(%s) >= v.min_similarity - 0.002', products)
        into near using directions, of_model;
    return query
    select v.watch_id, n.image_id, max(n.similarity)
    from clipsql_private.watch_vector as v
    cross join lateral (
        select e.image_id, 1 - (v.embedding <=> e.embedding) as similarity
        from unnest(images, embeddings) as e(image_id, embedding)
        offset 0
    ) as n
    where v.watch_id = any (near) and v.model_id = of_model
        and n.similarity >= v.min_similarity
        and n.similarity < 'NaN'  -- which a vector without a direction has; above all numbers
    group by v.watch_id, n.image_id;
end;
$_$;


--
-- Name: FUNCTION near_watches(of_model integer, images bigint[], embeddings public.halfvec[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.near_watches(of_model integer, images bigint[], embeddings public.halfvec[]) IS 'The watches under a model that each of these pictures is similar enough to.';


--
-- Name: nearest(public.vector, integer, clipsql_private.search_filter, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.nearest(query public.vector, max_results integer, filter clipsql_private.search_filter, chosen clipsql.model, OUT ids bigint[], OUT distances double precision[], OUT coded clipsql_private.query_code) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    found record;
begin
    found := clipsql_private.find_matches(
        l2_normalize(query),  -- long vectors would overflow halfvec
        max_results, clipsql_private.effective_conditions(filter), filter, chosen);
    ids := found.ids;
    distances := found.distances;
    coded := (found.strategy).coded;
end;
$$;


--
-- Name: FUNCTION nearest(query public.vector, max_results integer, filter clipsql_private.search_filter, chosen clipsql.model, OUT ids bigint[], OUT distances double precision[], OUT coded clipsql_private.query_code); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.nearest(query public.vector, max_results integer, filter clipsql_private.search_filter, chosen clipsql.model, OUT ids bigint[], OUT distances double precision[], OUT coded clipsql_private.query_code) IS 'Nearest pictures among those that pass the filter, with their cosine distance; complete whenever enough match.';


--
-- Name: nearest_captions(public.vector, integer, clipsql_private.search_filter, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.nearest_captions(query public.vector, max_results integer, filter clipsql_private.search_filter, chosen clipsql.model) RETURNS TABLE(caption_id bigint, distance double precision)
    LANGUAGE plpgsql STABLE ROWS 10
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET gin_fuzzy_search_limit TO '0'
    SET jit TO 'off'
    AS $_$
#variable_conflict use_column
declare
    longest_walk constant integer := 10000;
    direction constant vector := l2_normalize(query);  -- long vectors would overflow halfvec
    conditions constant text := clipsql_private.effective_conditions(filter);
    ids bigint[];
    distances double precision[];
begin
    if conditions = '' and max_results <= longest_walk
            and clipsql_private.index_is_usable(chosen.model_id, 'caption_embedding') then
        select w.ids, w.distances into ids, distances
        from clipsql_private.walk_parts('caption', direction, max_results, chosen) as w;
    end if;
    if coalesce(cardinality(ids), 0) < max_results then
        execute format(
                -- Plus zero: no index has this order, so the planner cannot answer with an index walk.
                'select array_agg(n.caption_id), array_agg(n.distance) from (
                     select e.caption_id, (e.embedding::halfvec(%1$s) <=> $2::halfvec(%1$s)) + 0.0::double precision as distance
                     from clipsql.caption_embedding as e %2$s where e.model_id = %3$s %4$s
                     order by distance, caption_id limit $3
                 ) as n',
                chosen.dimensions,
                case when conditions <> '' then
                    format(
                        'join clipsql.caption as t on t.caption_id = e.caption_id join %s as i on i.image_id = t.image_id',
                        clipsql_private.visible_images()) end,
                chosen.model_id,
                'and ' || nullif(conditions, ''))
            into ids, distances using filter, direction, max_results;
    end if;
    return query
        select n.caption_id, n.distance
        from unnest(ids, distances) as n(caption_id, distance)
        order by n.distance, n.caption_id
        limit max_results;
end;
$_$;


--
-- Name: FUNCTION nearest_captions(query public.vector, max_results integer, filter clipsql_private.search_filter, chosen clipsql.model); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.nearest_captions(query public.vector, max_results integer, filter clipsql_private.search_filter, chosen clipsql.model) IS 'Nearest captions of pictures that pass the filter, with their cosine distance; complete whenever enough match.';


--
-- Name: nearest_distinct(public.vector[], integer, clipsql_private.search_filter, double precision, double precision, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.nearest_distinct(directions public.vector[], max_results integer, filter clipsql_private.search_filter, distinct_above double precision, farthest double precision, chosen clipsql.model, OUT ids bigint[], OUT distances double precision[], OUT coded clipsql_private.query_code) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    depth bigint := max_results;
    found record;
    kept bigint[];
begin
    loop
        depth := least(2 * depth + 20, 2147483647);
        found := clipsql_private.nearest_to_all(directions, depth::integer, filter, chosen);
        ids := found.ids;
        distances := found.distances;
        coded := found.coded;
        kept := clipsql_private.distinct_images(ids, distinct_above, max_results, chosen);
        exit when cardinality(kept) = max_results or coalesce(cardinality(ids), 0) < depth
            or distances[cardinality(distances)] > farthest;
    end loop;
    select array_agg(n.image_id order by n.place), array_agg(n.distance order by n.place)
    into ids, distances
    from unnest(ids, distances) with ordinality as n(image_id, distance, place)
    where n.image_id = any (kept);
end;
$$;


--
-- Name: FUNCTION nearest_distinct(directions public.vector[], max_results integer, filter clipsql_private.search_filter, distinct_above double precision, farthest double precision, chosen clipsql.model, OUT ids bigint[], OUT distances double precision[], OUT coded clipsql_private.query_code); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.nearest_distinct(directions public.vector[], max_results integer, filter clipsql_private.search_filter, distinct_above double precision, farthest double precision, chosen clipsql.model, OUT ids bigint[], OUT distances double precision[], OUT coded clipsql_private.query_code) IS 'Nearest matches, of each group of near-identical ones only the nearest.';


--
-- Name: nearest_regions(public.vector, integer, clipsql_private.search_filter, text, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.nearest_regions(query public.vector, max_results integer, filter clipsql_private.search_filter, having_label text, chosen clipsql.model) RETURNS TABLE(region_id bigint, image_id bigint, distance double precision)
    LANGUAGE plpgsql STABLE ROWS 10
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET gin_fuzzy_search_limit TO '0'
    SET jit TO 'off'
    AS $_$
#variable_conflict use_column
declare
    longest_walk constant integer := 10000;
    direction constant vector := l2_normalize(query);  -- long vectors would overflow halfvec
    conditions constant text := clipsql_private.effective_conditions(filter);
    depth integer := least(longest_walk, 4 * max_results::bigint + 20);
    ids bigint[];
    images bigint[];
    distances double precision[];
    passed integer;
    frontier double precision;
begin
    if conditions = '' and having_label is null and max_results <= longest_walk
            and clipsql_private.index_is_usable(chosen.model_id, 'region_embedding') then
        loop
            with walked as (
                select w.region_id, w.distance
                from clipsql_private.walk_parts('region', direction, depth, chosen) as f
                cross join lateral unnest(f.ids, f.distances) as w(region_id, distance)
                order by w.distance, w.region_id
                limit depth
            ), best as (
                select distinct on (r.image_id) r.region_id, r.image_id, w.distance
                from walked as w
                join clipsql.image_region as r on r.region_id = w.region_id
                order by r.image_id, w.distance, r.region_id
            )
            select
                array_agg(b.region_id order by b.distance, b.image_id), array_agg(b.image_id order by b.distance, b.image_id),
                array_agg(b.distance order by b.distance, b.image_id), (select count(*) from walked),
                (select max(w.distance) from walked as w)
            into ids, images, distances, passed, frontier
            from best as b;
            -- As far as the walk came there may be more that are just as far, of pictures that come first.
            exit when distances[max_results] < frontier or passed < depth;
            if depth = longest_walk then
                ids := null;
                exit;
            end if;
            depth := least(longest_walk, 4 * depth);
        end loop;
    end if;
    if coalesce(cardinality(ids), 0) < max_results then
        execute format(
                -- Plus zero: no index has this order, so the planner cannot answer with an index walk.
                'select array_agg(n.region_id), array_agg(n.image_id), array_agg(n.distance) from (
                     select b.region_id, b.image_id, b.distance from (
                         select distinct on (e.image_id) e.region_id, e.image_id,
                             (e.embedding::halfvec(%1$s) <=> $2::halfvec(%1$s)) + 0.0::double precision as distance
                         from clipsql.region_embedding as e %2$s where e.model_id = %3$s %4$s %5$s
                         order by e.image_id, distance, e.region_id
                     ) as b
                     order by b.distance, b.image_id limit $3
                 ) as n',
                chosen.dimensions,
                case when conditions <> '' then
                    format('join %s as i on i.image_id = e.image_id', clipsql_private.visible_images()) end,
                chosen.model_id,
                'and ' || nullif(conditions, ''),
                case when having_label is not null then
                    'and exists (select from clipsql.image_region as r where r.region_id = e.region_id and r.label = $4)' end)
            into ids, images, distances using filter, direction, max_results, having_label;
    end if;
    return query
        select n.region_id, n.image_id, n.distance
        from unnest(ids, images, distances) as n(region_id, image_id, distance)
        order by n.distance, n.image_id
        limit max_results;
end;
$_$;


--
-- Name: FUNCTION nearest_regions(query public.vector, max_results integer, filter clipsql_private.search_filter, having_label text, chosen clipsql.model); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.nearest_regions(query public.vector, max_results integer, filter clipsql_private.search_filter, having_label text, chosen clipsql.model) IS 'Pictures by their nearest region to a vector, with its cosine distance; complete whenever enough match.';


--
-- Name: nearest_to_all(public.vector[], integer, clipsql_private.search_filter, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.nearest_to_all(directions public.vector[], max_results integer, filter clipsql_private.search_filter, chosen clipsql.model, OUT ids bigint[], OUT distances double precision[], OUT coded clipsql_private.query_code) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET gin_fuzzy_search_limit TO '0'
    SET enable_seqscan TO 'on'
    SET enable_indexscan TO 'on'
    SET enable_bitmapscan TO 'on'
    SET enable_nestloop TO 'on'
    SET enable_hashjoin TO 'on'
    SET enable_sort TO 'on'
    SET jit TO 'off'
    AS $_$
declare
    halves constant halfvec[] := array(select l2_normalize(d.direction)::halfvec from unnest(directions) as d(direction));
    search_ms constant double precision := 1;  -- of a search, whatever it compares
    conditions text;
    strategy clipsql_private.search_strategy;
    rows_per_match double precision;
    statement constant text :=
        'select array_agg(n.image_id order by n.distance, n.image_id), array_agg(n.distance order by n.distance, n.image_id)
         from (select e.image_id, ' || clipsql_private.farthest_distance(cardinality(directions)) || ' as distance
               %s order by distance, image_id limit $3) as n';
    depth double precision := 10 * greatest(max_results, 10);
    one record;
    met bigint[];
    frontier double precision;
    passed bigint;
begin
    if cardinality(directions) = 1 then
        one := clipsql_private.nearest(directions[1], max_results, filter, chosen);
        ids := one.ids;
        distances := one.distances;
        coded := one.coded;
        return;
    end if;
    conditions := clipsql_private.effective_conditions(filter);
    strategy := clipsql_private.choose_strategy(directions[1], max_results, conditions, filter, chosen);
    rows_per_match := strategy.total_rows / greatest(strategy.likely_matches, 1)::double precision;
    while cardinality(directions) * (search_ms + least(strategy.compare_ms, case when strategy.walks then strategy.step_ms
            * clipsql_private.walk_length(depth * rows_per_match, strategy.ef_search, strategy.total_rows) end))
            < strategy.whole_ms loop
        select array_agg(distinct n.image_id), max(n.distance), count(*)
        into met, frontier, passed
        from unnest(directions) as d(direction)
        cross join lateral clipsql_private.nearest(d.direction, depth::integer, filter, chosen) as each
        cross join lateral unnest(each.ids, each.distances) as n(image_id, distance);

        execute format(statement, format(
                'from clipsql.image_embedding as e where e.model_id = %s and e.image_id = any ($1)', chosen.model_id))
            into ids, distances using met, halves, max_results;
        if distances[max_results] < frontier or passed < depth * cardinality(directions) then
            return;
        end if;
        depth := 4 * depth;
    end loop;
    execute format(statement, clipsql_private.candidates(conditions, chosen))
        into ids, distances using filter, halves, max_results;
end;
$_$;


--
-- Name: FUNCTION nearest_to_all(directions public.vector[], max_results integer, filter clipsql_private.search_filter, chosen clipsql.model, OUT ids bigint[], OUT distances double precision[], OUT coded clipsql_private.query_code); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.nearest_to_all(directions public.vector[], max_results integer, filter clipsql_private.search_filter, chosen clipsql.model, OUT ids bigint[], OUT distances double precision[], OUT coded clipsql_private.query_code) IS 'Nearest matches by the largest of their distances to several vectors.';


--
-- Name: normalize_text(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.normalize_text(body text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
    select regexp_replace(
        case when octet_length(body) = char_length(body)
        then translate(lower(body collate "C"), e'\t\n\x0b\f\r', '     ')
        else translate(
            clipsql_private.lower_letters(normalize(body, nfc)),
            e'\t\n\x0b\f\r'
            '\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006'
            '\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000',
            '     '
            '                   ')
        end collate "C",
        ' {2,}', ' ', 'g')
$$;


--
-- Name: FUNCTION normalize_text(body text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.normalize_text(body text) IS 'NFC, single spaces and lower case, the same under every collation.';


--
-- Name: normalize_tokens(public.vector[], double precision); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.normalize_tokens(residuals public.vector[], norm_tail double precision) RETURNS public.halfvec[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    tail constant vector := array[norm_tail]::vector;
begin
    return array(
        select subvector(l2_normalize(r.body || tail), 1, vector_dims(r.body))::halfvec
        from unnest(residuals) as r (body));
end;
$$;


--
-- Name: FUNCTION normalize_tokens(residuals public.vector[], norm_tail double precision); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.normalize_tokens(residuals public.vector[], norm_tail double precision) IS 'Layer norm of every token, but for gain and bias.';


--
-- Name: note_problem(integer, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.note_problem(attachment integer, problem text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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


--
-- Name: FUNCTION note_problem(attachment integer, problem text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.note_problem(attachment integer, problem text) IS 'Keeps what went wrong with an attachment for its status.';


--
-- Name: note_statement(integer, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.note_statement(attachment integer, event text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
declare
    -- A statement that writes more rows is a load, which waits behind what people do.
    most_fresh constant integer := 100;
    attached constant clipsql_private.attached_table := clipsql_private.attached_table(attachment);
    target constant text := format('insert into %s (%s, is_fresh)', attached.changes, clipsql_private.key_list(attached.row_keys));
    rows_read constant text := case event when 'DELETE' then 'old_rows' else 'new_rows' end;
    are_fresh constant text := format(
        '(select count(*) from (select from %s limit %s) as few) <= %s', rows_read, most_fresh + 1, most_fresh);
begin
    if attached.source_keys is null or array_position(attached.source_keys, null) is not null then
        return null;
    end if;
    return case event
        when 'TRUNCATE' then format('insert into %s default values', attached.changes)
        -- Any type has this comparison of rows, by their bytes. Keys that are no more come last: where a key changed, the
        -- picture is linked to the new one before the old one goes.
        when 'UPDATE' then format(
            '%s select %s, %s from old_rows as o full join new_rows as s on %s
             where s.%s is null or o.%5$s is null or row(%6$s)::record *<> row(%7$s)::record
             order by s.%5$s is null',
            target,
            array_to_string(array(
                select format('coalesce(s.%1$s, o.%1$s)', k.name)
                from unnest(attached.source_keys) with ordinality as k(name, position) order by k.position), ', '),
            are_fresh,
            clipsql_private.same_key(attached.source_keys, 'o', attached.source_keys, 's'), attached.source_keys[1],
            clipsql_private.key_list(attached.watched, 's'), clipsql_private.key_list(attached.watched, 'o'))
        else format(
            '%s select %s, %s from %s as s', target, clipsql_private.key_list(attached.source_keys, 's'), are_fresh, rows_read)
    end;
end;
$_$;


--
-- Name: FUNCTION note_statement(attachment integer, event text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.note_statement(attachment integer, event text) IS 'SQL for a trigger of an attached table that appends the keys of changed rows for workers.';


--
-- Name: own_collection(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.own_collection() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET quote_all_identifiers TO 'off'
    AS $$
declare
    found_collection text;
begin
    if clipsql_private.asks_as_tenant() and (
            select count(*) = 1 and bool_and(
                o.polpermissive and starts_with(o.polqual::text, '{OPEXPR :opno ' || 'pg_catalog.=(text,text)'::regoperator::oid || ' ')
                and starts_with(pg_get_expr(o.polqual, o.polrelid), '(collection = ')
                and (select count(*) from regexp_matches(o.polqual::text, '[{]VAR ', 'g')) = 1)
            from clipsql_private.read_policies() as o) then
        execute format('select i.collection from %s as i limit 1', clipsql_private.visible_images()) into found_collection;
    end if;
    return found_collection;
end;
$$;


--
-- Name: FUNCTION own_collection(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.own_collection() IS 'The one collection that the caller sees, the whole of it; null when that cannot be said.';


--
-- Name: own_tables(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.own_tables() RETURNS SETOF regclass
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (c.oid)::regclass AS oid
    FROM (pg_class c
      JOIN pg_namespace n ON ((n.oid = c.relnamespace)))
   WHERE ((n.nspname = ANY (ARRAY['clipsql'::name, 'clipsql_private'::name])) AND (c.relkind = ANY (ARRAY['r'::"char", 'p'::"char"])) AND ((((n.nspname)::text || '.'::text) || (c.relname)::text) <> ALL (ARRAY['clipsql.image'::text, 'clipsql.model'::text, 'clipsql.settings'::text, 'clipsql_private.revision'::text, 'clipsql_private.text_added_token'::text, 'clipsql_private.text_matrix'::text, 'clipsql_private.text_merge'::text, 'clipsql_private.text_neuron'::text, 'clipsql_private.text_position'::text, 'clipsql_private.text_token'::text, 'clipsql_private.text_tower'::text, 'clipsql_private.text_word'::text, 'clipsql.watch_list'::text, 'clipsql.alert'::text, 'clipsql_private.watch_vector'::text, 'clipsql_private.webhook'::text, 'clipsql_private.delivery'::text, 'clipsql_private.api_key'::text, 'clipsql.fusion'::text, 'clipsql_private.fusion_row'::text])))
   ORDER BY c.oid;
END;


--
-- Name: FUNCTION own_tables(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.own_tables() IS 'The tables that go by the policies of clipsql.image, partitions included.';


--
-- Name: owns(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.owns(owner text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((owner = (CURRENT_USER)::text) OR COALESCE(pg_has_role((to_regrole(quote_ident(owner)))::oid, 'usage'::text), false) OR pg_has_role((SELECT c.relowner FROM pg_class c WHERE (c.oid = ('clipsql.watch_list'::regclass)::oid)), 'usage'::text));


--
-- Name: FUNCTION owns(owner text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.owns(owner text) IS 'Whether the current role is that owner, has its rights, or owns the tables.';


--
-- Name: parse_query(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.parse_query(query text) RETURNS TABLE("position" integer, kind text, body text, image_id bigint, weight double precision)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $_$
declare
    tokens constant text :=
        $re$(\s+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[-－+*]|[^-－+*()"'\s][^－+*()\s]*(?:\s+[^-－+*()\s][^－+*()\s]*)*|.)$re$;
    number constant text := '^([0-9]+([.][0-9]*)?|[.][0-9]+)$';
    file constant text := '^([.]{1,2}/|~?/)|.[.](avif|bmp|gif|heic|heif|jpe?g|png|tiff?|webp)$';
    -- The query with the signs as they are read; a text is taken from the query itself.
    plain constant text := translate(query, '　＋＊：．（）＂＇“”「」０１２３４５６７８９', ' +*:.()"''""""0123456789');
    token text;
    next_position integer := 1;
    last_sign text;  -- what the query began with, or the sign before this token
    factors text[] := '{}';  -- the one or two sides of a term, as they were written
    positions integer[] := '{}';
    sign integer := 1;
    terms integer := 0;
    is_quoted boolean;
    thing integer;  -- which of the factors is no weight
    reason text;
begin
    perform clipsql_private.check_most('query', length(query), 'characters');
    if query is null or plain !~ '[^[:space:]]' then
        raise exception using errcode = 'CQ004', message = 'The query is empty; write it as in: flower + 2*bee - night.';
    end if;
    for token in
        select t.matched[1] from regexp_matches(plain, tokens, 'g') as t(matched)
        union all select ''  -- the end
    loop
        position := next_position;
        next_position := position + length(token);
        token := replace(token, '－', '-');
        continue when token ~ '^[[:space:]]';
        if token not in ('+', '-', '*', '') then
            reason := case
                when token in ('(', ')') then
                    format('"%s" does not group here; give each term its own weight, or quote the text.', token)
                when token in ('"', '''') then 'this quote has no end.'
                when token ~ $re$^["'](\\?\s)*["']\Z$re$ then 'the quotes are empty.'
                when cardinality(factors) > 0 and last_sign is null then 'put + or - between two terms.'
                when length(token) > 30 and token ~ number then 'the number is too long.'
                when token ~* '^image:' and token !~* '^image:[0-9]{1,18}$' then
                    'image: takes the number of a stored picture, as in image:42; quote what is meant as a text.'
            end;
            factors := factors || token;
            positions := positions || position;
            last_sign := null;
        elsif last_sign is not null or cardinality(factors) = 0 then
            if token in ('+', '-') and last_sign is null then
                sign := case token when '-' then -1 else 1 end;
            else
                reason := case
                    when token = '' then format('nothing follows "%s".', last_sign)
                    else format('"%s" needs a text or a picture before it; quote signs that belong to a text.', token) end;
            end if;
            last_sign := token;
        elsif token = '*' then
            if cardinality(factors) = 2 then
                reason := 'a term takes one weight.';
            end if;
            last_sign := token;
        else
            -- A term ends.
            terms := terms + 1;
            perform clipsql_private.check_most('terms', terms, 'terms');
            thing := case when factors[1] ~ number and cardinality(factors) = 2 then 2 else 1 end;
            if cardinality(factors) = 2 and (factors[1] ~ number) = (factors[2] ~ number) then
                position := positions[2];
                reason := case
                    when factors[1] ~ number then 'both sides of "*" are numbers; quote the one that is a text.'
                    else '"*" stands between a number and a text or picture.' end;
            else
                position := positions[thing];
                body := factors[thing];
                weight := sign * case cardinality(factors) when 2 then factors[3 - thing]::double precision else 1 end;
                is_quoted := body ~ '^["'']';
                if body ~* '^image:' then
                    kind := 'image';
                    image_id := substr(body, length('image:') + 1)::bigint;
                else
                    image_id := null;
                    body := substr(query, position, length(body));
                    kind := case when not is_quoted and body ~* file then 'file' else 'text' end;
                end if;
                if is_quoted then
                    body := regexp_replace(substr(body, 2, length(body) - 2), $re$\\(.)$re$, $re$\1$re$, 'g');
                    kind := case when body ~ '^([.]{1,2}/|~?/)' then 'file' else 'text' end;
                end if;
                return next;
            end if;
            sign := case token when '-' then -1 else 1 end;
            factors := '{}';
            positions := '{}';
            last_sign := nullif(token, '');
        end if;
        if reason is not null then
            raise exception using errcode = 'CQ004', message = format('Column %s of the query: %s', position, reason);
        end if;
    end loop;
end;
$_$;


--
-- Name: FUNCTION parse_query(query text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.parse_query(query text) IS 'Terms of a query expression: kind text, image or file, with its weight; CQ004 points at the column of a mistake.';


--
-- Name: percentile_basis(public.halfvec[], text, double precision, clipsql.model, clipsql_private.query_code); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.percentile_basis(directions public.halfvec[], in_scope text, farthest double precision, chosen clipsql.model, coded clipsql_private.query_code DEFAULT NULL::clipsql_private.query_code, OUT size integer, OUT is_exact boolean, OUT distances double precision[]) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET gin_fuzzy_search_limit TO '0'
    AS $_$
declare
    full_size constant integer := clipsql_private.percentile_sample_size();
    least_size constant integer := full_size / 10;
    first constant halfvec := directions[1];
    others constant halfvec[] := case when cardinality(directions) > 1 then directions[2:] end;
    sample record;
    near bigint[];
    filter clipsql_private.search_filter;
    statement text;
    conditions text;
    probes integer;
    is_restricted constant boolean := clipsql_private.is_restricted();
    of_collection constant text := case when is_restricted then clipsql_private.own_collection() else in_scope end;
begin
    -- A reader under row-level security is told where a hit lies among the pictures that he may see.
    if not is_restricted or in_scope = of_collection or (in_scope is null and of_collection is not null) then
        select b.percentile_sample_id, b.basis_id,
            clipsql_private.code_slack(coded.code, k.left_out, chosen.dimensions) as slack
        into sample
        from clipsql_private.percentile_sample as b
        left join clipsql_private.code_basis as k on k.basis_id = b.basis_id
        where b.model_id = chosen.model_id and b.collection is not distinct from of_collection;
        if sample.basis_id = coded.basis_id then
            select count(*), array_agg(c.image_id) filter (where 1 + (c.code <#> coded.code) <= farthest + sample.slack)
            into size, near
            from clipsql_private.percentile_sample_code as c
            where c.percentile_sample_id = sample.percentile_sample_id;
            distances := array(
                select n.distance
                from (
                    select s.embedding <=> first as distance
                    from clipsql_private.percentile_sample_embedding as s
                    where s.percentile_sample_id = sample.percentile_sample_id and s.image_id = any (near)
                    offset 0
                ) as n
                where n.distance <= farthest
                order by n.distance);
        else
            select count(*), array_agg(s.distance order by s.distance) filter (where s.distance <= farthest)
            into size, distances
            from (
                select case when others is null then s.embedding <=> first
                    else greatest(s.embedding <=> first, (select max(s.embedding <=> d.direction) from unnest(others) as d(direction)))
                    end as distance
                from clipsql_private.percentile_sample_embedding as s
                where s.percentile_sample_id = sample.percentile_sample_id
                offset 0  -- so that they are compared once
            ) as s;
        end if;
        is_exact := false;
        -- Pictures that are deleted leave the sample too; when most have gone, it says little.
        if size >= full_size / 2 then
            return;
        end if;
    end if;

    filter.in_collection := in_scope;
    conditions := clipsql_private.effective_conditions(filter);
    statement :=
        'select count(*), array_agg(s.distance order by s.distance) filter (where s.distance <= $3)
         from (select ' || clipsql_private.farthest_distance(cardinality(directions)) || ' as distance '
        || clipsql_private.candidates(conditions, chosen);
    is_exact := true;
    execute statement || ' limit $4) as s' into size, distances using filter, directions, farthest, full_size + 1;
    if size <= full_size then
        return;
    end if;

    is_exact := false;
    foreach probes in array array[2 * full_size, 40 * full_size] loop
        execute statement || ' and e.ctid = any ($4)) as s' into size, distances
            using filter, directions, farthest,
                clipsql_private.spread_rows(to_regclass(clipsql_private.partition_name('image_embedding', chosen.model_id)), probes);
        if size >= least_size then
            return;
        end if;
    end loop;
    is_exact := true;
    execute statement || ') as s' into size, distances using filter, directions, farthest;
end;
$_$;


--
-- Name: FUNCTION percentile_basis(directions public.halfvec[], in_scope text, farthest double precision, chosen clipsql.model, coded clipsql_private.query_code, OUT size integer, OUT is_exact boolean, OUT distances double precision[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.percentile_basis(directions public.halfvec[], in_scope text, farthest double precision, chosen clipsql.model, coded clipsql_private.query_code, OUT size integer, OUT is_exact boolean, OUT distances double precision[]) IS 'Size of the collection or of its sample, and the distances in it up to that of the farthest hit, in order.';


--
-- Name: percentile_sample_size(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.percentile_sample_size() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 1000;


--
-- Name: FUNCTION percentile_sample_size(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.percentile_sample_size() IS 'Pictures in the sample that stands for a large collection.';


--
-- Name: percentile_threshold(clipsql.watch_list, public.halfvec[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.percentile_threshold(watch clipsql.watch_list, directions public.halfvec[]) RETURNS double precision
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    threshold double precision;
    pictures bigint;
begin
    watch.min_similarity := -1;
    watch.filters := jsonb_strip_nulls(jsonb_build_object('in_collection', watch.filters -> 'in_collection'));
    select min(r.similarity) filter (where 100.0 * r.lower / r.pictures >= watch.min_percentile), max(r.pictures)
    into threshold, pictures
    from (
        select p.similarity, rank() over (order by p.similarity) - 1 as lower, count(*) over () as pictures
        from clipsql_private.watched_past(watch, directions) as p
    ) as r;
    if pictures is null then
        raise exception using errcode = 'CQ004', message =
            'There is no picture yet that a percentile could be of; give min_similarity.';
    elsif threshold is null then
        raise exception using errcode = 'CQ004', message = format(
            'The %s pictures of the collection tell no percentile above %s; ask for less, or give min_similarity.',
            pictures, floor(10000.0::double precision * (pictures - 1) / pictures) / 100);
    end if;
    return threshold;
end;
$$;


--
-- Name: FUNCTION percentile_threshold(watch clipsql.watch_list, directions public.halfvec[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.percentile_threshold(watch clipsql.watch_list, directions public.halfvec[]) IS 'The similarity that a share of the collection stays below; CQ004 where there are too few pictures to tell.';


--
-- Name: picture_address(text, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.picture_address(written text, prefix text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (written !~ '[^[:space:]]'::text) THEN NULL::text WHEN (written ~* '^(https?|file):'::text) THEN written WHEN starts_with((COALESCE(prefix, ''::text) || written), '/'::text) THEN ('file://'::text || replace(replace(replace((COALESCE(prefix, ''::text) || written), '%'::text, '%25'::text), '?'::text, '%3F'::text), '#'::text, '%23'::text)) ELSE (COALESCE(prefix, ''::text) || written) END;


--
-- Name: FUNCTION picture_address(written text, prefix text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.picture_address(written text, prefix text) IS 'The address of a picture from what a column holds, after the prefix where that is no address; null for none.';


--
-- Name: place_boxes(double precision, double precision, double precision); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.place_boxes(near_longitude double precision, near_latitude double precision, within_m double precision) RETURNS box[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
declare
    -- A hair wider than exact: rounding must not lose a position on the rim. The least is no underflow.
    reach constant double precision := degrees(greatest(within_m, 1e-6) / 6371008.8) * (1 + 1e-9) + 1e-9;
    south constant double precision := near_latitude - reach;
    north constant double precision := near_latitude + reach;
    spread double precision;
begin
    if south <= -90 or north >= 90 then  -- a pole lies inside: every longitude may match
        return array[box(point(-180, greatest(south, -90)), point(180, least(north, 90)))];
    end if;
    spread := asind(least(1, sind(reach) / cosd(near_latitude))) + 1e-9;
    if near_longitude - spread < -180 then
        return array[
            box(point(-180, south), point(near_longitude + spread, north)),
            box(point(near_longitude - spread + 360, south), point(180, north))];
    elsif near_longitude + spread > 180 then
        return array[
            box(point(near_longitude - spread, south), point(180, north)),
            box(point(-180, south), point(near_longitude + spread - 360, north))];
    end if;
    return array[box(point(near_longitude - spread, south), point(near_longitude + spread, north))];
end;
$$;


--
-- Name: FUNCTION place_boxes(near_longitude double precision, near_latitude double precision, within_m double precision); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.place_boxes(near_longitude double precision, near_latitude double precision, within_m double precision) IS 'One or two boxes of (longitude, latitude) that hold every position within a distance; right at poles and antimeridian.';


--
-- Name: project_tokens(integer, integer, text, public.halfvec[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.project_tokens(of_model integer, of_layer integer, of_part text, inputs public.halfvec[]) RETURNS public.vector[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    matrix clipsql_private.text_matrix;
    outputs vector[];
    size integer;
    x1 halfvec; x2 halfvec; x3 halfvec; x4 halfvec; x5 halfvec; x6 halfvec; x7 halfvec; x8 halfvec;
    y1 double precision[]; y2 double precision[]; y3 double precision[]; y4 double precision[];
    y5 double precision[]; y6 double precision[]; y7 double precision[]; y8 double precision[];
begin
    select m.* into matrix
    from clipsql_private.text_matrix as m
    where m.model_id = of_model and m.layer = of_layer and m.part = of_part;
    outputs := array_remove(array[matrix.start_outputs], null);
    for done in 0 .. cardinality(inputs) - 1 by 8 loop
        size := least(8, cardinality(inputs) - done);
        x1 := inputs[done + 1];
        x2 := inputs[done + 2];
        x3 := inputs[done + 3];
        x4 := inputs[done + 4];
        x5 := inputs[done + 5];
        x6 := inputs[done + 6];
        x7 := inputs[done + 7];
        x8 := inputs[done + 8];
        select
            array_agg(inner_product(n.weights, x1)),
            array_agg(inner_product(n.weights, x2)) filter (where size >= 2),
            array_agg(inner_product(n.weights, x3)) filter (where size >= 3),
            array_agg(inner_product(n.weights, x4)) filter (where size >= 4),
            array_agg(inner_product(n.weights, x5)) filter (where size >= 5),
            array_agg(inner_product(n.weights, x6)) filter (where size >= 6),
            array_agg(inner_product(n.weights, x7)) filter (where size >= 7),
            array_agg(inner_product(n.weights, x8)) filter (where size >= 8)
        into y1, y2, y3, y4, y5, y6, y7, y8
        from (
            select t.weights
            from clipsql_private.text_neuron as t
            where t.model_id = of_model and t.layer = of_layer and t.part = of_part
            order by t.neuron) as n;
        outputs := outputs || array(
            select u.y * matrix.scales + matrix.biases
            from unnest((array[
                y1::vector, y2::vector, y3::vector, y4::vector,
                y5::vector, y6::vector, y7::vector, y8::vector])[:size]) as u (y));
    end loop;
    return outputs;
end;
$$;


--
-- Name: FUNCTION project_tokens(of_model integer, of_layer integer, of_part text, inputs public.halfvec[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.project_tokens(of_model integer, of_layer integer, of_part text, inputs public.halfvec[]) IS 'One matrix of a text tower, with its bias, applied to every token.';


--
-- Name: put_as_shard(jsonb); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.put_as_shard(request jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    return jsonb_build_object('image', clipsql.put_image(
        collection => request ->> 'collection', url => request ->> 'url', embedding => (request ->> 'embedding')::vector,
        captions => case when jsonb_typeof(request -> 'captions') = 'array' then array(
            select c.body from jsonb_array_elements_text(request -> 'captions') with ordinality as c(body, place) order by c.place) end,
        metadata => nullif(request -> 'metadata', 'null'),
        taken_at => (request ->> 'taken_at')::timestamptz,
        longitude => (request ->> 'longitude')::double precision, latitude => (request ->> 'latitude')::double precision,
        model => request ->> 'model',
        caption_embeddings => case when jsonb_typeof(request -> 'caption_embeddings') = 'array' then array(
            select v.vector::vector
            from jsonb_array_elements_text(request -> 'caption_embeddings') with ordinality as v(vector, place) order by v.place) end,
        language => request ->> 'language'));
end;
$$;


--
-- Name: FUNCTION put_as_shard(request jsonb); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.put_as_shard(request jsonb) IS 'Puts a picture for a coordinator, and tells its image_id.';


--
-- Name: put_captions(bigint, text[], public.vector[], text, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.put_captions(image bigint, captions text[], embeddings public.vector[], language text, chosen clipsql.model) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
    delete from clipsql.caption as c
    where c.image_id = image and c.source is null and c.body not in (select btrim(w.body) from unnest(captions) as w(body) where w.body is not null);

    begin
        insert into clipsql.caption (image_id, body, language)
        select image, w.body, put_captions.language
        from (
            select btrim(g.body) as body, min(g.position) as position
            from unnest(captions) with ordinality as g(body, position)
            where g.body ~ '[^[:space:]]'
            group by btrim(g.body)
        ) as w
        where not exists (select from clipsql.caption as c where c.image_id = image and c.body = w.body and c.source is null)
        order by w.position;
    exception when program_limit_exceeded then
        raise exception using errcode = 'CQ004', message = format('A caption cannot be stored: %s.', sqlerrm);
    end;

    with given as (
        select distinct on (c.caption_id) c.caption_id, l2_normalize(g.embedding)::halfvec as embedding
        from unnest(captions, embeddings) with ordinality as g(body, embedding, position)
        join clipsql.caption as c on c.image_id = image and c.body = btrim(g.body) and c.source is null
        where g.embedding is not null
        order by c.caption_id, g.position
    ), changed as (
        update clipsql.caption_embedding as e
        set embedding = w.embedding
        from given as w
        where e.caption_id = w.caption_id and e.model_id = chosen.model_id
        returning e.caption_id
    )
    insert into clipsql.caption_embedding (caption_id, model_id, embedding)
    select w.caption_id, chosen.model_id, w.embedding
    from given as w
    where w.caption_id not in (select h.caption_id from changed as h);
end;
$$;


--
-- Name: FUNCTION put_captions(image bigint, captions text[], embeddings public.vector[], language text, chosen clipsql.model); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.put_captions(image bigint, captions text[], embeddings public.vector[], language text, chosen clipsql.model) IS 'Makes these the captions of a picture, with vectors where there are some.';


--
-- Name: put_on_shard(text, text, public.vector, text[], jsonb, timestamp with time zone, double precision, double precision, text, public.vector[], text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.put_on_shard(collection text, url text, embedding public.vector, captions text[], metadata jsonb, taken_at timestamp with time zone, longitude double precision, latitude double precision, model text, caption_embeddings public.vector[], language text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET extra_float_digits TO '1'
    AS $_$
#variable_conflict use_variable
declare
    target clipsql_private.shard;
    told record;
begin
    perform clipsql_private.refuse_restricted();
    lock table clipsql_private.slot in row share mode;
    select h.* into target
    from clipsql_private.slot as s
    join clipsql_private.shard as h on h.shard_id = s.shard_id
    where s.slot = clipsql_private.slot_of(coalesce(put_on_shard.url, ''));
    select a.* into told from clipsql_private.ask_shards('put_as_shard', jsonb_build_object(
            'collection', put_on_shard.collection, 'url', put_on_shard.url, 'embedding', put_on_shard.embedding::text,
            'captions', to_jsonb(put_on_shard.captions), 'metadata', put_on_shard.metadata, 'taken_at', put_on_shard.taken_at,
            'longitude', put_on_shard.longitude, 'latitude', put_on_shard.latitude, 'model', put_on_shard.model,
            'caption_embeddings', to_jsonb(put_on_shard.caption_embeddings::text[]), 'language', put_on_shard.language),
        target.shard_id) as a;
    if told.problem is null then
        return told.answer -> 'image';
    elsif told.state ~ '^CQ00[2-6]$' then
        raise exception using errcode = told.state, message = told.problem;
    end if;
    raise exception using errcode = 'CQ007', message = format('Shard %s gives no answer: %s.', target.name, rtrim(told.problem, '.'));
end;
$_$;


--
-- Name: FUNCTION put_on_shard(collection text, url text, embedding public.vector, captions text[], metadata jsonb, taken_at timestamp with time zone, longitude double precision, latitude double precision, model text, caption_embeddings public.vector[], language text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.put_on_shard(collection text, url text, embedding public.vector, captions text[], metadata jsonb, taken_at timestamp with time zone, longitude double precision, latitude double precision, model text, caption_embeddings public.vector[], language text) IS 'Puts a picture on its shard, and returns its image_id.';


--
-- Name: put_watch(clipsql.watch_list, public.halfvec[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.put_watch(made clipsql.watch_list, directions public.halfvec[]) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    stored bigint;
begin
    if exists (select from clipsql.watch_list as w where w.name = made.name and not clipsql_private.owns(w.owner)) then
        raise exception using errcode = 'insufficient_privilege', message = format(
            'Watch "%s" is another role''s, who alone changes it; choose another name.', made.name);
    end if;
    insert into clipsql.watch_list as w (
        name, owner, model_id, query, images, filters, timezone, alarms_per_day, min_percentile, min_similarity,
        alarms_low, alarms_high, once_per, once_per_key)
    values (
        made.name, made.owner, made.model_id, made.query, made.images, made.filters, made.timezone, made.alarms_per_day,
        made.min_percentile, made.min_similarity, made.alarms_low, made.alarms_high, made.once_per, made.once_per_key)
    on conflict (name) do update set
        (model_id, query, images, filters, timezone, alarms_per_day, min_percentile, min_similarity, alarms_low, alarms_high,
            once_per, once_per_key, is_paused, problem) =
        (excluded.model_id, excluded.query, excluded.images, excluded.filters, excluded.timezone, excluded.alarms_per_day,
            excluded.min_percentile, excluded.min_similarity, excluded.alarms_low, excluded.alarms_high,
            excluded.once_per, excluded.once_per_key, false, null)
    returning w.watch_id into stored;
    delete from clipsql_private.watch_vector as v where v.watch_id = stored;
    insert into clipsql_private.watch_vector (model_id, watch_id, number, embedding, min_similarity)
    select made.model_id, stored, d.number, d.direction, made.min_similarity
    from unnest(directions) with ordinality as d(direction, number);
    return stored;
end;
$$;


--
-- Name: FUNCTION put_watch(made clipsql.watch_list, directions public.halfvec[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.put_watch(made clipsql.watch_list, directions public.halfvec[]) IS 'Stores a watch with its vectors, or changes the one of that name; gives its watch_id.';


--
-- Name: query_digest(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.query_digest(query text) RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN sha256(convert_to(btrim(query, ' 	
'::text), 'UTF8'::name));


--
-- Name: FUNCTION query_digest(query text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.query_digest(query text) IS 'SHA-256 of a query, by which its verdicts are found.';


--
-- Name: query_vectors(text, text, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.query_vectors(query text, model text, fusion text DEFAULT 'weighted sum'::text, OUT vectors public.vector[], OUT weights double precision[], OUT pictures bigint[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    file record;
    is_learned constant boolean := fusion not in ('weighted sum', 'mean similarity', 'minimum similarity');
begin
    select t.body, t.position into file from clipsql_private.parse_query(query_vectors.query) as t where t.kind = 'file' limit 1;
    if found then
        raise exception using errcode = 'CQ004', message = format(
            'Column %s: the database reads no files, so it cannot take %s; search with the command, or store the picture and write image:ID.',
            file.position, file.body);
    end if;
    select
        array_agg(
            case t.kind
                when 'text' then clipsql.embed_text(t.body, query_vectors.model)
                else clipsql.image_vector(t.image_id, query_vectors.model) end
            order by is_learned and t.kind = 'text', t.position),
        array_agg(t.weight order by is_learned and t.kind = 'text', t.position),
        array_agg(t.image_id) filter (where t.image_id is not null)
    into vectors, weights, pictures
    from clipsql_private.parse_query(query_vectors.query) as t;
    if is_learned and cardinality(vectors) = 2 and cardinality(pictures) is distinct from 1 then
        raise exception using errcode = 'CQ004', message = format(
            'Fusion %s joins a picture and a text; write it as in: image:42 + "red truck".', quote_ident(fusion));
    end if;
end;
$$;


--
-- Name: FUNCTION query_vectors(query text, model text, fusion text, OUT vectors public.vector[], OUT weights double precision[], OUT pictures bigint[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.query_vectors(query text, model text, fusion text, OUT vectors public.vector[], OUT weights double precision[], OUT pictures bigint[]) IS 'Vectors and weights of the terms of a query, and the stored pictures that it names; CQ004 for a file.';


--
-- Name: queue_attached_picture(bigint, clipsql_private.attached_table, boolean); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.queue_attached_picture(image bigint, attached clipsql_private.attached_table, is_fresh boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    file constant bytea := case when attached.may_read_files then (
        select clipsql_private.file_of_address(i.url) from clipsql.image as i where i.image_id = image) end;
begin
    update clipsql_private.queue as q
    set is_fresh = q.is_fresh or queue_attached_picture.is_fresh, file_to_read = coalesce(file, q.file_to_read)
    where q.image_id = image;
    if not found then
        insert into clipsql_private.queue (image_id, collection, is_fresh, file_to_read)
        select i.image_id, i.collection, queue_attached_picture.is_fresh, file
        from clipsql.image as i
        where i.image_id = image and i.status = 'pending';
    end if;
    insert into clipsql_private.queue (image_id, collection, model_id, is_checked, is_fresh)
    select image, attached.collection, e.model_id, true, queue_attached_picture.is_fresh
    from clipsql.image_embedding as e
    join clipsql.model as m on m.model_id = e.model_id
    where e.image_id = image and m.location is not null
        and exists (
            select from clipsql.caption as c
            where c.image_id = image and not exists (
                select from clipsql.caption_embedding as v where v.caption_id = c.caption_id and v.model_id = e.model_id))
    on conflict (image_id, model_id) do nothing;
end;
$$;


--
-- Name: FUNCTION queue_attached_picture(image bigint, attached clipsql_private.attached_table, is_fresh boolean); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.queue_attached_picture(image bigint, attached clipsql_private.attached_table, is_fresh boolean) IS 'Lets the picture of an attached row wait for a worker.';


--
-- Name: queue_deliveries(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.queue_deliveries() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    insert into clipsql_private.delivery (webhook_id, alert_id)
    select h.webhook_id, r.alert_id
    from raised as r
    join clipsql.watch_list as w on w.watch_id = r.watch_id
    join clipsql_private.webhook as h on clipsql_private.is_told(h.owner, w.owner);
    return null;
end;
$$;


--
-- Name: FUNCTION queue_deliveries(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.queue_deliveries() IS 'Trigger: alarms wait to be posted to webhooks.';


--
-- Name: queue_for_shadows(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.queue_for_shadows() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    if not exists (select from clipsql_private.shadow) then
        return null;
    end if;
    if starts_with(tg_table_name, 'image_') then
        -- What could not be had for one model may be had now.
        delete from clipsql_private.unembedded as u where u.image_id in (select w.image_id from written as w);
        insert into clipsql_private.queue (image_id, collection, model_id, is_checked, is_fresh)
        select distinct i.image_id, i.collection, k.model_id, i.sha256 is not null, true
        from written as w
        join clipsql.image as i on i.image_id = w.image_id
        cross join lateral clipsql_private.kept_models(i.collection) as k(model_id)
        where not exists (
            select from clipsql.image_embedding as e where e.image_id = i.image_id and e.model_id = k.model_id)
        order by i.image_id, k.model_id
        on conflict (image_id, model_id) do update set is_fresh = true, leased_by = null, leased_until = null;
    else
        insert into clipsql_private.queue (image_id, collection, model_id, is_checked, is_fresh)
        select distinct i.image_id, i.collection, k.model_id, true, true
        from written as w
        join clipsql.caption as c on c.caption_id = w.caption_id
        join clipsql.image as i on i.image_id = c.image_id
        cross join lateral clipsql_private.kept_models(i.collection) as k(model_id)
        where exists (select from clipsql.image_embedding as e where e.image_id = i.image_id and e.model_id = k.model_id)
            and not exists (
                select from clipsql.caption_embedding as v where v.caption_id = c.caption_id and v.model_id = k.model_id)
        order by i.image_id, k.model_id
        on conflict (image_id, model_id) do update set is_fresh = true, leased_by = null, leased_until = null;
    end if;
    return null;
end;
$$;


--
-- Name: FUNCTION queue_for_shadows(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.queue_for_shadows() IS 'Trigger: what was embedded under one model waits for the others that pictures are kept under.';


--
-- Name: queue_missing(integer, bigint, integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.queue_missing(of_model integer, after bigint, most_rows integer) RETURNS TABLE(queued bigint, last bigint)
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    with missing as materialized (
        select i.image_id, i.collection, i.sha256 is not null as is_checked
        from clipsql.image as i
        where i.image_id > after and i.status = 'embedded'
            and exists (
                select from clipsql_private.shadow as s
                where s.model_id = of_model and (s.collection is null or s.collection = i.collection)
                    and (s.kept_until is null or s.kept_until > now()))
            and not exists (
                select from clipsql.image_embedding as e where e.image_id = i.image_id and e.model_id = of_model)
            and not exists (
                select from clipsql_private.unembedded as u where u.image_id = i.image_id and u.model_id = of_model)
        order by i.image_id
        limit most_rows
    ), added as (
        insert into clipsql_private.queue (image_id, collection, model_id, is_checked)
        select m.image_id, m.collection, of_model, m.is_checked from missing as m order by m.image_id
        on conflict (image_id, model_id) do nothing
        returning image_id
    )
    select (select count(*) from added), (select max(m.image_id) from missing as m having count(*) = most_rows);
$$;


--
-- Name: FUNCTION queue_missing(of_model integer, after bigint, most_rows integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.queue_missing(of_model integer, after bigint, most_rows integer) IS 'Lets pictures wait for the model of a shadow; how many, and the last one unless there are no more.';


--
-- Name: queue_picture(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.queue_picture() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    insert into clipsql_private.queue (image_id, collection)
    select i.image_id, i.collection
    from clipsql.image as i
    where i.image_id = new.image_id and i.status = 'pending'
        and not exists (select from clipsql_private.queue as q where q.image_id = i.image_id);
    return null;
end;
$$;


--
-- Name: FUNCTION queue_picture(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.queue_picture() IS 'Trigger: a pending picture that waits for no model waits for any.';


--
-- Name: queue_regions(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.queue_regions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    perform from clipsql.image as i
    where i.image_id in (select w.image_id from written as w)
    order by i.image_id
    for no key update;
    update clipsql_private.queue as q set leased_by = null, leased_until = null
    where q.image_id in (select w.image_id from written as w) and q.leased_by is not null;
    insert into clipsql_private.queue (image_id, collection, model_id, is_checked)
    select i.image_id, i.collection, m.model_id, i.sha256 is not null
    from clipsql.image as i
    join clipsql.image_embedding as e on e.image_id = i.image_id
    join clipsql.model as m on m.model_id = e.model_id and m.location is not null
    where i.image_id in (select w.image_id from written as w)
    order by i.image_id, m.model_id
    on conflict (image_id, model_id) do nothing;
    return null;
end;
$$;


--
-- Name: FUNCTION queue_regions(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.queue_regions() IS 'Trigger: new regions wait for the models that their pictures are embedded under.';


--
-- Name: raise_alerts(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.raise_alerts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$
declare
    of_model integer;
    hit record;
    raised bigint[] := '{}';
begin
    -- Until this transaction ends no watch is made: a new one finds its pictures stored, or sees them come (begin_watch).
    perform pg_advisory_xact_lock_shared(hashtextextended('watches of clipsql', 0));
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        -- Such a transaction does not see a watch that was made after it began, and must be run again.
        perform from clipsql.model as m where m.model_id in (select w.model_id from written as w) for share;
    end if;
    for of_model in
        select distinct w.model_id from written as w
        where exists (select from clipsql_private.watch_vector as v where v.model_id = w.model_id)
    loop
        for hit in
            select s.watch_id, array_agg(s.image_id order by s.image_id) as images,
                array_agg(s.similarity order by s.image_id) as similarities
            from (
                select array_agg(n.image_id) as images, array_agg(n.embedding) as embeddings
                from (
                    select w.image_id, w.embedding, (row_number() over () - 1) / 32 as part
                    from written as w
                    where w.model_id = of_model
                ) as n
                group by n.part
            ) as p
            cross join lateral clipsql_private.near_watches(of_model, p.images, p.embeddings) as s
            group by s.watch_id
            order by s.watch_id
        loop
            begin
                raised := raised || clipsql_private.raise_watch(hit.watch_id, hit.images, hit.similarities);
            exception
                -- The whole transaction is to be run again: nothing is wrong with the watch.
                when transaction_rollback or lock_not_available or insufficient_resources then
                    raise;
                when others then
                    update clipsql.watch_list as l set problem = sqlerrm
                    where l.watch_id = hit.watch_id and l.problem is distinct from sqlerrm;
            end;
        end loop;
    end loop;
    if raised <> '{}' then
        perform pg_notify('clipsql_alert', array_to_json(raised[:350])::text);  -- it takes 8000 bytes
    end if;
    return null;
end;
$$;


--
-- Name: FUNCTION raise_alerts(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.raise_alerts() IS 'Trigger: raises the alarms of all watches for the embeddings that a statement wrote.';


--
-- Name: raise_missed(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.raise_missed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $$
declare
    images bigint[];
    similarities double precision[];
    raised bigint[];
begin
    select array_agg(s.image_id order by s.image_id), array_agg(s.similarity order by s.image_id) into images, similarities
    from (
        select e.image_id, max(1 - (v.embedding <=> e.embedding)) as similarity
        from clipsql.image as i
        join clipsql.image_embedding as e on e.image_id = i.image_id and e.model_id = new.model_id
        join clipsql_private.watch_vector as v on v.watch_id = new.watch_id and v.model_id = new.model_id
        where i.added_at >= new.created_at
            and not exists (
                select from clipsql.image_embedding as o where o.model_id = old.model_id and o.image_id = i.image_id)
        group by e.image_id
    ) as s
    where s.similarity >= new.min_similarity and s.similarity < 'NaN';
    if images is not null then
        raised := clipsql_private.raise_watch(new.watch_id, images, similarities);
        if raised <> '{}' then
            perform pg_notify('clipsql_alert', array_to_json(raised[:350])::text);
        end if;
    end if;
    return null;
end;
$$;


--
-- Name: FUNCTION raise_missed(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.raise_missed() IS 'Trigger: raises the alarms of a watch that has moved for the pictures that its old model never knew.';


--
-- Name: raise_watch(bigint, bigint[], double precision[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.raise_watch(of_watch bigint, images bigint[], similarities double precision[]) RETURNS bigint[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    watch clipsql.watch_list;
    fresh clipsql_private.watched_picture[];
    directions constant halfvec[] := clipsql_private.watch_directions(of_watch);
    size integer;
    distances double precision[];
    raised bigint[];
begin
    select w.* into watch from clipsql.watch_list as w where w.watch_id = of_watch;
    select array_agg(p order by p.image_id) into fresh
    from clipsql_private.watched(watch, images, similarities) as p
    where not exists (select from clipsql.alert as a where a.watch_id = of_watch and a.image_id = p.image_id)
        and not exists (select from clipsql_private.repeat as r where r.watch_id = of_watch and r.image_id = p.image_id);
    if fresh is null then
        return '{}';
    end if;
    -- The basis is of what is near to all vectors, a watch of what is near to one. And it is of all pictures: its owner may not
    -- see them all, nor, where tenants are kept apart, may who writes, within whose sight it would then be.
    if cardinality(directions) = 1 and clipsql_private.sees_all(watch.owner::name)
            and (not clipsql_private.keeps_tenants_apart() or clipsql_private.sees_all(clipsql_private.caller())) then
        select b.size, b.distances into size, distances
        from clipsql_private.percentile_basis(
            directions, watch.filters ->> 'in_collection', (select max(1 - f.similarity) from unnest(fresh) as f),
            (select m from clipsql.model as m where m.model_id = watch.model_id)) as b;
    end if;
    with first as (
        select distinct on (coalesce(f.occasion, int8send(f.image_id))) f.*,
            count(*) over (partition by coalesce(f.occasion, int8send(f.image_id))) - 1 as repeats
        from unnest(fresh) as f
        order by coalesce(f.occasion, int8send(f.image_id)), f.similarity desc, f.image_id
    ), told as (
        insert into clipsql.alert as a (watch_id, image_id, similarity, percentile, occasion, repeats)
        select
            of_watch, f.image_id, greatest(-1, least(1, f.similarity)),
            100 * clipsql_private.share_lower(1 - f.similarity, distances, size),
            f.occasion, f.repeats
        from first as f
        order by f.occasion, f.image_id
        on conflict (watch_id, occasion) do update set repeats = a.repeats + excluded.repeats + 1
        returning a.alert_id, a.image_id, a.occasion, a.xmax = 0 as is_new
    ), folded as (
        insert into clipsql_private.repeat (watch_id, image_id, alert_id)
        select of_watch, f.image_id, t.alert_id
        from unnest(fresh) as f
        join told as t on t.occasion = f.occasion and t.image_id <> f.image_id
    )
    select array_agg(t.alert_id order by t.alert_id) filter (where t.is_new) into raised from told as t;
    return coalesce(raised, '{}');
end;
$$;


--
-- Name: FUNCTION raise_watch(of_watch bigint, images bigint[], similarities double precision[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.raise_watch(of_watch bigint, images bigint[], similarities double precision[]) IS 'Raises the alarms of a watch for pictures; gives the alert_ids of new ones.';


--
-- Name: rank_biased_overlap(bigint[], bigint[], double precision); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.rank_biased_overlap(one bigint[], other bigint[], persistence double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 WITH ends AS (
          SELECT LEAST(cardinality(rank_biased_overlap.one), cardinality(rank_biased_overlap.other)) AS short,
             GREATEST(cardinality(rank_biased_overlap.one), cardinality(rank_biased_overlap.other)) AS long
         ), common AS (
          SELECT GREATEST(a.place, b.place) AS depth
            FROM (unnest(rank_biased_overlap.one) WITH ORDINALITY a(image_id, place)
              JOIN unnest(rank_biased_overlap.other) WITH ORDINALITY b(image_id, place) ON ((b.image_id = a.image_id)))
         ), overlap AS (
          SELECT d.depth,
             (count(c.depth))::double precision AS shared
            FROM ((ends e
              CROSS JOIN LATERAL generate_series(1, e.long) d(depth))
              LEFT JOIN common c ON ((c.depth <= d.depth)))
           GROUP BY d.depth
         ), summed AS (
          SELECT e.short,
             e.long,
             COALESCE(( SELECT o.shared
                    FROM overlap o
                   WHERE (o.depth = e.short)), (0)::double precision) AS shared_short,
             ( SELECT o.shared
                    FROM overlap o
                   WHERE (o.depth = e.long)) AS shared_long,
             ( SELECT sum(((o.shared / (o.depth)::double precision) * (rank_biased_overlap.persistence ^ (o.depth)::double precision))) AS sum
                    FROM overlap o) AS seen
            FROM ends e
         )
  SELECT
         CASE
             WHEN (s.short = 0) THEN (
             CASE
                 WHEN (s.long > 0) THEN 0
                 ELSE NULL::integer
             END)::double precision
             ELSE (((((1)::double precision - rank_biased_overlap.persistence) / rank_biased_overlap.persistence) * (s.seen + COALESCE(( SELECT sum((((s.shared_short * ((d.depth - s.short))::double precision) / ((s.short * d.depth))::double precision) * (rank_biased_overlap.persistence ^ (d.depth)::double precision))) AS sum
                FROM generate_series((s.short + 1), s.long) d(depth)), (0)::double precision))) + ((((s.shared_long - s.shared_short) / (s.long)::double precision) + (s.shared_short / (s.short)::double precision)) * (rank_biased_overlap.persistence ^ (s.long)::double precision)))
         END AS "case"
    FROM summed s;
END;


--
-- Name: FUNCTION rank_biased_overlap(one bigint[], other bigint[], persistence double precision); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.rank_biased_overlap(one bigint[], other bigint[], persistence double precision) IS 'How much two answers have in common, their first pictures most: 1 when they are the same, 0 when they share none.';


--
-- Name: rank_words(text, text, clipsql_private.search_filter, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.rank_words(query text, conditions text, filter clipsql_private.search_filter, chosen clipsql.model) RETURNS TABLE(image_id bigint, score double precision)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET gin_fuzzy_search_limit TO '0'
    SET jit TO 'off'
    AS $_$
#variable_conflict use_column
declare
    configurations regconfig[];
    numbers integer[];
    terms tsquery[];
    any_term tsquery;
begin
    select
        array_agg(clipsql_private.caption_configuration(l.code)), array_agg(t.number), array_agg(t.term),
        string_agg(distinct t.term::text, ' | ')::tsquery
    into configurations, numbers, terms, any_term
    from unnest(clipsql_private.caption_languages()) as l(code)
    cross join lateral clipsql_private.word_terms(query, l.code) as t;
    if any_term is null then
        return;  -- nothing but stop words
    end if;
    return query execute format(
        'with hit as materialized (
             select c.image_id, t.number, count(*) as captions
             from clipsql.caption as c
             join unnest($3, $4, $5) as t(configuration, number, term)
                 on t.configuration = clipsql_private.caption_configuration(c.language) and c.words @@ t.term
             where c.words @@ $2
                 and exists (select %s and e.image_id = c.image_id)
             group by c.image_id, t.number
         ), weighed as (
             select h.image_id, h.captions / (h.captions + 1.0::double precision)
                 * ln(1 + (select count(distinct a.image_id) from hit as a)::double precision
                        / count(*) over (partition by h.number)) as weight
             from hit as h
         )
         select w.image_id, sum(w.weight order by w.weight) from weighed as w group by w.image_id',
        clipsql_private.candidates(conditions, chosen))
    using filter, any_term, configurations, numbers, terms;
end;
$_$;


--
-- Name: FUNCTION rank_words(query text, conditions text, filter clipsql_private.search_filter, chosen clipsql.model); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.rank_words(query text, conditions text, filter clipsql_private.search_filter, chosen clipsql.model) IS 'Pictures that pass the filter and whose captions have words of the query, with a score by number and rareness.';


--
-- Name: rate_threshold(clipsql.watch_list, public.halfvec[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.rate_threshold(watch clipsql.watch_list, directions public.halfvec[], OUT similarity double precision, OUT low double precision, OUT high double precision) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    least_alarms constant integer := 5;
    seen clipsql_private.watched_picture[];
    span interval;
    days integer;
    possible bigint;
    wanted double precision;
begin
    watch.min_similarity := -1;
    select
        array_agg(p), max(p.seen_at) - min(p.seen_at), count(distinct p.day),
        count(distinct coalesce(p.occasion, int8send(p.image_id)))
    into seen, span, days, possible
    from clipsql_private.watched_past(watch, directions) as p;
    wanted := watch.alarms_per_day * days;
    if seen is null then
        raise exception using errcode = 'CQ004', message = case
            when watch.filters ? 'in_collection' and not exists (
                select from clipsql.image as i where i.collection = watch.filters ->> 'in_collection')
            then format('There is no collection "%s" yet', watch.filters ->> 'in_collection')
            else 'No picture passes the filters yet'
        end || ', so nothing tells how many alarms a day there would be; give min_similarity.';
    elsif span < interval '12 hours' then
        raise exception using errcode = 'CQ004', message = format(
            'The %s pictures that pass the filters are of %s hours, too few to tell of a day; give min_similarity.',
            cardinality(seen), round(extract(epoch from span) / 3600, 1));
    elsif wanted < least_alarms then
        raise exception using errcode = 'CQ004', message = format(
            'The pictures of %s days tell no rate below %s alarms a day; ask for as many, or give min_similarity.',
            days, ceil(100.0::double precision * least_alarms / days) / 100);
    elsif wanted > possible then
        raise exception using errcode = 'CQ004', message = format(
            'The pictures of %s days could raise no more than %s alarms a day; ask for fewer, or give min_similarity.',
            days, floor(100.0::double precision * possible / days) / 100);
    end if;
    select o.similarity into rate_threshold.similarity
    from (
        select max(p.similarity) as similarity
        from unnest(seen) as p
        group by coalesce(p.occasion, int8send(p.image_id))
    ) as o
    order by o.similarity desc
    offset floor(wanted)::bigint - 1 limit 1;
    select i.low, i.high into rate_threshold.low, rate_threshold.high
    from clipsql_private.daily_interval(array(
        select d.alarms from clipsql_private.daily_alarms(seen, rate_threshold.similarity) as d)) as i;
end;
$$;


--
-- Name: FUNCTION rate_threshold(watch clipsql.watch_list, directions public.halfvec[], OUT similarity double precision, OUT low double precision, OUT high double precision); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.rate_threshold(watch clipsql.watch_list, directions public.halfvec[], OUT similarity double precision, OUT low double precision, OUT high double precision) IS 'The similarity that gives so many alarms a day in the past, and the interval of a day to come; CQ004 for what it cannot tell.';


--
-- Name: read_path(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.read_path(body text) RETURNS jsonpath
    LANGUAGE plpgsql IMMUTABLE
    AS $_$
begin
    return case when body ~ '[^[:space:]]' then body end::jsonpath;
exception when data_exception or syntax_error or program_limit_exceeded or feature_not_supported then
    raise exception using errcode = 'CQ004', message =
        'metadata_matches is no JSON path (' || sqlerrm || '); write it as in: $.price < 50 && $.brand == "x".';
end;
$_$;


--
-- Name: FUNCTION read_path(body text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.read_path(body text) IS 'The JSON path that a text writes, null for a blank one; CQ004 for a mistake.';


--
-- Name: read_policies(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.read_policies() RETURNS SETOF pg_policy
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT o.oid,
     o.polname,
     o.polrelid,
     o.polcmd,
     o.polpermissive,
     o.polroles,
     o.polqual,
     o.polwithcheck
    FROM pg_policy o
   WHERE ((o.polrelid = ('clipsql.image'::regclass)::oid) AND (o.polcmd = ANY (ARRAY['r'::"char", '*'::"char"])) AND (EXISTS ( SELECT
            FROM unnest(o.polroles) g(role)
           WHERE ((g.role = (0)::oid) OR pg_has_role(clipsql_private.caller(), g.role, 'usage'::text)))));
END;


--
-- Name: FUNCTION read_policies(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.read_policies() IS 'The policies that decide which pictures the caller may see.';


--
-- Name: read_request(jsonb); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.read_request(request jsonb) RETURNS clipsql_private.requested_search
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    known constant text[] := array(
        select a.attname from pg_catalog.pg_attribute as a
        where a.attrelid = 'clipsql_private.requested_search'::regclass and not a.attisdropped
        order by a.attnum);
    members jsonb;
    wrong record;
    read clipsql_private.requested_search;
begin
    if jsonb_typeof(request) is distinct from 'object' then
        raise exception using errcode = 'CQ004', message = format(
            'A request must be a JSON object, not %s; write it as in: {"text": "red truck", "max_results": 5}.',
            coalesce(jsonb_typeof(request), 'null'));
    end if;
    perform clipsql_private.check_most('request', octet_length(request::text), 'bytes');
    select k.name into wrong from jsonb_object_keys(request) as k(name) where k.name <> all (known) order by k.name limit 1;
    if found then
        raise exception using errcode = 'CQ004', message = format(
            'A request has no member "%s"; it may have: %s.', left(wrong.name, 100), array_to_string(known, ', '));
    end if;
    -- Vertices as JSON writes them, [[longitude, latitude], ...], as a polygon is written.
    members := request || coalesce((
        select jsonb_build_object('inside', format('(%s)', string_agg(
            format('(%s,%s)', p.vertex ->> 0, p.vertex ->> 1), ',' order by p.position)))
        from jsonb_array_elements(case jsonb_typeof(request -> 'inside') when 'array' then request -> 'inside' end)
            with ordinality as p(vertex, position)
        having count(*) > 0), '{}');
    for wrong in select m.name, m.body from jsonb_each(members) as m(name, body) loop
        begin
            read := jsonb_populate_record(read, jsonb_build_object(wrong.name, wrong.body));
        exception when data_exception or syntax_error or program_limit_exceeded then
            raise exception using errcode = 'CQ004', message = format('%s is wrong: %s.', wrong.name, sqlerrm);
        end;
    end loop;
    if num_nonnulls(read.text, read.image, read.vector, read.query) <> 1 then
        raise exception using errcode = 'CQ004', message = format(
            'A request asks for one of text, image, vector and query, not for %s of them.',
            num_nonnulls(read.text, read.image, read.vector, read.query));
    end if;
    if read.fusion is not null and read.query is null then
        raise exception using errcode = 'CQ004', message = 'fusion tells how the terms of a query become one; give it with query.';
    elsif read.search_in not in ('pictures', 'regions') then
        raise exception using errcode = 'CQ004', message = format(
            'search_in is wrong: it is pictures, the default, or regions, not %s.', left(read.search_in, 100));
    elsif read.having_label is not null and read.search_in is distinct from 'regions' then
        raise exception using errcode = 'CQ004',
            message = 'having_label is of regions; give it with "search_in": "regions", or leave it out.';
    end if;
    return read;
end;
$$;


--
-- Name: FUNCTION read_request(request jsonb); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.read_request(request jsonb) IS 'A request in JSON, member by member; CQ004 names what is wrong.';


--
-- Name: refuse_picture(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.refuse_picture() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception using errcode = 'CQ007', message =
        'This database is a coordinator, whose pictures lie on shards; write through "clipsql ingest", clipsql.put_image or'
        ' Searcher.put_many, or on the shard itself.';
end;
$$;


--
-- Name: FUNCTION refuse_picture(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.refuse_picture() IS 'Trigger of a coordinator: its pictures lie on shards.';


--
-- Name: refuse_restricted(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.refuse_restricted() RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    if not clipsql_private.sees_all(clipsql_private.caller()) then
        raise exception using errcode = 'CQ007', message =
            'Row-level security on clipsql.image does not reach over shards, so this role is not answered here; let tenants ask'
            ' a shard of their own, or an owner who names a collection.';
    end if;
end;
$$;


--
-- Name: FUNCTION refuse_restricted(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.refuse_restricted() IS 'CQ007 for a caller from whom row-level security hides pictures.';


--
-- Name: refuse_shards(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.refuse_shards(door text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
begin
    if clipsql_private.has_shards() then
        raise exception using errcode = 'CQ007', message = format(
            'clipsql.%s does not reach over shards, on which the pictures of this database lie; ask each of "clipsql shard list".', door);
    end if;
end;
$$;


--
-- Name: FUNCTION refuse_shards(door text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.refuse_shards(door text) IS 'CQ007 on a coordinator, from a function that answers about the pictures of its own database only.';


--
-- Name: regrant(text, oid, aclitem[], "char", text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.regrant(target text, owner oid, rights aclitem[], kind "char", columns text DEFAULT ''::text) RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 WITH grantee AS (
          SELECT DISTINCT
                 CASE d.grantee
                     WHEN 0 THEN 'public'::text
                     ELSE ((d.grantee)::regrole)::text
                 END AS name
            FROM ( SELECT regrant.owner AS grantee
                 UNION ALL
                  SELECT 0
                 UNION ALL
                  SELECT x.grantee
                    FROM (pg_default_acl a
                      CROSS JOIN LATERAL aclexplode(a.defaclacl) x(grantor, grantee, privilege_type, is_grantable))) d
         ), step AS (
          SELECT 0 AS number,
             format('revoke all on %s from %s'::text, regrant.target, string_agg(g.name, ', '::text)) AS statement
            FROM grantee g
          HAVING (regrant.columns = ''::text)
         UNION ALL
          SELECT x.number,
             format('grant %s%s on %s to %s%s'::text, x.privilege_type, regrant.columns, regrant.target,
                 CASE x.grantee
                     WHEN 0 THEN 'public'::text
                     ELSE ((x.grantee)::regrole)::text
                 END,
                 CASE
                     WHEN x.is_grantable THEN ' with grant option'::text
                     ELSE ''::text
                 END) AS format
            FROM aclexplode(COALESCE(regrant.rights, acldefault(regrant.kind, regrant.owner))) WITH ORDINALITY x(grantor, grantee, privilege_type, is_grantable, number)
         )
  SELECT COALESCE(array_agg(s.statement ORDER BY s.number), '{}'::text[]) AS "coalesce"
    FROM step s
   WHERE ((regrant.rights IS NOT NULL) OR ((regrant.columns = ''::text) AND (EXISTS ( SELECT
            FROM pg_default_acl))));
END;


--
-- Name: FUNCTION regrant(target text, owner oid, rights aclitem[], kind "char", columns text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.regrant(target text, owner oid, rights aclitem[], kind "char", columns text) IS 'Statements that give an object made anew the privileges that it had, and no others.';


--
-- Name: remaking(oid, oid); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.remaking(class_id oid, object_id oid, OUT title text, OUT target text, OUT owner oid, OUT removal text, OUT making text[]) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    AS $$
declare
    class constant text := class_id::regclass;
    kind text;
    rights aclitem[];
    rights_kind "char";
begin
    title := pg_describe_object(class_id, object_id, 0);
    if class = 'pg_class' then
        select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'c' then 'type' else 'index' end,
            c.oid::regclass, c.relowner, coalesce(t.typacl, c.relacl), case c.relkind when 'c' then 'T' else 'r' end
        into kind, target, owner, rights, rights_kind
        from pg_catalog.pg_class as c
        left join pg_catalog.pg_type as t on t.typrelid = c.oid and c.relkind = 'c'
        where c.oid = object_id and c.relkind in ('v', 'm', 'c', 'i') and not c.relispartition;
        making := array[case kind
            when 'index' then pg_get_indexdef(object_id)
            when 'type' then format('create type %s as (%s)', target, (
                select string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum)
                from pg_catalog.pg_attribute as a
                where a.attrelid = object_id and a.attnum > 0 and not a.attisdropped))
            else clipsql_private.view_statement(object_id) end];
    elsif class = 'pg_proc' then
        select 'routine', p.oid::regprocedure, p.proowner, p.proacl, 'f', array[pg_get_functiondef(p.oid)]
        into kind, target, owner, rights, rights_kind, making
        from pg_catalog.pg_proc as p
        where p.oid = object_id and p.prokind <> 'a';
    elsif class = 'pg_rewrite' then
        select 'rule', format('%I on %s', r.rulename, c.oid::regclass), c.relowner,
            array[pg_get_ruledef(object_id), clipsql_private.switching('rule', c.oid, r.rulename, r.ev_enabled)]
        into kind, target, owner, making
        from pg_catalog.pg_rewrite as r
        join pg_catalog.pg_class as c on c.oid = r.ev_class
        where r.oid = object_id;
    elsif class = 'pg_trigger' then
        select 'trigger', format('%I on %s', t.tgname, c.oid::regclass), c.relowner,
            array[pg_get_triggerdef(object_id), clipsql_private.switching('trigger', c.oid, t.tgname, t.tgenabled)]
        into kind, target, owner, making
        from pg_catalog.pg_trigger as t
        join pg_catalog.pg_class as c on c.oid = t.tgrelid
        where t.oid = object_id;
    elsif class = 'pg_constraint' then
        select 'constraint', format('%I on %s', k.conname, c.oid::regclass), c.relowner,
            format('alter table %s drop constraint %I', c.oid::regclass, k.conname),
            array[format('alter table %s add constraint %I %s', c.oid::regclass, k.conname, pg_get_constraintdef(k.oid))]
        into kind, target, owner, removal, making
        from pg_catalog.pg_constraint as k
        join pg_catalog.pg_class as c on c.oid = k.conrelid
        where k.oid = object_id and k.contype = 'c' and k.coninhcount = 0;
    elsif class = 'pg_attrdef' then
        select c.relowner, format('alter table %s alter %I drop default', c.oid::regclass, a.attname),
            array[format('alter table %s alter %I set default %s', c.oid::regclass, a.attname, pg_get_expr(d.adbin, c.oid))]
        into owner, removal, making
        from pg_catalog.pg_attrdef as d
        join pg_catalog.pg_class as c on c.oid = d.adrelid
        join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum = d.adnum
        where d.oid = object_id and a.attgenerated = '';
    end if;
    removal := coalesce(removal, 'drop ' || kind || ' ' || target);
    if kind in ('view', 'materialized view', 'type', 'routine') then
        making := making
            || format('alter %s %s owner to %s', kind, target, owner::regrole)
            || clipsql_private.regrant(
                format('%s %s', case when rights_kind = 'r' then 'table' else kind end, target), owner, rights, rights_kind)
            || array(
                select s.statement
                from pg_catalog.pg_attribute as a
                cross join unnest(clipsql_private.regrant(
                    'table ' || target, owner, a.attacl, 'c', format(' (%I)', a.attname))) as s(statement)
                where class = 'pg_class' and a.attrelid = object_id and a.attnum > 0);
    end if;
    making := array_remove(making, null) || array(
        select format('comment on %s %s is %L',
            case when a.attname is null then kind else 'column' end, concat_ws('.', target, quote_ident(a.attname)), d.description)
        from pg_catalog.pg_description as d
        left join pg_catalog.pg_attribute as a on d.classoid = 'pg_class'::regclass and a.attrelid = d.objoid and a.attnum = d.objsubid and a.attnum > 0
        where d.classoid = class_id and d.objoid = object_id
            or kind = 'type' and d.classoid = 'pg_type'::regclass
                and d.objoid = (select c.reltype from pg_catalog.pg_class as c where c.oid = object_id));
end;
$$;


--
-- Name: FUNCTION remaking(class_id oid, object_id oid, OUT title text, OUT target text, OUT owner oid, OUT removal text, OUT making text[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.remaking(class_id oid, object_id oid, OUT title text, OUT target text, OUT owner oid, OUT removal text, OUT making text[]) IS 'How to drop an object that depends on a changed one, and the statements that make the same again.';


--
-- Name: remembered_text; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.remembered_text (
    model_id integer NOT NULL,
    body text NOT NULL COLLATE pg_catalog."C",
    embedding public.vector NOT NULL
);


--
-- Name: TABLE remembered_text; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.remembered_text IS 'A text with its embedding, for a model whose text tower SQL cannot run.';


--
-- Name: remembered_vector(text, integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.remembered_vector(body text, of_model integer) RETURNS public.vector
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT r.embedding
    FROM clipsql_private.remembered_text r
   WHERE ((r.model_id = remembered_vector.of_model) AND (r.body = remembered_vector.body));
END;


--
-- Name: FUNCTION remembered_vector(body text, of_model integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.remembered_vector(body text, of_model integer) IS 'The remembered vector of a text under a model; null without one.';


--
-- Name: remove_as_shard(jsonb); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.remove_as_shard(request jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    images constant bigint[] := array(
        select i.image_id
        from clipsql.image as i
        where i.image_id in (select g.image::bigint from jsonb_array_elements(request -> 'images') as g(image))
        order by i.image_id);
begin
    perform clipsql.remove_images(images);
    return jsonb_build_object('removed', to_jsonb(images));
end;
$$;


--
-- Name: FUNCTION remove_as_shard(request jsonb); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.remove_as_shard(request jsonb) IS 'Removes pictures for a coordinator, and tells which there were.';


--
-- Name: remove_from_shards(bigint[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.remove_from_shards(images bigint[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
    perform clipsql_private.refuse_restricted();
    lock table clipsql_private.slot in row share mode;
    return (
        select count(distinct r.image)
        from clipsql_private.shard_answers(
            'remove_as_shard', jsonb_build_object('images', coalesce(to_jsonb(images), '[]')), false) as a
        cross join lateral jsonb_array_elements(a.answer -> 'removed') as r(image));
end;
$$;


--
-- Name: FUNCTION remove_from_shards(images bigint[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.remove_from_shards(images bigint[]) IS 'Removes pictures from all shards, and returns how many there were.';


--
-- Name: replace_object(text, text, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.replace_object(kind text, name text, definition text) RETURNS void
    LANGUAGE plpgsql
    SET check_function_bodies TO 'off'
    AS $$
declare
    class_id constant oid := case kind when 'function' then 'pg_proc' else 'pg_class' end::regclass;
    object_id constant oid := case kind when 'function' then name::regproc::oid else name::regclass::oid end;
    columns constant text[] := clipsql_private.result_columns(class_id, object_id);
    root record;
    kept record;
    step text;
    titles text[] := '{}';
    removals text[] := '{}';
    makings jsonb := '[]';
    by_position text[] := '{}';
    refused text[] := '{}';
begin
    if kind <> 'type' then  -- which PostgreSQL replaces never
        begin
            execute definition;
            -- Other arguments make a second function, and the name is no longer clear.
            perform case kind when 'function' then name::regproc::oid end;
            return;
        exception when invalid_function_definition or invalid_table_definition or ambiguous_function then
            null;
        end;
    end if;

    for kept in
        select r.*, d.class_id = 'pg_rewrite'::regclass or pg_get_function_sqlbody(d.object_id) is not null
            or pg_get_viewdef(d.object_id) is not null as is_by_position
        from clipsql_private.dependents(class_id, object_id) as d
        cross join lateral clipsql_private.remaking(d.class_id, d.object_id) as r
        order by d.depth desc, r.title
    loop
        if kept.removal is null then
            refused := refused || kept.title;
        elsif not pg_has_role(kept.owner, 'usage') then
            refused := refused || format('%s of role %s', kept.title, kept.owner::regrole);
        elsif kept.is_by_position then
            by_position := by_position || kept.title;
        end if;
        titles := kept.title || titles;
        removals := removals || kept.removal;
        makings := jsonb_build_array(kept.making) || makings;
    end loop;
    if refused <> '{}' then
        raise exception using errcode = 'CQ007', message = format(
            'The %s %s changes, but these use it and cannot be kept: %s; drop them, or be a member of their owners'' roles, then upgrade.',
            kind, name, array_to_string(refused, ', '));
    end if;

    root := clipsql_private.remaking(class_id, object_id);
    foreach step in array removals || root.removal loop
        execute step;
    end loop;
    execute definition;
    if kind <> 'view' and by_position <> '{}' and columns <> (clipsql_private.result_columns(class_id,
            case kind when 'function' then name::regproc::oid else name::regclass::oid end))[:cardinality(columns)] then
        raise exception using errcode = 'CQ007', message = format(
            'The %s %s loses or moves columns, and these use it: %s; drop them, upgrade, and make them again.',
            kind, name, array_to_string(by_position, ', '));
    end if;
    -- Its owner and privileges stay; comments come with the definition. A function may have other arguments now.
    titles := root.title || titles;
    makings := jsonb_build_array(array(
        select replace(s.statement, root.target, name)
        from unnest(root.making[2:]) with ordinality as s(statement, number)
        where s.statement not like 'comment on %'
        order by s.number)) || makings;
    for position in 1 .. cardinality(titles) loop
        begin
            for step in select jsonb_array_elements_text(makings -> position - 1) loop
                execute step;
            end loop;
        exception when others then
            refused := refused || format('%s (%s)', titles[position], rtrim(sqlerrm, '.'));
        end;
    end loop;
    if refused <> '{}' then
        raise exception using errcode = 'CQ007', message = format(
            'These do not fit the new %s %s: %s; drop them, upgrade, and make them again.',
            kind, name, array_to_string(refused, ', '));
    end if;
end;
$$;


--
-- Name: FUNCTION replace_object(kind text, name text, definition text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.replace_object(kind text, name text, definition text) IS 'Replaces a function, view or composite type and keeps what depends on it, or refuses and names what cannot be kept.';


--
-- Name: resolve_model(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.resolve_model(model_name text) RETURNS clipsql.model
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
declare
    sees_location constant boolean := not clipsql_private.keeps_tenants_apart()
        or has_column_privilege(clipsql_private.caller(), 'clipsql.model', 'location', 'select');
    -- Empty once a transaction has taken back what it set.
    of_session constant text := nullif(current_setting('clipsql.model', true), '');
    asked constant text := coalesce(model_name, of_session);
    found_model clipsql.model;
begin
    if asked is null then
        select m.* into found_model from clipsql.model as m where m.is_default;
        if found_model.model_id is null then
            raise exception using errcode = 'CQ001', message = coalesce(
                (select format('No model is the default; name one (there is: %s), or run "clipsql model use NAME".',
                               string_agg(m.name, ', ' order by m.name))
                 from clipsql.model as m
                 having count(*) > 0),
                'There is no model yet; run "clipsql model add NAME".');
        end if;
    else
        perform clipsql_private.check_most('model', length(asked), 'characters');
        select m.* into found_model
        from clipsql.model as m
        where asked in (m.name, case when sees_location then m.location end)
        order by m.name = asked desc, m.model_id
        limit 1;
        if found_model.model_id is null and model_name is null then
            raise exception using errcode = 'CQ001',
                message = format('There is no model "%s" here, which the setting clipsql.model names.', asked),
                hint = 'Name one of "clipsql model list", or run "reset clipsql.model" or "alter role ... reset clipsql.model".';
        elsif found_model.model_id is null then
            raise exception using errcode = 'CQ001',
                message = format(
                    'There is no model "%s" here; there is: %s.', asked,
                    coalesce((select string_agg(m.name, ', ' order by m.name) from clipsql.model as m), 'none'));
        end if;
    end if;
    if not sees_location then
        found_model.location := null;
    end if;
    return found_model;
end;
$$;


--
-- Name: FUNCTION resolve_model(model_name text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.resolve_model(model_name text) IS 'The model of that name or location; when the name is null that of the setting clipsql.model, else the default one. CQ001 when there is none.';


--
-- Name: rest_interval(double precision, double precision, double precision, double precision); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.rest_interval(estimate double precision, variance double precision, further double precision, further_variance double precision, OUT low double precision, OUT high double precision) RETURNS record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (g.estimate > (0)::double precision) THEN (g.estimate * (GREATEST((0)::double precision, (((1)::double precision - ((1)::double precision / ((9)::double precision * g.freedom))) - ((1.959964)::double precision / ((3)::double precision * sqrt(g.freedom))))) ^ (3)::double precision))
             ELSE (0)::double precision
         END AS "case",
         CASE
             WHEN (g.most > (0)::double precision) THEN (g.most * ((((1)::double precision - ((1)::double precision / ((9)::double precision * g.most_freedom))) + ((1.959964)::double precision / ((3)::double precision * sqrt(g.most_freedom)))) ^ (3)::double precision))
             WHEN (g.most = (0)::double precision) THEN (0)::double precision
             ELSE NULL::double precision
         END AS "case"
    FROM ( SELECT s.estimate,
             ((s.estimate ^ (2)::double precision) / NULLIF(s.variance, (0)::double precision)) AS freedom,
             (s.estimate + (s.further / (2)::double precision)) AS most,
             (((s.estimate + (s.further / (2)::double precision)) ^ (2)::double precision) / NULLIF((s.variance + (s.further_variance / (2)::double precision)), (0)::double precision)) AS most_freedom
            FROM ( SELECT rest_interval.estimate AS estimate,
                     rest_interval.variance AS variance,
                     rest_interval.further AS further,
                     rest_interval.further_variance AS further_variance) s) g;
END;


--
-- Name: FUNCTION rest_interval(estimate double precision, variance double precision, further double precision, further_variance double precision, OUT low double precision, OUT high double precision); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.rest_interval(estimate double precision, variance double precision, further double precision, further_variance double precision, OUT low double precision, OUT high double precision) IS 'Least and most of a number that is estimated from a sample, in 95 of 100 cases.';


--
-- Name: result_columns(oid, oid); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.result_columns(class_id oid, object_id oid) RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT COALESCE(( SELECT array_agg(c.name ORDER BY c.number) AS array_agg
            FROM (pg_proc p
              CROSS JOIN LATERAL UNNEST(p.proargnames, p.proargmodes) WITH ORDINALITY c(name, mode, number))
           WHERE ((result_columns.class_id = ('pg_proc'::regclass)::oid) AND (p.oid = result_columns.object_id) AND (c.mode = ANY (ARRAY['o'::"char", 'b'::"char", 't'::"char"])))), (( SELECT array_agg(a.attname ORDER BY a.attnum) AS array_agg
            FROM pg_attribute a
           WHERE ((a.attnum > 0) AND (NOT a.attisdropped) AND (a.attrelid =
                 CASE
                     WHEN (result_columns.class_id = ('pg_class'::regclass)::oid) THEN result_columns.object_id
                     ELSE ( SELECT t.typrelid
                        FROM (pg_proc p
                          JOIN pg_type t ON ((t.oid = p.prorettype)))
                       WHERE (p.oid = result_columns.object_id))
                 END))))::text[], '{}'::text[]) AS "coalesce";
END;


--
-- Name: FUNCTION result_columns(class_id oid, object_id oid); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.result_columns(class_id oid, object_id oid) IS 'Names of the columns that a function, composite type or view gives, in order.';


--
-- Name: result_rows(bigint[], double precision[], public.vector[], double precision, integer, text, double precision, double precision, double precision, clipsql.model, clipsql_private.query_code); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.result_rows(image_ids bigint[], distances double precision[], directions public.vector[], scale double precision, max_results integer, in_scope text, min_similarity double precision, min_percentile double precision, distinct_above double precision, chosen clipsql.model, coded clipsql_private.query_code DEFAULT NULL::clipsql_private.query_code) RETURNS SETOF clipsql.search_result
    LANGUAGE plpgsql STABLE ROWS 10 PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    background record;
begin
    background := clipsql_private.percentile_basis(
        array(select l2_normalize(d.direction)::halfvec from unnest(directions) as d(direction)),
        in_scope, (select max(d.distance) from unnest(distances) as d(distance)), chosen, coded);
    return query
    with passing as (
        select t.*
        from (
            select
                u.image_id,
                u.place,
                scale * greatest(-1, least(1, 1 - u.distance)) as similarity,
                clipsql_private.share_lower(u.distance, background.distances, background.size) as share
            from unnest(image_ids, distances) with ordinality as u(image_id, distance, place)
        ) as t
        where (min_similarity is null or t.similarity >= min_similarity)
            and (min_percentile is null or 100 * t.share >= min_percentile)
    ), best as (
        select p.*
        from passing as p
        where distinct_above is null or p.image_id = any ((
            select clipsql_private.distinct_images(
                array_agg(a.image_id order by a.place), distinct_above, max_results, chosen)
            from passing as a)::bigint[])
        order by p.place
        limit max_results
    )
    select
        (row_number() over (order by b.place))::integer,
        b.image_id,
        b.similarity,
        100 * b.share,
        case when background.is_exact then 0 else 100 * clipsql_private.share_error(b.share, background.size) end,
        i.url,
        (select c.body from clipsql.caption as c where c.image_id = b.image_id and c.source is null
         order by c.caption_id limit 1),
        i.taken_at,
        i.longitude,
        i.latitude,
        i.metadata
    from best as b
    join clipsql.image as i on i.image_id = b.image_id
    order by b.place;
end;
$$;


--
-- Name: FUNCTION result_rows(image_ids bigint[], distances double precision[], directions public.vector[], scale double precision, max_results integer, in_scope text, min_similarity double precision, min_percentile double precision, distinct_above double precision, chosen clipsql.model, coded clipsql_private.query_code); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.result_rows(image_ids bigint[], distances double precision[], directions public.vector[], scale double precision, max_results integer, in_scope text, min_similarity double precision, min_percentile double precision, distinct_above double precision, chosen clipsql.model, coded clipsql_private.query_code) IS 'Rows of a search from candidates in their order: percentiles, thresholds, near-identical ones folded, facts joined.';


--
-- Name: retry_failed_rows(text[], integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.retry_failed_rows(passing text[], most_rows integer) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    retried bigint[];
begin
    if not pg_try_advisory_xact_lock(hashtextextended('clipsql_private.attachment', 0)) then
        return null;
    end if;
    update clipsql_private.link as l set retry_at = now() + interval '1 minute', problem = i.error
    from clipsql.image as i
    where i.image_id = l.image_id and i.status = 'failed' and i.failure = any (passing) and l.retry_at is null;
    retried := array(
        select i.image_id
        from clipsql.image as i
        where i.status = 'failed' and i.failure = any (passing) and i.image_id in (
            select l.image_id from clipsql_private.link as l where l.retry_at <= now())
        order by i.image_id
        limit most_rows
        for update);
    update clipsql_private.link as l
    set attempts = l.attempts + 1, retry_at = now() + least(interval '1 day', interval '1 minute' * 2 ^ least(l.attempts + 1, 12))
    where l.image_id = any (retried);
    update clipsql.image as i set status = 'pending', failure = null, error = null where i.image_id = any (retried);
    return cardinality(retried);
end;
$$;


--
-- Name: FUNCTION retry_failed_rows(passing text[], most_rows integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.retry_failed_rows(passing text[], most_rows integer) IS 'Lets pictures of attached rows that failed wait again when it is time; returns how many.';


--
-- Name: run_region_request(clipsql_private.requested_search, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.run_region_request(asked clipsql_private.requested_search, chosen text) RETURNS SETOF clipsql.region_result
    LANGUAGE plpgsql STABLE ROWS 10
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    path constant jsonpath := clipsql_private.read_path(asked.metadata_matches);
    terms record;
    direction vector;
    pictures bigint[];
begin
    if num_nonnulls(asked.min_percentile, asked.distinct_above) > 0 then
        raise exception using errcode = 'CQ004',
            message = 'min_percentile and distinct_above are of whole pictures; leave them out where search_in is regions.';
    elsif asked.fusion <> 'weighted sum' then
        raise exception using errcode = 'CQ004',
            message = 'Regions are compared with the weighted sum of all terms; leave fusion out where search_in is regions.';
    elsif asked.query is not null then
        terms := clipsql_private.query_vectors(asked.query, chosen);
        direction := clipsql.mix(terms.vectors, terms.weights);
        pictures := terms.pictures;
    elsif asked.image is not null then
        direction := clipsql.image_vector(asked.image, chosen);
        pictures := array[asked.image];
    elsif asked.text is not null then
        perform clipsql_private.check_text(asked.text);
        direction := clipsql.embed_text(asked.text, chosen);
    else
        direction := asked.vector;
    end if;
    return query
    select s.*
    from clipsql.search_regions(
        query => direction, max_results => coalesce(asked.max_results, 10),
        in_collection => asked.in_collection, taken_from => asked.taken_from, taken_until => asked.taken_until,
        daily_from => asked.daily_from, daily_until => asked.daily_until,
        near_longitude => asked.near_longitude, near_latitude => asked.near_latitude, within_m => asked.within_m,
        inside => asked.inside, having_metadata => asked.having_metadata, metadata_matches => path,
        caption_query => asked.caption_query, only_images => asked.only_images,
        except_images => clipsql_private.joined_images(asked.except_images, pictures),
        min_similarity => asked.min_similarity, having_label => asked.having_label, model => chosen) as s;
end;
$$;


--
-- Name: FUNCTION run_region_request(asked clipsql_private.requested_search, chosen text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.run_region_request(asked clipsql_private.requested_search, chosen text) IS 'The rows of the search for regions that a request in JSON asks for.';


--
-- Name: run_request(clipsql_private.requested_search, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.run_request(asked clipsql_private.requested_search, chosen text) RETURNS SETOF clipsql.search_result
    LANGUAGE plpgsql STABLE ROWS 10
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    path constant jsonpath := clipsql_private.read_path(asked.metadata_matches);
begin
    if asked.query is not null then
        return query
        select s.*
        from clipsql.search_query(
            query => asked.query, fusion => coalesce(asked.fusion, 'weighted sum'), max_results => coalesce(asked.max_results, 10),
            in_collection => asked.in_collection, taken_from => asked.taken_from, taken_until => asked.taken_until,
            daily_from => asked.daily_from, daily_until => asked.daily_until,
            near_longitude => asked.near_longitude, near_latitude => asked.near_latitude, within_m => asked.within_m,
            inside => asked.inside, having_metadata => asked.having_metadata, metadata_matches => path,
            caption_query => asked.caption_query, only_images => asked.only_images, except_images => asked.except_images,
            min_similarity => asked.min_similarity, min_percentile => asked.min_percentile,
            distinct_above => asked.distinct_above, model => chosen) as s;
        return;
    elsif asked.text is not null then
        perform clipsql_private.check_text(asked.text);
    end if;
    return query
    select s.*
    from clipsql.search(
        query => case
            when asked.text is not null then clipsql.embed_text(asked.text, chosen)
            when asked.image is not null then clipsql.image_vector(asked.image, chosen)
            else asked.vector end,
        max_results => coalesce(asked.max_results, 10),
        in_collection => asked.in_collection, taken_from => asked.taken_from, taken_until => asked.taken_until,
        daily_from => asked.daily_from, daily_until => asked.daily_until,
        near_longitude => asked.near_longitude, near_latitude => asked.near_latitude, within_m => asked.within_m,
        inside => asked.inside, having_metadata => asked.having_metadata, metadata_matches => path,
        caption_query => asked.caption_query, only_images => asked.only_images,
        except_images => case
            when asked.image is null then asked.except_images
            else clipsql_private.joined_images(asked.except_images, array[asked.image]) end,
        min_similarity => asked.min_similarity, min_percentile => asked.min_percentile,
        distinct_above => asked.distinct_above, model => chosen) as s;
end;
$$;


--
-- Name: FUNCTION run_request(asked clipsql_private.requested_search, chosen text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.run_request(asked clipsql_private.requested_search, chosen text) IS 'The rows of the search that a request in JSON asks for.';


--
-- Name: run_text_tower(clipsql_private.text_tower, integer[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.run_text_tower(tower clipsql_private.text_tower, token_ids integer[], OUT pooled public.vector, OUT last_query public.vector, OUT last_keys public.vector[]) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET enable_indexscan TO 'on'
    SET enable_nestloop TO 'on'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    AS $$
declare
    pooled_at constant integer := case
        when tower.pooled_id is null then
            array_position(token_ids, (select max(t.token_id) from unnest(token_ids) as t (token_id)))
        else array_position(token_ids, tower.pooled_id) end;
    first constant integer := case when tower.is_causal then 2 else 1 end;
    last constant integer := case when tower.is_causal then pooled_at else cardinality(token_ids) end;
    pooled_place constant integer := pooled_at - first + 1;  -- among the residuals
    residuals vector[];
    inputs halfvec[];
    queries vector[];
    token_keys vector[];
    token_values vector[];
    added vector[];
begin
    residuals := array(
        select t.embedding::vector + p.embedding
        from unnest(token_ids[first : last]) with ordinality as given (token_id, number)
        join clipsql_private.text_token as t on t.model_id = tower.model_id and t.token_id = given.token_id
        join clipsql_private.text_position as p on p.model_id = tower.model_id and p.position = given.number + first - 1
        order by given.number);
    for this_layer in 1 .. tower.layers loop
        inputs := clipsql_private.normalize_tokens(residuals, tower.norm_tail);
        token_keys := clipsql_private.project_tokens(tower.model_id, this_layer, 'key', inputs);
        token_values := clipsql_private.token_values(tower.model_id, this_layer, inputs);
        if this_layer = tower.layers then
            inputs := inputs[pooled_place : pooled_place];
            residuals := residuals[pooled_place : pooled_place];
        end if;
        queries := clipsql_private.project_tokens(tower.model_id, this_layer, 'query', inputs);
        added := clipsql_private.project_tokens(
            tower.model_id, this_layer, 'output',
            clipsql_private.attend(tower.heads, tower.is_causal, queries, token_keys, token_values));
        residuals := clipsql_private.carry_tokens(
            tower.model_id, this_layer, 'before_attention', tower.norm_tail, residuals);
        residuals := array(select u.old + u.added from unnest(residuals, added) as u (old, added));
        inputs := clipsql_private.normalize_tokens(residuals, tower.norm_tail);
        added := clipsql_private.project_tokens(
            tower.model_id, this_layer, 'contract',
            clipsql_private.expand_tokens(tower.model_id, this_layer, tower.gate, inputs));
        residuals := clipsql_private.carry_tokens(
            tower.model_id, this_layer, 'before_perceptron', tower.norm_tail, residuals);
        residuals := array(select u.old + u.added from unnest(residuals, added) as u (old, added));
    end loop;
    last_query := queries[1];
    last_keys := token_keys;
    pooled := (clipsql_private.project_tokens(
        tower.model_id, tower.layers + 1, 'project',
        clipsql_private.normalize_tokens(residuals, tower.norm_tail)))[1];
end;
$$;


--
-- Name: FUNCTION run_text_tower(tower clipsql_private.text_tower, token_ids integer[], OUT pooled public.vector, OUT last_query public.vector, OUT last_keys public.vector[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.run_text_tower(tower clipsql_private.text_tower, token_ids integer[], OUT pooled public.vector, OUT last_query public.vector, OUT last_keys public.vector[]) IS 'Vector of a text, not yet of unit length; for explain_text also the last layer''s keys and pooled query.';


--
-- Name: same_key(text[], text, text[], text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.same_key(names text[], alias text, other_names text[], other_alias text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN array_to_string(ARRAY(SELECT concat(same_key.alias, '.', n.name, ' = ', same_key.other_alias, '.', n.other) AS concat FROM UNNEST(same_key.names, same_key.other_names) WITH ORDINALITY n(name, other, "position") ORDER BY n."position"), ' and '::text);


--
-- Name: FUNCTION same_key(names text[], alias text, other_names text[], other_alias text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.same_key(names text[], alias text, other_names text[], other_alias text) IS 'SQL that compares two keys column by column.';


--
-- Name: sample_share(text, clipsql_private.search_filter, integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.sample_share(conditions text, filter clipsql_private.search_filter, of_basis integer) RETURNS double precision
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET gin_fuzzy_search_limit TO '0'
    AS $_$
declare
    sample_size constant integer := 64;
    is_narrow constant boolean := of_basis is not null and clipsql_private.is_narrow(filter);
    rows_of constant text := format('clipsql_private.search_row_%s', of_basis);
    found_rows bigint;
    passing_rows bigint;
begin
    execute format(
            -- offset 0 keeps the planner from looking the conditions up in their indexes.
            'select count(*), count(*) filter (where %s)
             from (select s.* from %s as s where s.ctid = any ($2) offset 0) as i', conditions,
            case when is_narrow then rows_of else clipsql_private.visible_images() end)
        into found_rows, passing_rows using filter,
            clipsql_private.spread_rows(case when is_narrow then rows_of else 'clipsql.image' end::regclass, sample_size);
    -- None in the sample is not none at all. Rows hidden by row-level security are not found, and do not match.
    return greatest(passing_rows, 0.5)
        / greatest(1, case when clipsql_private.is_restricted() then sample_size else found_rows end);
end;
$_$;


--
-- Name: FUNCTION sample_share(conditions text, filter clipsql_private.search_filter, of_basis integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.sample_share(conditions text, filter clipsql_private.search_filter, of_basis integer) IS 'Share of the pictures that meet the conditions, estimated from an even sample of them.';


--
-- Name: scan_codes(public.vector, integer, text, clipsql_private.search_filter, clipsql.model, clipsql_private.query_code, boolean); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.scan_codes(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, coded clipsql_private.query_code, only_few boolean, OUT ids bigint[], OUT distances double precision[], OUT is_exact boolean) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET gin_fuzzy_search_limit TO '0'
    SET enable_seqscan TO 'on'
    SET enable_indexscan TO 'on'
    SET enable_indexonlyscan TO 'on'
    SET enable_bitmapscan TO 'on'
    SET enable_nestloop TO 'on'
    SET enable_hashjoin TO 'on'
    SET enable_sort TO 'on'
    SET jit TO 'off'
    SET parallel_setup_cost TO '2000'
    SET min_parallel_index_scan_size TO '5TB'
    SET work_mem TO '64MB'
    AS $$
declare
    rounding constant double precision := 1e-3;  -- of half precision, in codes and vectors
    rest constant double precision := sqrt(greatest(0, 1 - l2_norm(coded.code) ^ 2));
    basis constant clipsql_private.code_basis := (
        select b from clipsql_private.code_basis as b where b.basis_id = coded.basis_id);
    slack constant double precision := clipsql_private.code_slack(coded.code, basis.left_out, chosen.dimensions);
    sure constant bigint := ceil(1.5 * max_results::bigint + 20);
    listed bigint := 10 * max_results::bigint + 300;
    statement constant text := format(
        'select array_agg(n.image_id), array_agg(n.distance), array_agg(n.left_out) from (%s) as n',
        clipsql_private.scan_statement(conditions, filter, coded.basis_id, only_few));
    images bigint[];
    by_code double precision[];
    lengths double precision[];
    last_wanted double precision;
    more bigint[];
begin
    loop
        execute statement into images, by_code, lengths using filter, coded.code, listed;
        is_exact := coalesce(cardinality(images), 0) < listed;
        if only_few and not is_exact then
            return;
        end if;
        select d.ids, d.distances into ids, distances
        from clipsql_private.exact_distances(query::halfvec, images[:sure], chosen.model_id) as d;
        exit when coalesce(cardinality(images), 0) <= sure;
        last_wanted := distances[max_results];
        more := array(
            select u.image_id
            from unnest(images[sure + 1:], by_code[sure + 1:], lengths[sure + 1:]) as u(image_id, distance, left_out)
            where u.distance <= last_wanted + case when is_exact then rest * u.left_out + rounding else slack end);
        if more <> '{}' then
            select d.ids, d.distances into ids, distances
            from clipsql_private.exact_distances(query::halfvec, ids[:max_results] || more, chosen.model_id) as d;
        end if;
        exit when cardinality(more) < listed - sure;
        listed := 16 * listed;
    end loop;
    ids := coalesce(ids, '{}');
    is_exact := is_exact or basis.length = chosen.dimensions;
    ids := ids[:max_results];
    distances := distances[:max_results];
end;
$$;


--
-- Name: FUNCTION scan_codes(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, coded clipsql_private.query_code, only_few boolean, OUT ids bigint[], OUT distances double precision[], OUT is_exact boolean); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.scan_codes(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, coded clipsql_private.query_code, only_few boolean, OUT ids bigint[], OUT distances double precision[], OUT is_exact boolean) IS 'Nearest matches by comparing the codes of all and the vectors of the best; whether that is exact.';


--
-- Name: scan_statement(text, clipsql_private.search_filter, integer, boolean); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.scan_statement(conditions text, filter clipsql_private.search_filter, of_basis integer, only_few boolean DEFAULT false) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN format('select m.image_id, m.left_out, 1 + (m.code <#> $2::halfvec) as distance
     from (select i.image_id, %s.left_out, %1$s.code %s %s) as m order by distance limit $3'::text, CASE WHEN clipsql_private.is_narrow(filter) THEN 'i'::text ELSE 'r'::text END, clipsql_private.narrow_rows(conditions, filter, of_basis), CASE WHEN only_few THEN 'limit $3'::text ELSE NULL::text END);


--
-- Name: FUNCTION scan_statement(conditions text, filter clipsql_private.search_filter, of_basis integer, only_few boolean); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.scan_statement(conditions text, filter clipsql_private.search_filter, of_basis integer, only_few boolean) IS 'SQL that finds the nearest matches by their codes: $1 filter, $2 code, $3 length of the list.';


--
-- Name: sees_all(name); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.sees_all(role_name name) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE((SELECT ((NOT c.relrowsecurity) OR r.rolsuper OR r.rolbypassrls OR pg_has_role(r.oid, c.relowner, 'usage'::text)) FROM (pg_class c JOIN pg_roles r ON ((r.rolname = sees_all.role_name))) WHERE (c.oid = ('clipsql.image'::regclass)::oid)), false);


--
-- Name: FUNCTION sees_all(role_name name); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.sees_all(role_name name) IS 'Whether row-level security on clipsql.image hides nothing from a role.';


--
-- Name: shape_text(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.shape_text(body text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
begin
    if octet_length(body) = char_length(body) then
        return body;
    end if;
    return (
        select string_agg(
            case
                when c.code < 128 then c.letter
                when int4multirange '{
                    [170,171),[181,182),[186,187),[192,215),[216,247),[248,706),[710,722),[736,741),[748,749),
                    [750,751),[880,885),[886,888),[890,894),[895,896),[902,903),[904,907),[908,909),[910,930),
                    [931,1014),[1015,1154),[1162,1328),[1329,1367),[1369,1370),[1376,1417),[1488,1515),
                    [1519,1523),[1568,1611),[1646,1648),[1649,1748),[1749,1750),[1765,1767),[1774,1776),
                    [1786,1789),[1791,1792),[1808,1809),[1810,1840),[1869,1958),[1969,1970),[1994,2027),
                    [2036,2038),[2042,2043),[2048,2070),[2074,2075),[2084,2085),[2088,2089),[2112,2137),
                    [2144,2155),[2160,2184),[2185,2191),[2208,2250),[2308,2362),[2365,2366),[2384,2385),
                    [2392,2402),[2417,2433),[2437,2445),[2447,2449),[2451,2473),[2474,2481),[2482,2483),
                    [2486,2490),[2493,2494),[2510,2511),[2524,2526),[2527,2530),[2544,2546),[2556,2557),
                    [2565,2571),[2575,2577),[2579,2601),[2602,2609),[2610,2612),[2613,2615),[2616,2618),
                    [2649,2653),[2654,2655),[2674,2677),[2693,2702),[2703,2706),[2707,2729),[2730,2737),
                    [2738,2740),[2741,2746),[2749,2750),[2768,2769),[2784,2786),[2809,2810),[2821,2829),
                    [2831,2833),[2835,2857),[2858,2865),[2866,2868),[2869,2874),[2877,2878),[2908,2910),
                    [2911,2914),[2929,2930),[2947,2948),[2949,2955),[2958,2961),[2962,2966),[2969,2971),
                    [2972,2973),[2974,2976),[2979,2981),[2984,2987),[2990,3002),[3024,3025),[3077,3085),
                    [3086,3089),[3090,3113),[3114,3130),[3133,3134),[3160,3163),[3165,3166),[3168,3170),
                    [3200,3201),[3205,3213),[3214,3217),[3218,3241),[3242,3252),[3253,3258),[3261,3262),
                    [3293,3295),[3296,3298),[3313,3315),[3332,3341),[3342,3345),[3346,3387),[3389,3390),
                    [3406,3407),[3412,3415),[3423,3426),[3450,3456),[3461,3479),[3482,3506),[3507,3516),
                    [3517,3518),[3520,3527),[3585,3633),[3634,3636),[3648,3655),[3713,3715),[3716,3717),
                    [3718,3723),[3724,3748),[3749,3750),[3751,3761),[3762,3764),[3773,3774),[3776,3781),
                    [3782,3783),[3804,3808),[3840,3841),[3904,3912),[3913,3949),[3976,3981),[4096,4139),
                    [4159,4160),[4176,4182),[4186,4190),[4193,4194),[4197,4199),[4206,4209),[4213,4226),
                    [4238,4239),[4256,4294),[4295,4296),[4301,4302),[4304,4347),[4348,4681),[4682,4686),
                    [4688,4695),[4696,4697),[4698,4702),[4704,4745),[4746,4750),[4752,4785),[4786,4790),
                    [4792,4799),[4800,4801),[4802,4806),[4808,4823),[4824,4881),[4882,4886),[4888,4955),
                    [4992,5008),[5024,5110),[5112,5118),[5121,5741),[5743,5760),[5761,5787),[5792,5867),
                    [5873,5881),[5888,5906),[5919,5938),[5952,5970),[5984,5997),[5998,6001),[6016,6068),
                    [6103,6104),[6108,6109),[6176,6265),[6272,6277),[6279,6313),[6314,6315),[6320,6390),
                    [6400,6431),[6480,6510),[6512,6517),[6528,6572),[6576,6602),[6656,6679),[6688,6741),
                    [6823,6824),[6917,6964),[6981,6989),[7043,7073),[7086,7088),[7098,7142),[7168,7204),
                    [7245,7248),[7258,7294),[7296,7307),[7312,7355),[7357,7360),[7401,7405),[7406,7412),
                    [7413,7415),[7418,7419),[7424,7616),[7680,7958),[7960,7966),[7968,8006),[8008,8014),
                    [8016,8024),[8025,8026),[8027,8028),[8029,8030),[8031,8062),[8064,8117),[8118,8125),
                    [8126,8127),[8130,8133),[8134,8141),[8144,8148),[8150,8156),[8160,8173),[8178,8181),
                    [8182,8189),[8305,8306),[8319,8320),[8336,8349),[8450,8451),[8455,8456),[8458,8468),
                    [8469,8470),[8473,8478),[8484,8485),[8486,8487),[8488,8489),[8490,8494),[8495,8506),
                    [8508,8512),[8517,8522),[8526,8527),[8579,8581),[11264,11493),[11499,11503),[11506,11508),
                    [11520,11558),[11559,11560),[11565,11566),[11568,11624),[11631,11632),[11648,11671),
                    [11680,11687),[11688,11695),[11696,11703),[11704,11711),[11712,11719),[11720,11727),
                    [11728,11735),[11736,11743),[11823,11824),[12293,12295),[12337,12342),[12347,12349),
                    [12353,12439),[12445,12448),[12449,12539),[12540,12544),[12549,12592),[12593,12687),
                    [12704,12736),[12784,12800),[13312,19904),[19968,42125),[42192,42238),[42240,42509),
                    [42512,42528),[42538,42540),[42560,42607),[42623,42654),[42656,42726),[42775,42784),
                    [42786,42889),[42891,42958),[42960,42962),[42963,42964),[42965,42973),[42994,43010),
                    [43011,43014),[43015,43019),[43020,43043),[43072,43124),[43138,43188),[43250,43256),
                    [43259,43260),[43261,43263),[43274,43302),[43312,43335),[43360,43389),[43396,43443),
                    [43471,43472),[43488,43493),[43494,43504),[43514,43519),[43520,43561),[43584,43587),
                    [43588,43596),[43616,43639),[43642,43643),[43646,43696),[43697,43698),[43701,43703),
                    [43705,43710),[43712,43713),[43714,43715),[43739,43742),[43744,43755),[43762,43765),
                    [43777,43783),[43785,43791),[43793,43799),[43808,43815),[43816,43823),[43824,43867),
                    [43868,43882),[43888,44003),[44032,55204),[55216,55239),[55243,55292),[63744,64110),
                    [64112,64218),[64256,64263),[64275,64280),[64285,64286),[64287,64297),[64298,64311),
                    [64312,64317),[64318,64319),[64320,64322),[64323,64325),[64326,64434),[64467,64830),
                    [64848,64912),[64914,64968),[65008,65020),[65136,65141),[65142,65277),[65313,65339),
                    [65345,65371),[65382,65471),[65474,65480),[65482,65488),[65490,65496),[65498,65501),
                    [65536,65548),[65549,65575),[65576,65595),[65596,65598),[65599,65614),[65616,65630),
                    [65664,65787),[66176,66205),[66208,66257),[66304,66336),[66349,66369),[66370,66378),
                    [66384,66422),[66432,66462),[66464,66500),[66504,66512),[66560,66718),[66736,66772),
                    [66776,66812),[66816,66856),[66864,66916),[66928,66939),[66940,66955),[66956,66963),
                    [66964,66966),[66967,66978),[66979,66994),[66995,67002),[67003,67005),[67008,67060),
                    [67072,67383),[67392,67414),[67424,67432),[67456,67462),[67463,67505),[67506,67515),
                    [67584,67590),[67592,67593),[67594,67638),[67639,67641),[67644,67645),[67647,67670),
                    [67680,67703),[67712,67743),[67808,67827),[67828,67830),[67840,67862),[67872,67898),
                    [67968,68024),[68030,68032),[68096,68097),[68112,68116),[68117,68120),[68121,68150),
                    [68192,68221),[68224,68253),[68288,68296),[68297,68325),[68352,68406),[68416,68438),
                    [68448,68467),[68480,68498),[68608,68681),[68736,68787),[68800,68851),[68864,68900),
                    [68938,68966),[68975,68998),[69248,69290),[69296,69298),[69314,69317),[69376,69405),
                    [69415,69416),[69424,69446),[69488,69506),[69552,69573),[69600,69623),[69635,69688),
                    [69745,69747),[69749,69750),[69763,69808),[69840,69865),[69891,69927),[69956,69957),
                    [69959,69960),[69968,70003),[70006,70007),[70019,70067),[70081,70085),[70106,70107),
                    [70108,70109),[70144,70162),[70163,70188),[70207,70209),[70272,70279),[70280,70281),
                    [70282,70286),[70287,70302),[70303,70313),[70320,70367),[70405,70413),[70415,70417),
                    [70419,70441),[70442,70449),[70450,70452),[70453,70458),[70461,70462),[70480,70481),
                    [70493,70498),[70528,70538),[70539,70540),[70542,70543),[70544,70582),[70583,70584),
                    [70609,70610),[70611,70612),[70656,70709),[70727,70731),[70751,70754),[70784,70832),
                    [70852,70854),[70855,70856),[71040,71087),[71128,71132),[71168,71216),[71236,71237),
                    [71296,71339),[71352,71353),[71424,71451),[71488,71495),[71680,71724),[71840,71904),
                    [71935,71943),[71945,71946),[71948,71956),[71957,71959),[71960,71984),[71999,72000),
                    [72001,72002),[72096,72104),[72106,72145),[72161,72162),[72163,72164),[72192,72193),
                    [72203,72243),[72250,72251),[72272,72273),[72284,72330),[72349,72350),[72368,72441),
                    [72640,72673),[72704,72713),[72714,72751),[72768,72769),[72818,72848),[72960,72967),
                    [72968,72970),[72971,73009),[73030,73031),[73056,73062),[73063,73065),[73066,73098),
                    [73112,73113),[73440,73459),[73474,73475),[73476,73489),[73490,73524),[73648,73649),
                    [73728,74650),[74880,75076),[77712,77809),[77824,78896),[78913,78919),[78944,82939),
                    [82944,83527),[90368,90398),[92160,92729),[92736,92767),[92784,92863),[92880,92910),
                    [92928,92976),[92992,92996),[93027,93048),[93053,93072),[93504,93549),[93760,93824),
                    [93952,94027),[94032,94033),[94099,94112),[94176,94178),[94179,94180),[94208,100344),
                    [100352,101590),[101631,101641),[110576,110580),[110581,110588),[110589,110591),
                    [110592,110883),[110898,110899),[110928,110931),[110933,110934),[110948,110952),
                    [110960,111356),[113664,113771),[113776,113789),[113792,113801),[113808,113818),
                    [119808,119893),[119894,119965),[119966,119968),[119970,119971),[119973,119975),
                    [119977,119981),[119982,119994),[119995,119996),[119997,120004),[120005,120070),
                    [120071,120075),[120077,120085),[120086,120093),[120094,120122),[120123,120127),
                    [120128,120133),[120134,120135),[120138,120145),[120146,120486),[120488,120513),
                    [120514,120539),[120540,120571),[120572,120597),[120598,120629),[120630,120655),
                    [120656,120687),[120688,120713),[120714,120745),[120746,120771),[120772,120780),
                    [122624,122655),[122661,122667),[122928,122990),[123136,123181),[123191,123198),
                    [123214,123215),[123536,123566),[123584,123628),[124112,124140),[124368,124398),
                    [124400,124401),[124896,124903),[124904,124908),[124909,124911),[124912,124927),
                    [124928,125125),[125184,125252),[125259,125260),[126464,126468),[126469,126496),
                    [126497,126499),[126500,126501),[126503,126504),[126505,126515),[126516,126520),
                    [126521,126522),[126523,126524),[126530,126531),[126535,126536),[126537,126538),
                    [126539,126540),[126541,126544),[126545,126547),[126548,126549),[126551,126552),
                    [126553,126554),[126555,126556),[126557,126558),[126559,126560),[126561,126563),
                    [126564,126565),[126567,126571),[126572,126579),[126580,126584),[126585,126589),
                    [126590,126591),[126592,126602),[126603,126620),[126625,126628),[126629,126634),
                    [126635,126652),[131072,173792),[173824,177978),[177984,178206),[178208,183970),
                    [183984,191457),[191472,192094),[194560,195102),[196608,201547),[201552,205744)}' @> c.code then 'Z'
                when int4multirange '{
                    [178,180),[185,186),[188,191),[1632,1642),[1776,1786),[1984,1994),[2406,2416),[2534,2544),
                    [2548,2554),[2662,2672),[2790,2800),[2918,2928),[2930,2936),[3046,3059),[3174,3184),
                    [3192,3199),[3302,3312),[3416,3423),[3430,3449),[3558,3568),[3664,3674),[3792,3802),
                    [3872,3892),[4160,4170),[4240,4250),[4969,4989),[5870,5873),[6112,6122),[6128,6138),
                    [6160,6170),[6470,6480),[6608,6619),[6784,6794),[6800,6810),[6992,7002),[7088,7098),
                    [7232,7242),[7248,7258),[8304,8305),[8308,8314),[8320,8330),[8528,8579),[8581,8586),
                    [9312,9372),[9450,9472),[10102,10132),[11517,11518),[12295,12296),[12321,12330),
                    [12344,12347),[12690,12694),[12832,12842),[12872,12880),[12881,12896),[12928,12938),
                    [12977,12992),[42528,42538),[42726,42736),[43056,43062),[43216,43226),[43264,43274),
                    [43472,43482),[43504,43514),[43600,43610),[44016,44026),[65296,65306),[65799,65844),
                    [65856,65913),[65930,65932),[66273,66300),[66336,66340),[66369,66370),[66378,66379),
                    [66513,66518),[66720,66730),[67672,67680),[67705,67712),[67751,67760),[67835,67840),
                    [67862,67868),[68028,68030),[68032,68048),[68050,68096),[68160,68169),[68221,68223),
                    [68253,68256),[68331,68336),[68440,68448),[68472,68480),[68521,68528),[68858,68864),
                    [68912,68922),[68928,68938),[69216,69247),[69405,69415),[69457,69461),[69573,69580),
                    [69714,69744),[69872,69882),[69942,69952),[70096,70106),[70113,70133),[70384,70394),
                    [70736,70746),[70864,70874),[71248,71258),[71360,71370),[71376,71396),[71472,71484),
                    [71904,71923),[72016,72026),[72688,72698),[72784,72813),[73040,73050),[73120,73130),
                    [73552,73562),[73664,73685),[74752,74863),[90416,90426),[92768,92778),[92864,92874),
                    [93008,93018),[93019,93026),[93552,93562),[93824,93847),[118000,118010),[119488,119508),
                    [119520,119540),[119648,119673),[120782,120832),[123200,123210),[123632,123642),
                    [124144,124154),[124401,124411),[125127,125136),[125264,125274),[126065,126124),
                    [126125,126128),[126129,126133),[126209,126254),[126255,126270),[127232,127245),
                    [130032,130042)}' @> c.code then '0'
                else e'\x01'
            end, '' order by c.number)
        from (
            select s.letter, s.number, ascii(s.letter) as code
            from string_to_table(body, null) with ordinality as s (letter, number)) as c);
end;
$$;


--
-- Name: FUNCTION shape_text(body text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.shape_text(body text) IS 'What kind of character stands where in a text, as ASCII.';


--
-- Name: shard_answers(text, jsonb, boolean); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.shard_answers(question text, request jsonb, may_be_partial boolean, OUT shard_id integer, OUT answer jsonb) RETURNS SETOF record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $_$
#variable_conflict use_column
declare
    is_partial constant boolean := may_be_partial
        and coalesce(nullif(current_setting('clipsql.partial_answers', true), ''), 'off')::boolean;
    one record;
    left_out text[] := '{}';
    answered integer := 0;
begin
    for one in select a.* from clipsql_private.ask_shards(question, request) as a loop
        if one.problem is null then
            answered := answered + 1;
            shard_id := one.shard_id;
            answer := one.answer;
            return next;
        elsif one.state ~ '^CQ00[2-6]$' then
            raise exception using errcode = one.state, message = one.problem;
        elsif not is_partial then
            raise exception using errcode = 'CQ007', message = format('Shard %s gives no answer: %s.', one.name, rtrim(one.problem, '.')),
                hint = 'Look with "clipsql shard check".' || case when may_be_partial then
                    ' An answer without it: set clipsql.partial_answers = on.' else '' end;
        else
            left_out := left_out || one.name;
        end if;
    end loop;
    if answered = 0 then
        raise exception using errcode = 'CQ007', message = format(
            'No shard answers (%s); look with "clipsql shard check".', array_to_string(left_out, ', '));
    end if;
    perform set_config('clipsql.shards_left_out', array_to_string(left_out, ', '), true);
    if left_out <> '{}' then
        raise warning using errcode = '01CQ1', message = format(
            'The answer is partial: shard %s does not answer; look with "clipsql shard check".', array_to_string(left_out, ', '));
    end if;
end;
$_$;


--
-- Name: FUNCTION shard_answers(question text, request jsonb, may_be_partial boolean, OUT shard_id integer, OUT answer jsonb); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.shard_answers(question text, request jsonb, may_be_partial boolean, OUT shard_id integer, OUT answer jsonb) IS 'Answers of all shards; CQ007 names one that does not answer, unless clipsql.partial_answers is on.';


--
-- Name: shard_is_locked(jsonb); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.shard_is_locked(request jsonb) RETURNS jsonb
    LANGUAGE sql
    RETURN jsonb_build_object('is_locked', (NOT pg_try_advisory_xact_lock((hashtext('clipsql shard'::text))::bigint)));


--
-- Name: FUNCTION shard_is_locked(request jsonb); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.shard_is_locked(request jsonb) IS 'Whether this database is being added to a coordinator.';


--
-- Name: share_error(double precision, integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.share_error(share double precision, size integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((((1.96)::double precision * sqrt((((share * ((1)::double precision - share)) / (size)::double precision) + ((0.9604)::double precision / ((size)::double precision ^ (2)::double precision))))) + (((1.9208 / (size)::numeric))::double precision * abs(((1)::double precision - ((2)::double precision * share))))) / (((1)::numeric + (3.8416 / (size)::numeric)))::double precision);


--
-- Name: FUNCTION share_error(share double precision, size integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.share_error(share double precision, size integer) IS 'Largest distance of the true share from one found in a sample of that size, in 95 of 100 cases.';


--
-- Name: share_lower(double precision, double precision[], integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.share_lower(distance double precision, nearest double precision[], size integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((1)::double precision - ((COALESCE(width_bucket(distance, nearest), 0))::double precision / (size)::double precision));


--
-- Name: FUNCTION share_lower(distance double precision, nearest double precision[], size integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.share_lower(distance double precision, nearest double precision[], size integer) IS 'Share of a collection of that size that lies farther than a distance, of the nearest ones in order.';


--
-- Name: slot_of(text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.slot_of(url text) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ((get_byte(clipsql.url_digest(split_part(url, '#'::text, 1)), 0) << 2) + (get_byte(clipsql.url_digest(split_part(url, '#'::text, 1)), 1) >> 6));


--
-- Name: FUNCTION slot_of(url text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.slot_of(url text) IS 'The slot, 0 to 1023, in which a picture of that address lies.';


--
-- Name: split_words(text, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.split_words(body text, pattern text) RETURNS TABLE(number bigint, word text)
    LANGUAGE plpgsql IMMUTABLE ROWS 10 PARALLEL SAFE
    AS $$
declare
    body_shape constant text := clipsql_private.shape_text(body) collate "C";
begin
    return query
    with piece as (
        select
            p.number, p.found[2] as shape,
            sum(length(p.found[1]) + length(p.found[2])) over (order by p.number) - length(p.found[2]) as before
        from regexp_matches(body_shape, '( *)(' || pattern || ')', 'g') with ordinality as p (found, number)
    ), part as (
        select
            q.number as part_number, piece.number as piece_number, length(q.found[1]) as size,
            piece.before + sum(length(q.found[1])) over (partition by piece.number order by q.number) as ends_at
        from piece,
            regexp_matches(piece.shape, '''s|''t|''re|''ve|''m|''ll|''d|[a-zZ]+|[0-9]+|[^ a-zZ0-9]+', 'g')
            with ordinality as q (found, number)
    )
    select
        row_number() over (order by part.piece_number, part.part_number),
        substr(body, (part.ends_at - part.size + 1)::integer, part.size)
    from part;
end;
$$;


--
-- Name: FUNCTION split_words(body text, pattern text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.split_words(body text, pattern text) IS 'Pieces of a normalised text that a tokenizer encodes one by one.';


--
-- Name: spread_rows(regclass, integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.spread_rows(of_table regclass, how_many integer) RETURNS tid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
declare
    -- Its multiples fall evenly, and into no period that the rows may have.
    golden_ratio constant double precision := 0.6180339887498949;
begin
    return array(
        select format('(%s,%s)', floor(c.pages * (golden_ratio * n - floor(golden_ratio * n)))::bigint, 1 + n % c.rows_per_page)::tid
        from (
            select pg_relation_size(k.oid) / current_setting('block_size')::integer as pages,
                greatest(1, 0.8 * k.reltuples / nullif(k.relpages, 0))::integer as rows_per_page
            from pg_catalog.pg_class as k
            where k.oid = of_table
            offset 0
        ) as c
        cross join generate_series(1, how_many) as n);
end;
$$;


--
-- Name: FUNCTION spread_rows(of_table regclass, how_many integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.spread_rows(of_table regclass, how_many integer) IS 'Places of rows spread evenly over a table; some may be empty.';


--
-- Name: switch_doors(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.switch_doors() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    one record;
begin
    for one in select d.* from clipsql_private.tenant_doors() as d loop
        execute format('alter function %s security %s',
            one.door::regproc, case when one.runs_as_owner then 'definer' else 'invoker' end);
    end loop;
end;
$$;


--
-- Name: FUNCTION switch_doors(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.switch_doors() IS 'Lets the functions through which tenants search run as their owner, or as their caller.';


--
-- Name: switching(text, oid, text, "char"); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.switching(kind text, of_relation oid, name text, state "char") RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN (state <> 'O'::"char") THEN format('alter table %s %s %s %I'::text, (of_relation)::regclass, CASE state WHEN 'D'::"char" THEN 'disable'::text WHEN 'R'::"char" THEN 'enable replica'::text ELSE 'enable always'::text END, kind, name) ELSE NULL::text END;


--
-- Name: FUNCTION switching(kind text, of_relation oid, name text, state "char"); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.switching(kind text, of_relation oid, name text, state "char") IS 'Statement that gives a rule or trigger its state again; null where that is the usual one.';


--
-- Name: tenant_doors(); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.tenant_doors() RETURNS TABLE(door text, runs_as_owner boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT d.door,
     (clipsql_private.keeps_tenants_apart() AND ((NOT d.is_search) OR (NOT (EXISTS ( SELECT
            FROM pg_policy p
           WHERE ((p.polrelid = ('clipsql.image'::regclass)::oid) AND (p.polcmd = ANY (ARRAY['r'::"char", '*'::"char"])) AND (NOT clipsql_private.is_plain_condition(p.polqual))))))))
    FROM ( VALUES ('clipsql.search'::text,true), ('clipsql.search_vectors'::text,true), ('clipsql.search_hybrid'::text,true), ('clipsql.search_captions'::text,true), ('clipsql.search_regions'::text,true), ('clipsql.search_plan'::text,true), ('clipsql.classify_images'::text,true), ('clipsql.suggest_captions'::text,true), ('clipsql_private.resolve_model'::text,false), ('clipsql_private.remembered_vector'::text,false)) d(door, is_search)
   WHERE (to_regproc(d.door) IS NOT NULL);
END;


--
-- Name: FUNCTION tenant_doors(); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.tenant_doors() IS 'The functions that run as the owner where tenants are kept apart, and whether they should now.';


--
-- Name: token_values(integer, integer, public.halfvec[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.token_values(of_model integer, of_layer integer, inputs public.halfvec[]) RETURNS public.vector[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    outputs vector[];
    block vector[];
    size integer;
    x1 halfvec; x2 halfvec; x3 halfvec; x4 halfvec; x5 halfvec; x6 halfvec; x7 halfvec; x8 halfvec;
begin
    for done in 0 .. cardinality(inputs) - 1 by 8 loop
        size := least(8, cardinality(inputs) - done);
        x1 := inputs[done + 1];
        x2 := inputs[done + 2];
        x3 := inputs[done + 3];
        x4 := inputs[done + 4];
        x5 := inputs[done + 5];
        x6 := inputs[done + 6];
        x7 := inputs[done + 7];
        x8 := inputs[done + 8];
        block := array(
            select (array[
                t.start_output,
                inner_product(t.weights, x1),
                inner_product(t.weights, x2),
                inner_product(t.weights, x3),
                inner_product(t.weights, x4),
                inner_product(t.weights, x5),
                inner_product(t.weights, x6),
                inner_product(t.weights, x7),
                inner_product(t.weights, x8)])[case when done = 0 and t.start_output is not null then 1 else 2 end : size + 1]::vector
            from clipsql_private.text_neuron as t
            where t.model_id = of_model and t.layer = of_layer and t.part = 'value'
            order by t.neuron);
        if done = 0 then
            outputs := block;
        else
            outputs := array(select u.known || u.more from unnest(outputs, block) as u (known, more));
        end if;
    end loop;
    return outputs;
end;
$$;


--
-- Name: FUNCTION token_values(of_model integer, of_layer integer, inputs public.halfvec[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.token_values(of_model integer, of_layer integer, inputs public.halfvec[]) IS 'Attention values of a layer: for each neuron one vector over the tokens.';


--
-- Name: attached_column; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.attached_column (
    attachment_id integer NOT NULL,
    role text NOT NULL,
    "position" integer NOT NULL,
    name text NOT NULL,
    number smallint NOT NULL,
    type text NOT NULL,
    key_name text
);


--
-- Name: TABLE attached_column; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.attached_column IS 'A column of an attached table and what it says; `key_name` is its name in the link table.';


--
-- Name: attachment; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.attachment (
    attachment_id integer NOT NULL,
    source regclass NOT NULL,
    source_oid oid NOT NULL,
    source_name text NOT NULL,
    link text NOT NULL,
    collection text NOT NULL,
    url_prefix text,
    may_read_files boolean DEFAULT false NOT NULL,
    model_id integer,
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    reconciled_at timestamp with time zone
);


--
-- Name: TABLE attachment; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.attachment IS 'A table of somebody else whose rows have pictures; `source_oid` is where the numbers of its columns are right.';


--
-- Name: url_column_of(integer); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.url_column_of(attachment integer) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT COALESCE(a.attname, (c.name)::name) AS "coalesce" FROM ((clipsql_private.attachment t JOIN clipsql_private.attached_column c ON (((c.attachment_id = t.attachment_id) AND (c.role = 'url'::text)))) LEFT JOIN pg_attribute a ON (((a.attrelid = (t.source)::oid) AND (a.attnum > 0) AND (NOT a.attisdropped) AND CASE WHEN ((t.source)::oid = t.source_oid) THEN (a.attnum = c.number) ELSE (a.attname = c.name) END))) WHERE (t.attachment_id = url_column_of.attachment));


--
-- Name: FUNCTION url_column_of(attachment integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.url_column_of(attachment integer) IS 'Name of the column with the addresses of an attachment, as it is now.';


--
-- Name: vector_as_shard(jsonb); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.vector_as_shard(request jsonb) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE((SELECT jsonb_build_object('url', i.url, 'state', i.status, 'vector', (e.embedding)::text) AS jsonb_build_object FROM ((clipsql.image i LEFT JOIN clipsql.model m ON ((m.name = (vector_as_shard.request ->> 'model'::text)))) LEFT JOIN clipsql.image_embedding e ON (((e.image_id = i.image_id) AND (e.model_id = m.model_id)))) WHERE (i.image_id = ((vector_as_shard.request -> 'image'::text))::bigint)), '{}'::jsonb);


--
-- Name: FUNCTION vector_as_shard(request jsonb); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.vector_as_shard(request jsonb) IS 'Url, status and embedding of a picture of this shard, for a coordinator.';


--
-- Name: vector_of_shards(bigint, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.vector_of_shards(image bigint, model text, OUT vector public.vector, OUT state text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
    moved timestamptz;
begin
    if not clipsql_private.has_shards() then
        return;
    end if;
    perform clipsql_private.refuse_restricted();
    loop
        moved := (select max(s.moved_at) from clipsql_private.slot as s);
        select a.answer ->> 'vector', a.answer ->> 'state'
        into vector, state
        from clipsql_private.shard_answers(
            'vector_as_shard', jsonb_build_object('image', image, 'model', model), false) as a
        join clipsql_private.slot as s on s.slot = clipsql_private.slot_of(a.answer ->> 'url') and s.shard_id = a.shard_id;
        exit when moved = (select max(s.moved_at) from clipsql_private.slot as s);
    end loop;
end;
$$;


--
-- Name: FUNCTION vector_of_shards(image bigint, model text, OUT vector public.vector, OUT state text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.vector_of_shards(image bigint, model text, OUT vector public.vector, OUT state text) IS 'Embedding and status of a picture that lies on a shard; null when it is on none.';


--
-- Name: view_statement(oid); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.view_statement(of_view oid) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT format('create %s %s%s%s%s as %s%s'::text,
         CASE c.relkind
             WHEN 'm'::"char" THEN 'materialized view'::text
             ELSE 'view'::text
         END, (c.oid)::regclass, (' using '::text || quote_ident((m.amname)::text)), ( SELECT format(' with (%s)'::text, string_agg(format('%I = %L'::text, o.option_name, o.option_value), ', '::text)) AS format
            FROM pg_options_to_table(c.reloptions) o(option_name, option_value)
          HAVING (count(*) > 0)), (' tablespace '::text || quote_ident((s.spcname)::text)), rtrim(pg_get_viewdef(c.oid), ';'::text),
         CASE
             WHEN ((c.relkind = 'm'::"char") AND (NOT c.relispopulated)) THEN ' with no data'::text
             ELSE NULL::text
         END) AS format
    FROM ((pg_class c
      LEFT JOIN pg_am m ON ((m.oid = c.relam)))
      LEFT JOIN pg_tablespace s ON ((s.oid = c.reltablespace)))
   WHERE (c.oid = view_statement.of_view);
END;


--
-- Name: FUNCTION view_statement(of_view oid); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.view_statement(of_view oid) IS 'The statement that makes a view or materialised view again, as it is.';


--
-- Name: walk_index(public.vector, integer, text, clipsql_private.search_filter, clipsql.model, clipsql_private.search_strategy); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.walk_index(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, strategy clipsql_private.search_strategy, OUT ids bigint[], OUT distances double precision[], OUT walked integer) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET gin_fuzzy_search_limit TO '0'
    SET "hnsw.iterative_scan" TO 'off'
    SET "hnsw.ef_search" TO '400'
    SET "hnsw.max_scan_tuples" TO '2147483647'
    SET "hnsw.scan_mem_multiplier" TO '1'
    SET enable_seqscan TO 'off'
    SET enable_indexscan TO 'on'
    SET enable_incremental_sort TO 'on'
    SET enable_nestloop TO 'on'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    AS $_$
declare
    widest_step constant integer := 1000;    -- what pgvector allows; beyond it a walk goes on in steps
    longest_walk constant integer := 20000;  -- what this memory holds
    walk_memory constant double precision := 256 * 1024 * 1024;  -- used only as far as a walk gets
    -- How much farther rows must be for a walk to be past its goal: pictures have neighbours so much nearer than the
    -- rest that their walks are short, texts have not (docs/filtered-search.md).
    clearance constant double precision := 1.1;
    -- The rows among which one match is expected.
    expected_gap constant double precision := strategy.total_rows / greatest(strategy.likely_matches, 1)::double precision;
    width integer := least(longest_walk, strategy.width);
    -- From so wide a walk on every match up to the last wanted one is expected to be met, and met in order.
    wide constant double precision := floor(clipsql_private.walk_length(
        max_results * expected_gap, strategy.ef_search, strategy.total_rows));
    -- What a walk fetches, looking up whether a picture passes where something narrows the search down.
    met constant text := format(
        '(select t.image_id, t.distance, row_number() over (order by t.distance %%s, t.image_id) as place
          from (select e.image_id, e.embedding::halfvec(%1$s) <=> $2::halfvec(%1$s) as distance
                from clipsql.image_embedding as e where e.model_id = %2$s
                order by e.embedding::halfvec(%1$s) <=> $2::halfvec(%1$s)
                limit $3) as t) as w', chosen.dimensions, chosen.model_id);
    passing constant text := case when conditions = '' then 'cross join (values (true)) as p(passes)' else format(
        'left join lateral (
             select true as passes
             -- offset 0: the picture is looked up by its id; no condition may take the place of that.
             from (select s.* from %s as s where s.image_id = w.image_id offset 0) as i
             where %s
         ) as p on true',
        case when strategy.coded is not null and clipsql_private.is_narrow(filter)
            then format('clipsql_private.search_row_%s', (strategy.coded).basis_id)
            else clipsql_private.visible_images() end,
        conditions) end;
    sorting text;
    passed integer;
    depth integer;
    farthest double precision;
begin
    walked := 0;
    loop
        -- A walk that goes on in steps is not in order, whatever the planner thinks: plus zero, and it sorts.
        sorting := case when width > widest_step then '+ 0.0' else '' end;
        perform
            set_config('hnsw.ef_search', least(widest_step, greatest(width, 10))::text, true),
            set_config('hnsw.iterative_scan', case when width > widest_step then 'relaxed_order' else 'off' end, true),
            set_config('hnsw.scan_mem_multiplier', case when width > widest_step then least(1000, greatest(1,
                walk_memory / pg_size_bytes(current_setting('work_mem')))) else 1 end::text, true);
        if width >= wide and (conditions = '' or width <= widest_step) then
            -- No more is fetched than is wanted.
            execute format(
                'select array_agg(n.image_id order by n.place), array_agg(n.distance order by n.place),
                        case when count(*) = $4 then max(n.place) end, max(n.distance)
                 from (select w.* from %s %s where p.passes limit $4) as n', format(met, sorting), passing)
                into ids, distances, depth, farthest
                using filter, query, case when conditions = '' then max_results else width end, max_results;
            passed := width;
        else
            execute format(
                'select array_agg(w.image_id order by w.place) filter (where p.passes),
                        array_agg(w.distance order by w.place) filter (where p.passes),
                        (array_agg(w.place order by w.place) filter (where p.passes))[$4], max(w.distance), count(*)
                 from %s %s', format(met, sorting), passing)
                into ids, distances, depth, farthest, passed using filter, query, width, max_results;
        end if;
        walked := walked + passed;
        -- Rows that were deleted are walked, too, but not passed.
        exit when depth is not null and (
            passed >= 0.9 * clipsql_private.walk_length(depth, strategy.ef_search, strategy.total_rows)
            or (farthest > clearance * distances[max_results] and passed >= 1.5 * depth + 45));
        width := greatest(2 * width, least(longest_walk + 1, ceil(clipsql_private.walk_length(
            -- One match more than were met, in a gap more than was walked: an estimate that chance rarely fools.
            max_results * (passed + expected_gap) / (coalesce(cardinality(ids), 0) + 1),
            strategy.ef_search, strategy.total_rows))));
        -- As for the first one: a walk must promise to take under two thirds of the time.
        if width > longest_walk or 1.5 * (walked + width) * strategy.step_ms > strategy.compare_ms then
            ids := null;
            distances := null;
            return;
        end if;
    end loop;
end;
$_$;


--
-- Name: FUNCTION walk_index(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, strategy clipsql_private.search_strategy, OUT ids bigint[], OUT distances double precision[], OUT walked integer); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.walk_index(query public.vector, max_results integer, conditions text, filter clipsql_private.search_filter, chosen clipsql.model, strategy clipsql_private.search_strategy, OUT ids bigint[], OUT distances double precision[], OUT walked integer) IS 'Nearest matches found by walking the HNSW index, nearest first; null when the walk cannot be trusted.';


--
-- Name: walk_length(double precision, integer, double precision); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.walk_length(depth double precision, ef_search integer, total_rows double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN GREATEST((ef_search)::double precision, (((0.75 * (ef_search)::numeric))::double precision + (depth * LEAST((8)::double precision, ((1.25)::double precision * GREATEST((1)::double precision, (total_rows / (200000)::double precision)))))));


--
-- Name: FUNCTION walk_length(depth double precision, ef_search integer, total_rows double precision); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.walk_length(depth double precision, ef_search integer, total_rows double precision) IS 'Rows that an index walk must pass before the wanted rows, the last of them at a depth, are found reliably.';


--
-- Name: walk_parts(text, public.vector, integer, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.walk_parts(part text, query public.vector, max_results integer, chosen clipsql.model, OUT ids bigint[], OUT distances double precision[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET "hnsw.iterative_scan" TO 'relaxed_order'
    SET "hnsw.ef_search" TO '300'
    SET "hnsw.max_scan_tuples" TO '2147483647'
    SET "hnsw.scan_mem_multiplier" TO '1'
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_indexscan TO 'on'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    AS $_$
declare
    usual_ef_search constant integer := 400;  -- as in choose_strategy
    walked constant integer := ceil(clipsql_private.walk_length(max_results, usual_ef_search, (
        select c.reltuples
        from pg_catalog.pg_class as c
        where c.oid = to_regclass(clipsql_private.partition_name(part || '_embedding', chosen.model_id)))));
    walk_memory constant double precision := 256 * 1024 * 1024;  -- used only as far as a walk gets
begin
    perform
        set_config('hnsw.ef_search', least(1000, walked)::text, true),
        set_config('hnsw.scan_mem_multiplier', least(1000, greatest(1,
            walk_memory / pg_size_bytes(current_setting('work_mem'))))::text, true);
    execute format(
            'select array_agg(w.part_id), array_agg(w.distance)
             from (
                 select e.%3$I as part_id, e.embedding::halfvec(%1$s) <=> $1::halfvec(%1$s) as distance
                 from clipsql.%4$I as e where e.model_id = %2$s
                 order by e.embedding::halfvec(%1$s) <=> $1::halfvec(%1$s)
                 limit $2
             ) as w', chosen.dimensions, chosen.model_id, part || '_id', part || '_embedding')
        into ids, distances
        using query, case when walked > 1000 then walked else max_results end;
end;
$_$;


--
-- Name: FUNCTION walk_parts(part text, query public.vector, max_results integer, chosen clipsql.model, OUT ids bigint[], OUT distances double precision[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.walk_parts(part text, query public.vector, max_results integer, chosen clipsql.model, OUT ids bigint[], OUT distances double precision[]) IS 'Nearest captions or regions to a vector found by walking their HNSW index, in no order.';


--
-- Name: warn_of_unknown(text, clipsql_private.text_tower, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.warn_of_unknown(query text, tower clipsql_private.text_tower, model_name text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
declare
    unknown bigint;
    known bigint;
begin
    select
        sum(length(w.word)) filter (where w.is_unknown), sum(length(w.word)) filter (where not w.is_unknown)
    into unknown, known
    from (
        select
            e.word, count(*) > length(e.word) or bool_or(e.token_id is not distinct from tower.unknown_id) as is_unknown
        from clipsql_private.encode_words(query, tower) as e
        group by e.word_number, e.word) as w;
    if known is null or unknown > known then
        raise warning using errcode = '01CQ1', message = format(
            'Most of the text "%s" is unknown to model %s, so what it finds means little;'
            ' ask in a language that the model was trained on.',
            left(query, 50) || case when length(query) > 50 then '...' else '' end, model_name);
    end if;
end;
$$;


--
-- Name: FUNCTION warn_of_unknown(query text, tower clipsql_private.text_tower, model_name text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.warn_of_unknown(query text, tower clipsql_private.text_tower, model_name text) IS 'Raises a warning when most characters of a text belong to words that the model does not know.';


--
-- Name: watch_vector; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.watch_vector (
    model_id integer NOT NULL,
    watch_id bigint NOT NULL,
    number integer NOT NULL,
    embedding public.halfvec NOT NULL,
    min_similarity double precision NOT NULL,
    is_paused boolean DEFAULT false NOT NULL
)
WITH (toast_tuple_target='8160');


--
-- Name: TABLE watch_vector; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.watch_vector IS 'A vector of a watch, with what raising an alarm needs to know: it is one join of new pictures with this table.';


--
-- Name: watch_directions(bigint); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.watch_directions(of_watch bigint) RETURNS public.halfvec[]
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ARRAY(SELECT v.embedding FROM clipsql_private.watch_vector v WHERE (v.watch_id = watch_directions.of_watch) ORDER BY v.number);


--
-- Name: FUNCTION watch_directions(of_watch bigint); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.watch_directions(of_watch bigint) IS 'Unit vectors of a watch.';


--
-- Name: watch_filters(clipsql_private.search_filter); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.watch_filters(filter clipsql_private.search_filter) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
begin
    perform clipsql_private.conditions(filter);
    return coalesce(
        (select jsonb_object_agg(f.name, f.body) from jsonb_each(to_jsonb(filter)) as f(name, body) where f.body <> 'null'), '{}');
end;
$$;


--
-- Name: FUNCTION watch_filters(filter clipsql_private.search_filter); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.watch_filters(filter clipsql_private.search_filter) IS 'The filters that are given, as a JSON object; CQ004 for impossible ones.';


--
-- Name: watch_subject(text, bigint[], public.vector, clipsql.model); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.watch_subject(query text, images bigint[], query_vector public.vector, chosen clipsql.model, OUT directions public.halfvec[], OUT pictures bigint[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    terms record;
    vectors vector[];
begin
    if watch_subject.query_vector is not null then
        vectors := array[watch_subject.query_vector];
    elsif watch_subject.query is not null then
        terms := clipsql_private.query_vectors(watch_subject.query, chosen.name);
        pictures := terms.pictures;
        vectors := array[clipsql.mix(array(select l2_normalize(t.vector) from unnest(terms.vectors) as t(vector)), terms.weights)];
    else
        pictures := array(select distinct i.image_id from unnest(watch_subject.images) as i(image_id) order by i.image_id);
        vectors := array(select clipsql.image_vector(i.image_id, chosen.name) from unnest(pictures) as i(image_id));
    end if;
    perform clipsql_private.check_query(v.vector, chosen) from unnest(vectors) as v(vector);
    directions := array(select l2_normalize(v.vector)::halfvec from unnest(vectors) as v(vector));
end;
$$;


--
-- Name: FUNCTION watch_subject(query text, images bigint[], query_vector public.vector, chosen clipsql.model, OUT directions public.halfvec[], OUT pictures bigint[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.watch_subject(query text, images bigint[], query_vector public.vector, chosen clipsql.model, OUT directions public.halfvec[], OUT pictures bigint[]) IS 'Unit vectors of what a watch looks for, and the stored pictures that it names.';


--
-- Name: watched(clipsql.watch_list, bigint[], double precision[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.watched(watch clipsql.watch_list, images bigint[], similarities double precision[]) RETURNS SETOF clipsql_private.watched_picture
    LANGUAGE plpgsql STABLE ROWS 10
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET gin_fuzzy_search_limit TO '0'
    SET enable_seqscan TO 'on'
    SET enable_indexscan TO 'on'
    SET enable_bitmapscan TO 'on'
    SET enable_nestloop TO 'on'
    SET enable_hashjoin TO 'on'
    SET enable_sort TO 'on'
    SET jit TO 'off'
    SET "TimeZone" TO 'UTC'
    AS $_$
declare
    filter constant clipsql_private.search_filter :=
        jsonb_populate_record(null::clipsql_private.search_filter, watch.filters);
    conditions constant text := clipsql_private.conditions(filter);
begin
    perform set_config('timezone', watch.timezone, true);
    return query execute
        -- Periods are counted from a midnight; those of a picture fold by its collection, too, which may be all that a
        -- reader sees. A digest, because an index takes no value of any length.
        'select s.image_id, h.similarity, s.seen_at, s.seen_at::date,
                case when $4 is not null then sha256(convert_to(jsonb_build_array(
                    extract(epoch from date_bin($4, s.seen_at::timestamp, timestamp ''2000-01-01'')),
                    s.collection, s.metadata -> $5)::text, ''UTF8'')) end
         from unnest($2, $3) as h(image_id, similarity)
         join (select i.*, coalesce(i.taken_at, i.added_at) as seen_at from clipsql.image as i
               where i.image_id = any ($2)' || coalesce(' and ' || nullif(conditions, ''), '') || ') as s
            on s.image_id = h.image_id'
        using filter, images, similarities, watch.once_per, watch.once_per_key;
end;
$_$;


--
-- Name: FUNCTION watched(watch clipsql.watch_list, images bigint[], similarities double precision[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.watched(watch clipsql.watch_list, images bigint[], similarities double precision[]) IS 'Which of these pictures pass the filters of a watch, each with its moment, its day and its occasion.';


--
-- Name: watched_past(clipsql.watch_list, public.halfvec[], timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.watched_past(watch clipsql.watch_list, directions public.halfvec[], seen_from timestamp with time zone DEFAULT NULL::timestamp with time zone, seen_until timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS SETOF clipsql_private.watched_picture
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $_$
declare
    -- As raise_alerts compares, number for number.
    similarity constant text := (
        select 'greatest(' || string_agg(format('1 - (($1)[%s] <=> e.embedding)', n.number), ', ' order by n.number) || ')'
        from generate_series(1, cardinality(directions)) as n(number));
    ids bigint[];
    similarities double precision[];
begin
    execute format(
            'select array_agg(n.image_id), array_agg(n.similarity)
             from (select e.image_id, %s as similarity from clipsql.image_embedding as e where e.model_id = %s offset 0) as n
             where n.similarity >= $2 and n.similarity < ''NaN''', similarity, watch.model_id)
        into ids, similarities using directions, watch.min_similarity;
    return query
    select w.*
    from clipsql_private.watched(watch, ids, similarities) as w
    where (seen_from is null or w.seen_at >= seen_from) and (seen_until is null or w.seen_at < seen_until);
end;
$_$;


--
-- Name: FUNCTION watched_past(watch clipsql.watch_list, directions public.halfvec[], seen_from timestamp with time zone, seen_until timestamp with time zone); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.watched_past(watch clipsql.watch_list, directions public.halfvec[], seen_from timestamp with time zone, seen_until timestamp with time zone) IS 'Stored pictures that a watch would raise alarms for, exactly, of a time.';


--
-- Name: word_terms(text, text); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.word_terms(query text, language_code text) RETURNS TABLE(number integer, term tsquery)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT (min(t."position"))::integer AS min,
     t.term
    FROM ( SELECT w."position",
             (
                 CASE
                     WHEN (w.is_han AND w.next_is_han AND (w.next_position = (w."position" + 1))) THEN ((w.quoted || '<->'::text) || w.next_quoted)
                     WHEN (w.is_han AND w.last_is_han AND (w.last_position = (w."position" - 1))) THEN NULL::text
                     ELSE w.quoted
                 END)::tsquery AS term
            FROM ( SELECT l."position",
                     l.quoted,
                     l.is_han,
                     lead(l."position") OVER places AS next_position,
                     lag(l."position") OVER places AS last_position,
                     lead(l.quoted) OVER places AS next_quoted,
                     lead(l.is_han) OVER places AS next_is_han,
                     lag(l.is_han) OVER places AS last_is_han
                    FROM ( SELECT p."position",
                             ((''''::text || replace(replace(u.lexeme, '\'::text, '\\'::text), ''''::text, ''''''::text)) || ''''::text) AS quoted,
                             (u.lexeme ~ (('^['::text || clipsql_private.han_characters()) || ']$'::text)) AS is_han
                            FROM (unnest(clipsql_private.caption_words("left"(word_terms.query, 2000), word_terms.language_code)) u(lexeme, positions, weights)
                              CROSS JOIN LATERAL unnest(u.positions) p("position"))) l
                   WINDOW places AS (ORDER BY l."position")) w) t
   WHERE (t.term IS NOT NULL)
   GROUP BY t.term;
END;


--
-- Name: FUNCTION word_terms(query text, language_code text); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.word_terms(query text, language_code text) IS 'The words of a text as tsquery terms for captions of one language, each with its place in the text.';


--
-- Name: write_search_rows(integer, bigint[]); Type: FUNCTION; Schema: clipsql_private; Owner: -
--

CREATE FUNCTION clipsql_private.write_search_rows(of_basis integer, images bigint[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET jit TO 'off'
    AS $_$
begin
    -- Of the partition: keys are the partitions'.
    execute format($insert$
    insert into clipsql_private.search_row_%s
        (basis_id, image_id, collection, taken_at, longitude, latitude, left_out, code)
    select
        $1, i.image_id, i.collection, i.taken_at, i.longitude, i.latitude,
        sqrt(greatest(0, 1 - l2_norm(c.code) ^ 2)), c.code
    from (
        select p.image_id, p.collection, p.taken_at, p.longitude, p.latitude
        from clipsql.image as p
        where p.image_id = any ($2)
        order by p.image_id
        for share  -- who changes a picture's time meanwhile is waited for, or finds the row written
    ) as i
    join clipsql_private.code_basis as b on b.basis_id = $1
    join clipsql.image_embedding as e on e.image_id = i.image_id and e.model_id = b.model_id
    cross join lateral (select clipsql_private.code_of(e.embedding, $1) as code offset 0) as c
    -- What filters look at is there already, or follows the picture by itself (move_search_rows).
    on conflict (image_id, basis_id) do update set left_out = excluded.left_out, code = excluded.code
    $insert$, of_basis)
    using of_basis, images;
end;
$_$;


--
-- Name: FUNCTION write_search_rows(of_basis integer, images bigint[]); Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON FUNCTION clipsql_private.write_search_rows(of_basis integer, images bigint[]) IS 'Writes the search rows of those pictures that have an embedding under the model of a basis.';


--
-- Name: alert; Type: TABLE; Schema: clipsql; Owner: -
--

CREATE TABLE clipsql.alert (
    alert_id bigint NOT NULL,
    watch_id bigint NOT NULL,
    image_id bigint NOT NULL,
    similarity double precision NOT NULL,
    percentile double precision,
    raised_at timestamp with time zone DEFAULT now() NOT NULL,
    repeats integer DEFAULT 0 NOT NULL,
    verdict boolean,
    occasion bytea
);


--
-- Name: TABLE alert; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TABLE clipsql.alert IS 'One alarm: a watch and the picture that raised it. Rows come with the picture''s embedding, in its transaction.';


--
-- Name: COLUMN alert.alert_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.alert.alert_id IS 'Number of the alarm, given by the database.';


--
-- Name: COLUMN alert.watch_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.alert.watch_id IS 'The watch that raised it.';


--
-- Name: COLUMN alert.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.alert.image_id IS 'The picture; it raises an alarm once.';


--
-- Name: COLUMN alert.similarity; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.alert.similarity IS 'Cosine of the picture with what is looked for.';


--
-- Name: COLUMN alert.percentile; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.alert.percentile IS 'Share of the collection, of 100, that scored lower then; null for a watch of several pictures.';


--
-- Name: COLUMN alert.raised_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.alert.raised_at IS 'When it was raised.';


--
-- Name: COLUMN alert.repeats; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.alert.repeats IS 'How many further pictures fell into the same period.';


--
-- Name: COLUMN alert.verdict; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.alert.verdict IS 'Whether it was right, as clipsql.judge_alert was told; null: nobody has said.';


--
-- Name: COLUMN alert.occasion; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.alert.occasion IS 'Digest of period, collection and key, which its repeats share; null where nothing is folded.';


--
-- Name: alert_alert_id_seq; Type: SEQUENCE; Schema: clipsql; Owner: -
--

ALTER TABLE clipsql.alert ALTER COLUMN alert_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME clipsql.alert_alert_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: attachment_status; Type: VIEW; Schema: clipsql; Owner: -
--

CREATE VIEW clipsql.attachment_status WITH (security_invoker='true') AS
 SELECT (a.source)::oid AS source,
    COALESCE(((quote_ident((n.nspname)::text) || '.'::text) || quote_ident((c.relname)::text)), a.source_name) AS source_name,
    clipsql_private.url_column_of(a.attachment_id) AS url_column,
    a.collection,
    m.name AS model,
    format('clipsql.%I'::text, a.link) AS link,
    s.row_count AS rows,
    s.embedded,
    s.pending,
    s.failed,
    s.missing,
    s.oldest_pending,
    s.last_error,
    s.state
   FROM ((((clipsql_private.attachment a
     LEFT JOIN pg_class c ON ((c.oid = (a.source)::oid)))
     LEFT JOIN pg_namespace n ON ((n.oid = c.relnamespace)))
     LEFT JOIN clipsql.model m ON ((m.model_id = a.model_id)))
     CROSS JOIN LATERAL clipsql_private.count_attached_rows(a.attachment_id) s(row_count, embedded, pending, failed, missing, oldest_pending, last_error, state));


--
-- Name: VIEW attachment_status; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON VIEW clipsql.attachment_status IS 'Attached tables: their rows by the state of their pictures, exactly counted, and what is wrong.';


--
-- Name: COLUMN attachment_status.source; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.attachment_status.source IS 'Number of the table; clipsql.detach takes that of one that is dropped.';


--
-- Name: COLUMN attachment_status.source_name; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.attachment_status.source_name IS 'Name of the table.';


--
-- Name: COLUMN attachment_status.url_column; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.attachment_status.url_column IS 'The column with the address of the picture; one that is gone, by the name that it had.';


--
-- Name: COLUMN attachment_status.collection; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.attachment_status.collection IS 'The collection of its pictures.';


--
-- Name: COLUMN attachment_status.model; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.attachment_status.model IS 'The model under which they are embedded; null: that of the worker that comes first.';


--
-- Name: COLUMN attachment_status.link; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.attachment_status.link IS 'The table that says which picture a row has.';


--
-- Name: COLUMN attachment_status.rows; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.attachment_status.rows IS 'Rows of the table; null where it cannot be read.';


--
-- Name: COLUMN attachment_status.embedded; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.attachment_status.embedded IS 'Rows whose picture has a vector, of the address that the row has now.';


--
-- Name: COLUMN attachment_status.pending; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.attachment_status.pending IS 'Rows whose picture waits for a worker.';


--
-- Name: COLUMN attachment_status.failed; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.attachment_status.failed IS 'Rows whose picture cannot be had, or that say what no picture can be; some are tried again.';


--
-- Name: COLUMN attachment_status.missing; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.attachment_status.missing IS 'Rows without an address.';


--
-- Name: COLUMN attachment_status.oldest_pending; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.attachment_status.oldest_pending IS 'Since when the row that waits longest waits.';


--
-- Name: COLUMN attachment_status.last_error; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.attachment_status.last_error IS 'What went wrong last.';


--
-- Name: COLUMN attachment_status.state; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.attachment_status.state IS 'ok, or what happened to the table or its columns.';


--
-- Name: caption; Type: TABLE; Schema: clipsql; Owner: -
--

CREATE TABLE clipsql.caption (
    caption_id bigint NOT NULL,
    image_id bigint NOT NULL,
    body text NOT NULL,
    language text DEFAULT 'en'::text NOT NULL,
    words tsvector GENERATED ALWAYS AS (clipsql_private.caption_words(body, language, source)) STORED NOT NULL,
    source text
);


--
-- Name: TABLE caption; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TABLE clipsql.caption IS 'One caption of a picture, with its words for full-text search.';


--
-- Name: COLUMN caption.caption_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.caption.caption_id IS 'Number of the caption, given by the database; a picture''s first caption has the least.';


--
-- Name: COLUMN caption.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.caption.image_id IS 'The picture that it describes.';


--
-- Name: COLUMN caption.body; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.caption.body IS 'The caption itself.';


--
-- Name: COLUMN caption.language; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.caption.language IS 'Its language, such as en or zh; decides how its words are found.';


--
-- Name: COLUMN caption.words; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.caption.words IS 'Its words for full-text search, made from body and language.';


--
-- Name: COLUMN caption.source; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.caption.source IS 'Null for what a person said; of a model, model: and its name.';


--
-- Name: caption_caption_id_seq; Type: SEQUENCE; Schema: clipsql; Owner: -
--

ALTER TABLE clipsql.caption ALTER COLUMN caption_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME clipsql.caption_caption_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: caption_embedding; Type: TABLE; Schema: clipsql; Owner: -
--

CREATE TABLE clipsql.caption_embedding (
    caption_id bigint NOT NULL,
    model_id integer NOT NULL,
    embedding public.halfvec NOT NULL
)
PARTITION BY LIST (model_id);


--
-- Name: TABLE caption_embedding; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TABLE clipsql.caption_embedding IS 'A caption under a model: one unit-length vector. Partitioned as image_embedding is.';


--
-- Name: COLUMN caption_embedding.caption_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.caption_embedding.caption_id IS 'The caption.';


--
-- Name: COLUMN caption_embedding.model_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.caption_embedding.model_id IS 'The model.';


--
-- Name: COLUMN caption_embedding.embedding; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.caption_embedding.embedding IS 'The caption''s vector, of unit length, in half precision.';


--
-- Name: collection_stats; Type: VIEW; Schema: clipsql; Owner: -
--

CREATE VIEW clipsql.collection_stats WITH (security_invoker='true') AS
 WITH counted AS (
         SELECT i.collection,
            count(*) AS images,
            count(*) FILTER (WHERE (i.status = 'pending'::text)) AS pending,
            count(*) FILTER (WHERE (i.status = 'failed'::text)) AS failed,
            min(i.taken_at) AS first_taken_at,
            max(i.taken_at) AS last_taken_at
           FROM clipsql.image i
          GROUP BY i.collection
        ), captioned AS (
         SELECT i.collection,
            count(*) AS captions
           FROM (clipsql.caption c
             JOIN clipsql.image i ON ((i.image_id = c.image_id)))
          GROUP BY i.collection
        ), embedded AS (
         SELECT i.collection,
            e.model_id,
            count(*) AS embedded
           FROM (clipsql.image_embedding e
             JOIN clipsql.image i ON ((i.image_id = e.image_id)))
          GROUP BY i.collection, e.model_id
        )
 SELECT counted.collection,
    m.name AS model,
    counted.images,
    COALESCE(embedded.embedded, (0)::bigint) AS embedded,
    counted.pending,
    counted.failed,
    COALESCE(captioned.captions, (0)::bigint) AS captions,
    counted.first_taken_at,
    counted.last_taken_at
   FROM (((counted
     LEFT JOIN captioned ON ((captioned.collection = counted.collection)))
     LEFT JOIN embedded ON ((embedded.collection = counted.collection)))
     LEFT JOIN clipsql.model m ON ((m.model_id = embedded.model_id)));


--
-- Name: VIEW collection_stats; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON VIEW clipsql.collection_stats IS 'A collection under each model that it uses: pictures by state, captions, time span.';


--
-- Name: COLUMN collection_stats.collection; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.collection_stats.collection IS 'Name of the collection.';


--
-- Name: COLUMN collection_stats.model; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.collection_stats.model IS 'Name of a model with vectors of it; null where there is none yet.';


--
-- Name: COLUMN collection_stats.images; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.collection_stats.images IS 'Pictures of the collection, under whatever model.';


--
-- Name: COLUMN collection_stats.embedded; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.collection_stats.embedded IS 'Pictures that have a vector under the model.';


--
-- Name: COLUMN collection_stats.pending; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.collection_stats.pending IS 'Pictures that wait for a worker.';


--
-- Name: COLUMN collection_stats.failed; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.collection_stats.failed IS 'Pictures that could not be had or read.';


--
-- Name: COLUMN collection_stats.captions; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.collection_stats.captions IS 'Captions of its pictures.';


--
-- Name: COLUMN collection_stats.first_taken_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.collection_stats.first_taken_at IS 'When the earliest of its pictures was taken.';


--
-- Name: COLUMN collection_stats.last_taken_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.collection_stats.last_taken_at IS 'When the latest of its pictures was taken.';


--
-- Name: fusion_fusion_id_seq; Type: SEQUENCE; Schema: clipsql; Owner: -
--

ALTER TABLE clipsql.fusion ALTER COLUMN fusion_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME clipsql.fusion_fusion_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: image_image_id_seq; Type: SEQUENCE; Schema: clipsql; Owner: -
--

ALTER TABLE clipsql.image ALTER COLUMN image_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME clipsql.image_image_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: image_region; Type: TABLE; Schema: clipsql; Owner: -
--

CREATE TABLE clipsql.image_region (
    region_id bigint NOT NULL,
    image_id bigint NOT NULL,
    box integer[] NOT NULL,
    label text,
    score double precision,
    is_tile boolean DEFAULT false NOT NULL,
    error text,
    CONSTRAINT image_region_box_check CHECK (((cardinality(box) = 4) AND (array_ndims(box) = 1) AND (array_position(box, NULL::integer) IS NULL) AND (box[1] >= 0) AND (box[2] >= 0) AND (box[3] >= 1) AND (box[4] >= 1) AND (10000000 >= ALL (box)))),
    CONSTRAINT image_region_label_check CHECK (((char_length(label) >= 1) AND (char_length(label) <= 200))),
    CONSTRAINT image_region_score_check CHECK (((score >= (0)::double precision) AND (score <= (1)::double precision)))
);


--
-- Name: TABLE image_region; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TABLE clipsql.image_region IS 'A part of a picture that is searched by itself: a detector''s box, or a tile.';


--
-- Name: COLUMN image_region.region_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image_region.region_id IS 'Number of the region, given by the database.';


--
-- Name: COLUMN image_region.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image_region.image_id IS 'The picture that it is a part of.';


--
-- Name: COLUMN image_region.box; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image_region.box IS 'Where it is, in pixels of the upright picture: {x, y, width, height} from the upper left corner.';


--
-- Name: COLUMN image_region.label; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image_region.label IS 'What is there, as who found it calls it; null: nobody said.';


--
-- Name: COLUMN image_region.score; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image_region.score IS 'How sure a detector was, 0 to 1; null: nobody said.';


--
-- Name: COLUMN image_region.is_tile; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image_region.is_tile IS 'Whether it is a tile of a grid over the picture, and no detector''s box.';


--
-- Name: COLUMN image_region.error; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.image_region.error IS 'Why it cannot be embedded; null when nothing is wrong.';


--
-- Name: image_region_region_id_seq; Type: SEQUENCE; Schema: clipsql; Owner: -
--

ALTER TABLE clipsql.image_region ALTER COLUMN region_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME clipsql.image_region_region_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: code_basis; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.code_basis (
    basis_id integer NOT NULL,
    model_id integer NOT NULL,
    length integer NOT NULL,
    left_out double precision NOT NULL,
    cone double precision NOT NULL,
    learned_from integer NOT NULL,
    state text DEFAULT 'filling'::text NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT code_basis_state_check CHECK ((state = ANY (ARRAY['filling'::text, 'ready'::text, 'retired'::text])))
);


--
-- Name: TABLE code_basis; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.code_basis IS 'The directions by which the vectors of a model are coded, learned from its own pictures.';


--
-- Name: search_row; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.search_row (
    basis_id integer NOT NULL,
    image_id bigint NOT NULL,
    collection text NOT NULL,
    taken_at timestamp with time zone,
    longitude double precision,
    latitude double precision,
    left_out real NOT NULL,
    code public.halfvec NOT NULL
)
PARTITION BY LIST (basis_id);


--
-- Name: TABLE search_row; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.search_row IS 'What a search reads of a picture before its vector. One partition, with its own indexes, for each basis.';


--
-- Name: search_tuning; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.search_tuning (
    tuning_id integer NOT NULL,
    model_id integer NOT NULL,
    collection text,
    ef_search integer NOT NULL,
    target_recall double precision NOT NULL,
    measured_recall double precision NOT NULL,
    queries integer NOT NULL,
    measured_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT search_tuning_ef_search_check CHECK (((ef_search >= 10) AND (ef_search <= 1000)))
);


--
-- Name: TABLE search_tuning; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.search_tuning IS 'How wide index walks must be in one collection (null: in searches over all) to reach a recall.';


--
-- Name: index_stats; Type: VIEW; Schema: clipsql; Owner: -
--

CREATE VIEW clipsql.index_stats WITH (security_invoker='true') AS
 SELECT m.name AS model,
    t.embeddings,
    clipsql_private.count_vectors(t.embeddings, m.model_id) AS rows,
        CASE
            WHEN (NOT row_security_active('clipsql.image'::text)) THEN pg_relation_size((x.indexrelid)::regclass)
            ELSE NULL::bigint
        END AS bytes,
        CASE
            WHEN x.indisvalid THEN 'valid'::text
            WHEN (EXISTS ( SELECT
               FROM (pg_locks l
                 JOIN pg_database d ON (((d.oid = l.database) AND (d.datname = current_database()))))
              WHERE ((l.relation = (to_regclass(clipsql_private.partition_name(t.embeddings, m.model_id)))::oid) AND (l.mode = 'ShareLock'::text) AND l.granted))) THEN 'building'::text
            WHEN (x.indexrelid IS NULL) THEN 'missing'::text
            ELSE 'invalid'::text
        END AS state,
    s.measured_recall AS recall,
    s.measured_at AS recall_measured_at,
        CASE
            WHEN (t.embeddings = 'image_embedding'::text) THEN COALESCE(k.state, 'none'::text)
            ELSE NULL::text
        END AS search_rows,
    k.left_out AS learned_left_out,
    n.left_out,
    (n.left_out > ((0.01)::double precision + ((1.5)::double precision * k.left_out))) AS rebuild_is_due
   FROM (((((clipsql.model m
     CROSS JOIN clipsql_private.embedding_tables() t(embeddings))
     LEFT JOIN pg_index x ON ((x.indexrelid = (to_regclass(clipsql_private.hnsw_index_name(t.embeddings, m.model_id)))::oid)))
     LEFT JOIN clipsql_private.search_tuning s ON (((t.embeddings = 'image_embedding'::text) AND (s.model_id = m.model_id) AND (s.collection IS NULL))))
     LEFT JOIN LATERAL ( SELECT b.basis_id,
            b.left_out,
            b.state
           FROM clipsql_private.code_basis b
          WHERE ((t.embeddings = 'image_embedding'::text) AND (b.model_id = m.model_id) AND (b.state <> 'retired'::text))
          ORDER BY (b.state = 'ready'::text) DESC, b.basis_id DESC
         LIMIT 1) k ON (true))
     LEFT JOIN LATERAL ( SELECT avg(((r.left_out)::double precision ^ (2)::double precision)) AS left_out
           FROM clipsql_private.search_row r
          WHERE ((r.basis_id = k.basis_id) AND (r.ctid = ANY (clipsql_private.spread_rows(to_regclass(('clipsql_private.search_row_'::text || k.basis_id)), 1000))))) n ON ((NOT row_security_active('clipsql.image'::text))));


--
-- Name: VIEW index_stats; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON VIEW clipsql.index_stats IS 'The HNSW indexes of each model: rows, size, state and last measured recall.';


--
-- Name: COLUMN index_stats.model; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.index_stats.model IS 'Name of the model.';


--
-- Name: COLUMN index_stats.embeddings; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.index_stats.embeddings IS 'The table that is indexed: image_embedding, caption_embedding or region_embedding.';


--
-- Name: COLUMN index_stats.rows; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.index_stats.rows IS 'Vectors of the model in that table.';


--
-- Name: COLUMN index_stats.bytes; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.index_stats.bytes IS 'Size of the index; null where there is none, or where it would tell of pictures that one may not see.';


--
-- Name: COLUMN index_stats.state; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.index_stats.state IS 'valid, invalid, building or missing.';


--
-- Name: COLUMN index_stats.recall; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.index_stats.recall IS 'Recall of the 10 nearest over all collections, as "clipsql index tune" last measured it; null before.';


--
-- Name: COLUMN index_stats.recall_measured_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.index_stats.recall_measured_at IS 'When that was.';


--
-- Name: COLUMN index_stats.search_rows; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.index_stats.search_rows IS 'State of the rows by which filtered searches are answered fast: none, filling or ready; null but for pictures.';


--
-- Name: COLUMN index_stats.learned_left_out; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.index_stats.learned_left_out IS 'Share of a vector''s squared length that their codes left out when they were learned; null without search rows.';


--
-- Name: COLUMN index_stats.left_out; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.index_stats.left_out IS 'The same of the pictures that are there now, from a sample; null without search rows or where pictures are hidden.';


--
-- Name: COLUMN index_stats.rebuild_is_due; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.index_stats.rebuild_is_due IS 'Whether codes fit the pictures so much less than when they were learned that "clipsql index build --rebuild" pays.';


--
-- Name: unembedded; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.unembedded (
    model_id integer NOT NULL,
    image_id bigint NOT NULL,
    failure text NOT NULL,
    error text NOT NULL,
    failed_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: TABLE unembedded; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.unembedded IS 'A picture that is embedded, and that could not be had or read to embed it under this model too.';


--
-- Name: model_change; Type: VIEW; Schema: clipsql; Owner: -
--

CREATE VIEW clipsql.model_change WITH (security_invoker='true') AS
 SELECT m.name AS model,
    s.collection,
    s.begun_at,
    s.kept_until,
    c.pictures,
    c.embedded,
    c.failed,
    ((c.pictures - c.embedded) - c.failed) AS waiting,
        CASE
            WHEN (c.pictures = (c.embedded + c.failed)) THEN '00:00:00'::interval
            WHEN ((s.noted_at > (now() - '00:02:00'::interval)) AND (s.pace > (0)::double precision)) THEN date_trunc('second'::text, make_interval(secs => ((((c.pictures - c.embedded) - c.failed))::double precision / s.pace)))
            ELSE NULL::interval
        END AS time_left
   FROM ((clipsql_private.shadow s
     JOIN clipsql.model m ON ((m.model_id = s.model_id)))
     CROSS JOIN LATERAL ( SELECT count(*) AS pictures,
            count(e.image_id) AS embedded,
            count(u.image_id) FILTER (WHERE (e.image_id IS NULL)) AS failed
           FROM ((clipsql.image i
             LEFT JOIN clipsql.image_embedding e ON (((e.image_id = i.image_id) AND (e.model_id = s.model_id))))
             LEFT JOIN clipsql_private.unembedded u ON (((u.image_id = i.image_id) AND (u.model_id = s.model_id))))
          WHERE ((i.status = 'embedded'::text) AND ((s.collection IS NULL) OR (i.collection = s.collection)))) c)
  WHERE ((s.kept_until IS NULL) OR (s.kept_until > now()));


--
-- Name: VIEW model_change; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON VIEW clipsql.model_change IS 'Models that pictures are embedded under beside the default one, by "clipsql model shadow" or after "clipsql model use".';


--
-- Name: COLUMN model_change.model; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_change.model IS 'Name of the model.';


--
-- Name: COLUMN model_change.collection; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_change.collection IS 'The collection whose pictures are; null: all.';


--
-- Name: COLUMN model_change.begun_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_change.begun_at IS 'When that began.';


--
-- Name: COLUMN model_change.kept_until; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_change.kept_until IS 'When it ends by itself; null: when somebody retires the model.';


--
-- Name: COLUMN model_change.pictures; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_change.pictures IS 'Pictures that are embedded under some model.';


--
-- Name: COLUMN model_change.embedded; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_change.embedded IS 'Those of them that are embedded under this one.';


--
-- Name: COLUMN model_change.failed; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_change.failed IS 'Those that could not be had or read for this one, such as dead addresses; clipsql.model_failure names them.';


--
-- Name: COLUMN model_change.waiting; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_change.waiting IS 'Those that wait for a worker.';


--
-- Name: COLUMN model_change.time_left; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_change.time_left IS 'How long workers need for these at their latest pace; null: none worked on them in the last two minutes.';


--
-- Name: model_failure; Type: VIEW; Schema: clipsql; Owner: -
--

CREATE VIEW clipsql.model_failure WITH (security_invoker='true') AS
 SELECT m.name AS model,
    i.image_id,
    i.collection,
    i.url,
    u.failure,
    u.error,
    u.failed_at
   FROM ((clipsql_private.unembedded u
     JOIN clipsql.model m ON ((m.model_id = u.model_id)))
     JOIN clipsql.image i ON ((i.image_id = u.image_id)));


--
-- Name: VIEW model_failure; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON VIEW clipsql.model_failure IS 'Pictures that are embedded under some model and could not be had or read for another: a search under that misses them.';


--
-- Name: COLUMN model_failure.model; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_failure.model IS 'Name of the model that lacks them.';


--
-- Name: COLUMN model_failure.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_failure.image_id IS 'The picture.';


--
-- Name: COLUMN model_failure.collection; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_failure.collection IS 'Name of the collection that it belongs to.';


--
-- Name: COLUMN model_failure.url; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_failure.url IS 'Its address.';


--
-- Name: COLUMN model_failure.failure; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_failure.failure IS 'Class of what went wrong, such as no_file or timeout.';


--
-- Name: COLUMN model_failure.error; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_failure.error IS 'What went wrong, in words.';


--
-- Name: COLUMN model_failure.failed_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_failure.failed_at IS 'When that was.';


--
-- Name: model_model_id_seq; Type: SEQUENCE; Schema: clipsql; Owner: -
--

ALTER TABLE clipsql.model ALTER COLUMN model_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME clipsql.model_model_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: model_query; Type: TABLE; Schema: clipsql; Owner: -
--

CREATE TABLE clipsql.model_query (
    query_id integer NOT NULL,
    kind text NOT NULL,
    query text NOT NULL,
    model text NOT NULL,
    revision text NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT model_query_kind_check CHECK ((kind = ANY (ARRAY['match'::text, 'describe'::text, 'answer'::text]))),
    CONSTRAINT model_query_query_check CHECK ((octet_length(query) <= 2000))
);


--
-- Name: TABLE model_query; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TABLE clipsql.model_query IS 'What a model was asked about pictures: whether a text is true of them, what they show, a question.';


--
-- Name: COLUMN model_query.query_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_query.query_id IS 'Number of the query, given by the database.';


--
-- Name: COLUMN model_query.kind; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_query.kind IS 'match: whether the text is true of a picture; describe: what it shows; answer: a question.';


--
-- Name: COLUMN model_query.query; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_query.query IS 'The text or the question; of descriptions their language, such as en.';


--
-- Name: COLUMN model_query.model; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_query.model IS 'Name of the model: on the hub, or of its folder.';


--
-- Name: COLUMN model_query.revision; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_query.revision IS 'Which state of the model''s files it was.';


--
-- Name: COLUMN model_query.asked_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.model_query.asked_at IS 'When it was asked first.';


--
-- Name: model_query_query_id_seq; Type: SEQUENCE; Schema: clipsql; Owner: -
--

ALTER TABLE clipsql.model_query ALTER COLUMN query_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME clipsql.model_query_query_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: picture; Type: VIEW; Schema: clipsql; Owner: -
--

CREATE VIEW clipsql.picture WITH (security_invoker='true') AS
 SELECT image_id,
    collection,
    url,
    file,
    ( SELECT c.body
           FROM clipsql.caption c
          WHERE ((c.image_id = i.image_id) AND (c.source IS NULL))
          ORDER BY c.caption_id
         LIMIT 1) AS caption,
    ARRAY( SELECT c.body
           FROM clipsql.caption c
          WHERE ((c.image_id = i.image_id) AND (c.source IS NULL))
          ORDER BY c.caption_id) AS captions,
    taken_at,
    point(longitude, latitude) AS place,
    metadata,
    width,
    height,
    format,
    status,
    error,
    added_at,
    COALESCE(( SELECT true
           FROM clipsql_private.thumbnail t
          WHERE (t.image_id = i.image_id)), false) AS has_thumbnail,
    clipsql_private.browser_url(url, file) AS picture_url,
    ( SELECT c.body
           FROM clipsql.caption c
          WHERE ((c.image_id = i.image_id) AND (c.source IS NOT NULL))
          ORDER BY c.caption_id DESC
         LIMIT 1) AS description
   FROM clipsql.image i;


--
-- Name: VIEW picture; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON VIEW clipsql.picture IS 'A picture with its captions, for dashboards and joins.';


--
-- Name: COLUMN picture.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.image_id IS 'Number of the picture.';


--
-- Name: COLUMN picture.collection; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.collection IS 'Name of the collection that the picture belongs to.';


--
-- Name: COLUMN picture.url; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.url IS 'Address of the picture, on the web or file://.';


--
-- Name: COLUMN picture.file; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.file IS 'Local file that holds the picture, if there is one.';


--
-- Name: COLUMN picture.caption; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.caption IS 'Its first caption that is not a model''s; null without one.';


--
-- Name: COLUMN picture.captions; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.captions IS 'All its captions but those of models, in the order in which they came.';


--
-- Name: COLUMN picture.taken_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.taken_at IS 'When the picture was taken.';


--
-- Name: COLUMN picture.place; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.place IS 'Where it was taken: (longitude, latitude) in degrees, WGS 84.';


--
-- Name: COLUMN picture.metadata; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.metadata IS 'Whatever else its list said of it, a JSON object.';


--
-- Name: COLUMN picture.width; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.width IS 'Width in pixels, upright.';


--
-- Name: COLUMN picture.height; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.height IS 'Height in pixels, upright.';


--
-- Name: COLUMN picture.format; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.format IS 'Format of the file, such as JPEG or PNG.';


--
-- Name: COLUMN picture.status; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.status IS 'How far its ingest has come: pending, embedded or failed.';


--
-- Name: COLUMN picture.error; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.error IS 'What went wrong, in words; null unless failed.';


--
-- Name: COLUMN picture.added_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.added_at IS 'When the picture became known to the system.';


--
-- Name: COLUMN picture.has_thumbnail; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.has_thumbnail IS 'Whether clipsql.thumbnail_uri shows it.';


--
-- Name: COLUMN picture.picture_url; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.picture_url IS 'Where a browser finds it, as clipsql.picture_url says; null where it does not.';


--
-- Name: COLUMN picture.description; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture.description IS 'What the last model that described it said; null where none has.';


--
-- Name: picture_answer; Type: VIEW; Schema: clipsql; Owner: -
--

CREATE VIEW clipsql.picture_answer WITH (security_invoker='true') AS
 SELECT a.image_id,
    q.query AS question,
    a.answer,
    a.score AS probability,
    q.model,
    a.answered_at,
    a.query_id
   FROM (clipsql.model_answer a
     JOIN clipsql.model_query q ON ((q.query_id = a.query_id)))
  WHERE (q.kind = 'answer'::text);


--
-- Name: VIEW picture_answer; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON VIEW clipsql.picture_answer IS 'What a model answered to a question about a picture.';


--
-- Name: COLUMN picture_answer.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture_answer.image_id IS 'The picture.';


--
-- Name: COLUMN picture_answer.question; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture_answer.question IS 'What was asked.';


--
-- Name: COLUMN picture_answer.answer; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture_answer.answer IS 'What the model answered.';


--
-- Name: COLUMN picture_answer.probability; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture_answer.probability IS 'How sure the model was, in [0, 1].';


--
-- Name: COLUMN picture_answer.model; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture_answer.model IS 'Name of the model.';


--
-- Name: COLUMN picture_answer.answered_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture_answer.answered_at IS 'When it answered.';


--
-- Name: COLUMN picture_answer.query_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.picture_answer.query_id IS 'The question in clipsql.model_query.';


--
-- Name: region_embedding; Type: TABLE; Schema: clipsql; Owner: -
--

CREATE TABLE clipsql.region_embedding (
    region_id bigint NOT NULL,
    model_id integer NOT NULL,
    image_id bigint NOT NULL,
    embedding public.halfvec NOT NULL
)
PARTITION BY LIST (model_id);


--
-- Name: TABLE region_embedding; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON TABLE clipsql.region_embedding IS 'A region under a model: one unit-length vector. Partitioned as image_embedding is.';


--
-- Name: COLUMN region_embedding.region_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.region_embedding.region_id IS 'The region.';


--
-- Name: COLUMN region_embedding.model_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.region_embedding.model_id IS 'The model.';


--
-- Name: COLUMN region_embedding.image_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.region_embedding.image_id IS 'The picture that the region is a part of.';


--
-- Name: COLUMN region_embedding.embedding; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.region_embedding.embedding IS 'The region''s vector, of unit length, in half precision.';


--
-- Name: watch_list_watch_id_seq; Type: SEQUENCE; Schema: clipsql; Owner: -
--

ALTER TABLE clipsql.watch_list ALTER COLUMN watch_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME clipsql.watch_list_watch_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: watch_stats; Type: VIEW; Schema: clipsql; Owner: -
--

CREATE VIEW clipsql.watch_stats WITH (security_invoker='true') AS
 SELECT w.watch_id,
    w.name,
    a.alerts,
    a.repeats,
    a.last_raised_at,
    a.judged,
    ((a.right_ones)::double precision / (NULLIF(a.judged, 0))::double precision) AS "precision",
    p.low AS precision_low,
    p.high AS precision_high,
    w.min_similarity,
    t.similarity AS proposed_min_similarity
   FROM (((clipsql.watch_list w
     CROSS JOIN LATERAL ( SELECT count(*) AS alerts,
            COALESCE(sum(a_1.repeats), (0)::bigint) AS repeats,
            max(a_1.raised_at) AS last_raised_at,
            count(a_1.verdict) AS judged,
            count(*) FILTER (WHERE a_1.verdict) AS right_ones
           FROM clipsql.alert a_1
          WHERE (a_1.watch_id = w.watch_id)) a)
     LEFT JOIN LATERAL ( SELECT GREATEST((0)::double precision, (((s.share + ((s.z / (2)::numeric))::double precision) - s.reach) / (((1)::numeric + s.z))::double precision)) AS low,
            LEAST((1)::double precision, (((s.share + ((s.z / (2)::numeric))::double precision) + s.reach) / (((1)::numeric + s.z))::double precision)) AS high
           FROM ( SELECT b.share,
                    b.z,
                    sqrt(((((b.z)::double precision * b.share) * ((1)::double precision - b.share)) + (((b.z ^ (2)::numeric) / (4)::numeric))::double precision)) AS reach
                   FROM ( SELECT ((a.right_ones)::double precision / (NULLIF(a.judged, 0))::double precision) AS share,
                            (3.8416 / (NULLIF(a.judged, 0))::numeric) AS z) b) s) p ON ((a.judged > 0)))
     LEFT JOIN LATERAL ( SELECT f.similarity
           FROM ( SELECT j.similarity,
                    sum((j.verdict)::integer) OVER (ORDER BY j.similarity DESC) AS right_ones,
                    count(*) OVER (ORDER BY j.similarity DESC) AS above
                   FROM clipsql.alert j
                  WHERE ((j.watch_id = w.watch_id) AND (j.verdict IS NOT NULL))) f
          ORDER BY ((f.right_ones)::double precision / (NULLIF((f.above + a.right_ones), 0))::double precision) DESC, f.similarity DESC
         LIMIT 1) t ON (((a.judged >= 10) AND (a.right_ones > 0))));


--
-- Name: VIEW watch_stats; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON VIEW clipsql.watch_stats IS 'What became of each watch: its alarms, how many were right, and the threshold that would part them best.';


--
-- Name: COLUMN watch_stats.watch_id; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_stats.watch_id IS 'The watch.';


--
-- Name: COLUMN watch_stats.name; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_stats.name IS 'What it is called.';


--
-- Name: COLUMN watch_stats.alerts; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_stats.alerts IS 'Alarms that it raised.';


--
-- Name: COLUMN watch_stats.repeats; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_stats.repeats IS 'Further pictures that fell into the same periods.';


--
-- Name: COLUMN watch_stats.last_raised_at; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_stats.last_raised_at IS 'When the last alarm was raised.';


--
-- Name: COLUMN watch_stats.judged; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_stats.judged IS 'Alarms that somebody has judged (clipsql.judge_alert).';


--
-- Name: COLUMN watch_stats."precision"; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_stats."precision" IS 'Share of the judged alarms that were right, 0 to 1; null before one is judged.';


--
-- Name: COLUMN watch_stats.precision_low; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_stats.precision_low IS 'The true share is not below, in 95 of 100 cases (Wilson''s interval).';


--
-- Name: COLUMN watch_stats.precision_high; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_stats.precision_high IS 'The true share is not above, in 95 of 100 cases (Wilson''s interval).';


--
-- Name: COLUMN watch_stats.min_similarity; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_stats.min_similarity IS 'The threshold as it is.';


--
-- Name: COLUMN watch_stats.proposed_min_similarity; Type: COMMENT; Schema: clipsql; Owner: -
--

COMMENT ON COLUMN clipsql.watch_stats.proposed_min_similarity IS 'The threshold that parts right from wrong alarms best, by F1; null before ten are judged and one was right.';


--
-- Name: api_key; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.api_key (
    digest bytea NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: TABLE api_key; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.api_key IS 'A key of "clipsql serve": who shows it asks as a role. Of the key itself only its SHA-256 is kept.';


--
-- Name: attachment_attachment_id_seq; Type: SEQUENCE; Schema: clipsql_private; Owner: -
--

ALTER TABLE clipsql_private.attachment ALTER COLUMN attachment_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME clipsql_private.attachment_attachment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: attachment_problem; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.attachment_problem (
    problem_id bigint NOT NULL,
    attachment_id integer NOT NULL,
    problem text NOT NULL,
    noted_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: TABLE attachment_problem; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.attachment_problem IS 'What went wrong with an attachment. No foreign key: whoever notes it waits for nobody.';


--
-- Name: attachment_problem_problem_id_seq; Type: SEQUENCE; Schema: clipsql_private; Owner: -
--

ALTER TABLE clipsql_private.attachment_problem ALTER COLUMN problem_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME clipsql_private.attachment_problem_problem_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: caption_embedding_1; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.caption_embedding_1 (
    caption_id bigint NOT NULL,
    model_id integer NOT NULL,
    embedding public.halfvec CONSTRAINT caption_embedding_embedding_not_null NOT NULL,
    CONSTRAINT caption_embedding_1_dimensions_check CHECK ((public.vector_dims(embedding) = 8))
);


--
-- Name: changed_row; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.changed_row (
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    is_fresh boolean DEFAULT false NOT NULL
);


--
-- Name: TABLE changed_row; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.changed_row IS 'A note of a writer that a row changed: what the tables of notes share, each with the key of its source.';


--
-- Name: code_basis_basis_id_seq; Type: SEQUENCE; Schema: clipsql_private; Owner: -
--

ALTER TABLE clipsql_private.code_basis ALTER COLUMN basis_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME clipsql_private.code_basis_basis_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: code_direction; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.code_direction (
    basis_id integer NOT NULL,
    number integer NOT NULL,
    direction public.halfvec NOT NULL
)
WITH (toast_tuple_target='8160');


--
-- Name: TABLE code_direction; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.code_direction IS 'One direction of a basis, of unit length, at right angles to the others; the first is the mean of the vectors.';


--
-- Name: delivery; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.delivery (
    webhook_id integer NOT NULL,
    alert_id bigint NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone DEFAULT now() NOT NULL,
    failure text,
    is_dead boolean DEFAULT false NOT NULL
);


--
-- Name: TABLE delivery; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.delivery IS 'An alarm that a webhook is still to be told of: written with the alarm, gone once it was taken.';


--
-- Name: encoded_with; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.encoded_with (
    model_id integer NOT NULL,
    dtype text NOT NULL
);


--
-- Name: TABLE encoded_with; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.encoded_with IS 'The number format that a model''s stored vectors were made in.';


--
-- Name: fingerprint; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.fingerprint (
    image_id bigint NOT NULL,
    pixels bytea NOT NULL,
    CONSTRAINT fingerprint_pixels_check CHECK ((octet_length(pixels) = 1964))
);


--
-- Name: TABLE fingerprint; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.fingerprint IS 'What a picture looks like in few pixels, enough to tell a copy from another photograph of the same thing.';


--
-- Name: fusion_row; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.fusion_row (
    fusion_id integer NOT NULL,
    layer integer NOT NULL,
    number integer NOT NULL,
    weights public.vector NOT NULL
);


--
-- Name: TABLE fusion_row; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.fusion_row IS 'One output of a layer of a learned fusion: its weights for all inputs, the last one the bias.';


--
-- Name: image_embedding_1; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.image_embedding_1 (
    image_id bigint NOT NULL,
    model_id integer NOT NULL,
    embedding public.halfvec CONSTRAINT image_embedding_embedding_not_null NOT NULL,
    CONSTRAINT image_embedding_1_dimensions_check CHECK ((public.vector_dims(embedding) = 8))
);


--
-- Name: link; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.link (
    image_id bigint,
    is_ours boolean NOT NULL,
    facts uuid NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    retry_at timestamp with time zone,
    problem text
);


--
-- Name: TABLE link; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.link IS 'The picture of a row: what all link tables share, and, read as a whole, all links there are.';


--
-- Name: COLUMN link.image_id; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON COLUMN clipsql_private.link.image_id IS 'The picture; null when the row says what no picture can be.';


--
-- Name: COLUMN link.is_ours; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON COLUMN clipsql_private.link.is_ours IS 'Whether the picture came by attached rows alone.';


--
-- Name: COLUMN link.facts; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON COLUMN clipsql_private.link.facts IS 'Digest of what the row said of its picture.';


--
-- Name: COLUMN link.changed_at; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON COLUMN clipsql_private.link.changed_at IS 'When that was read from the row.';


--
-- Name: COLUMN link.attempts; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON COLUMN clipsql_private.link.attempts IS 'How often the picture was tried again.';


--
-- Name: COLUMN link.retry_at; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON COLUMN clipsql_private.link.retry_at IS 'When a picture that failed is tried again; null for one that did not.';


--
-- Name: COLUMN link.problem; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON COLUMN clipsql_private.link.problem IS 'What went wrong last, if something did.';


--
-- Name: model_task; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.model_task (
    query_id integer NOT NULL,
    image_id bigint NOT NULL,
    leased_by text,
    leased_until timestamp with time zone,
    error text
);


--
-- Name: TABLE model_task; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.model_task IS 'A picture that a model is still to be asked about; with an `error` it was, and nothing came of it.';


--
-- Name: percentile_sample; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.percentile_sample (
    percentile_sample_id integer NOT NULL,
    model_id integer NOT NULL,
    collection text,
    pictures bigint NOT NULL,
    basis_id integer,
    sampled_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: TABLE percentile_sample; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.percentile_sample IS 'A collection under a model (null: all pictures under it) that is too large to be compared as a whole.';


--
-- Name: percentile_sample_code; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.percentile_sample_code (
    percentile_sample_id integer NOT NULL,
    image_id bigint NOT NULL,
    code public.halfvec NOT NULL
);


--
-- Name: TABLE percentile_sample_code; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.percentile_sample_code IS 'One picture of the sample by its code under the sample''s basis: all are read for the few that may be near.';


--
-- Name: percentile_sample_embedding; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.percentile_sample_embedding (
    percentile_sample_id integer NOT NULL,
    image_id bigint NOT NULL,
    embedding public.halfvec NOT NULL
)
WITH (toast_tuple_target='8160');


--
-- Name: TABLE percentile_sample_embedding; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.percentile_sample_embedding IS 'One picture of the sample, with a copy of its vector beside the others'': a search reads them all.';


--
-- Name: percentile_sample_percentile_sample_id_seq; Type: SEQUENCE; Schema: clipsql_private; Owner: -
--

ALTER TABLE clipsql_private.percentile_sample ALTER COLUMN percentile_sample_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME clipsql_private.percentile_sample_percentile_sample_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: queue; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.queue (
    queue_id bigint NOT NULL,
    image_id bigint NOT NULL,
    collection text NOT NULL,
    model_id integer,
    is_checked boolean DEFAULT false NOT NULL,
    is_fresh boolean DEFAULT false NOT NULL,
    file_to_read bytea,
    lost_workers integer DEFAULT 0 NOT NULL,
    leased_by text,
    leased_until timestamp with time zone
)
WITH (fillfactor='40');


--
-- Name: TABLE queue; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.queue IS 'A picture that waits to be embedded under a model, or under any; `is_checked` once its content was looked at.';


--
-- Name: queue_queue_id_seq; Type: SEQUENCE; Schema: clipsql_private; Owner: -
--

ALTER TABLE clipsql_private.queue ALTER COLUMN queue_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME clipsql_private.queue_queue_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: region_embedding_1; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.region_embedding_1 (
    region_id bigint NOT NULL,
    model_id integer NOT NULL,
    image_id bigint CONSTRAINT region_embedding_image_id_not_null NOT NULL,
    embedding public.halfvec CONSTRAINT region_embedding_embedding_not_null NOT NULL,
    CONSTRAINT region_embedding_1_dimensions_check CHECK ((public.vector_dims(embedding) = 8))
);


--
-- Name: repeat; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.repeat (
    watch_id bigint NOT NULL,
    image_id bigint NOT NULL,
    alert_id bigint NOT NULL
);


--
-- Name: TABLE repeat; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.repeat IS 'A picture that raised no alarm of its own, because its occasion had one.';


--
-- Name: revision; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.revision (
    version_num character varying(32) NOT NULL
);


--
-- Name: search_cost; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.search_cost (
    model_id integer NOT NULL,
    walk_us double precision NOT NULL,
    code_us double precision NOT NULL,
    lookup_us double precision NOT NULL,
    measured_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: TABLE search_cost; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.search_cost IS 'What each way to answer a search costs on this server, in microseconds a row.';


--
-- Name: search_row_1; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.search_row_1 (
    basis_id integer NOT NULL,
    image_id bigint NOT NULL,
    collection text CONSTRAINT search_row_collection_not_null NOT NULL,
    taken_at timestamp with time zone,
    longitude double precision,
    latitude double precision,
    left_out real CONSTRAINT search_row_left_out_not_null NOT NULL,
    code public.halfvec CONSTRAINT search_row_code_not_null NOT NULL
)
WITH (autovacuum_vacuum_insert_scale_factor='0.02', autovacuum_vacuum_scale_factor='0.02');
ALTER TABLE ONLY clipsql_private.search_row_1 ALTER COLUMN code SET STORAGE PLAIN;


--
-- Name: search_tuning_tuning_id_seq; Type: SEQUENCE; Schema: clipsql_private; Owner: -
--

ALTER TABLE clipsql_private.search_tuning ALTER COLUMN tuning_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME clipsql_private.search_tuning_tuning_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: shadow_shadow_id_seq; Type: SEQUENCE; Schema: clipsql_private; Owner: -
--

ALTER TABLE clipsql_private.shadow ALTER COLUMN shadow_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME clipsql_private.shadow_shadow_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: shard_shard_id_seq; Type: SEQUENCE; Schema: clipsql_private; Owner: -
--

ALTER TABLE clipsql_private.shard ALTER COLUMN shard_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME clipsql_private.shard_shard_id_seq
    START WITH 0
    INCREMENT BY 1
    MINVALUE 0
    NO MAXVALUE
    CACHE 1
);


--
-- Name: slot; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.slot (
    slot integer NOT NULL,
    shard_id integer NOT NULL,
    moved_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT slot_slot_check CHECK (((slot >= 0) AND (slot <= 1023)))
);


--
-- Name: TABLE slot; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.slot IS 'One of the 1,024 parts of all pictures, and the shard where it lies since `moved_at`.';


--
-- Name: text_added_token; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.text_added_token (
    model_id integer NOT NULL,
    token_id integer NOT NULL,
    body text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: TABLE text_added_token; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.text_added_token IS 'A token such as <|endoftext|>, cut out of a text before its words are split.';


--
-- Name: text_matrix; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.text_matrix (
    model_id integer NOT NULL,
    layer integer NOT NULL,
    part text NOT NULL COLLATE pg_catalog."C",
    scales public.vector NOT NULL,
    biases public.vector NOT NULL,
    start_outputs public.vector
);


--
-- Name: TABLE text_matrix; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.text_matrix IS 'What a matrix needs besides its rows: outputs are `rows * input * scales + biases`, all vectors.';


--
-- Name: text_merge; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.text_merge (
    model_id integer NOT NULL,
    left_id integer NOT NULL,
    right_id integer NOT NULL,
    rank integer NOT NULL,
    merged_id integer NOT NULL
);


--
-- Name: TABLE text_merge; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.text_merge IS 'Two neighbouring tokens that become one; lower ranks first.';


--
-- Name: text_neuron; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.text_neuron (
    model_id integer NOT NULL,
    layer integer NOT NULL,
    part text NOT NULL COLLATE pg_catalog."C",
    neuron integer NOT NULL,
    weights public.halfvec NOT NULL,
    bias double precision,
    start_output double precision
)
WITH (toast_tuple_target='8160');


--
-- Name: TABLE text_neuron; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.text_neuron IS 'One row of a matrix; `bias` and `start_output` where they are needed row by row, see `TextMatrix`.';


--
-- Name: text_position; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.text_position (
    model_id integer NOT NULL,
    "position" integer NOT NULL,
    embedding public.vector NOT NULL
)
WITH (toast_tuple_target='8160');


--
-- Name: TABLE text_position; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.text_position IS 'What is added to the token at a position; the start token is at 1.';


--
-- Name: text_token; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.text_token (
    model_id integer NOT NULL,
    token_id integer NOT NULL,
    embedding public.halfvec NOT NULL
)
WITH (toast_tuple_target='8160');


--
-- Name: TABLE text_token; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.text_token IS 'The input vector of a token.';


--
-- Name: text_word; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.text_word (
    model_id integer NOT NULL,
    token_id integer NOT NULL,
    word text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: TABLE text_word; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.text_word IS 'A piece of text that is one token as it stands, or a piece of a word behind ##.';


--
-- Name: verdict; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.verdict (
    query_digest bytea NOT NULL,
    image_id bigint NOT NULL,
    is_right boolean NOT NULL,
    judged_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: TABLE verdict; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.verdict IS 'Whether a picture is what a query looks for, as somebody said who looked at it; matches are counted by these.';


--
-- Name: webhook; Type: TABLE; Schema: clipsql_private; Owner: -
--

CREATE TABLE clipsql_private.webhook (
    webhook_id integer NOT NULL,
    owner text NOT NULL,
    address text NOT NULL
);


--
-- Name: TABLE webhook; Type: COMMENT; Schema: clipsql_private; Owner: -
--

COMMENT ON TABLE clipsql_private.webhook IS 'An address to which a role has alarms posted.';


--
-- Name: webhook_webhook_id_seq; Type: SEQUENCE; Schema: clipsql_private; Owner: -
--

ALTER TABLE clipsql_private.webhook ALTER COLUMN webhook_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME clipsql_private.webhook_webhook_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: held; Type: VIEW; Schema: report; Owner: -
--

CREATE VIEW report.held AS
 SELECT collection,
    images,
    embedded,
    captions
   FROM clipsql.collection_stats;


--
-- Name: red; Type: VIEW; Schema: report; Owner: -
--

CREATE VIEW report.red AS
 SELECT image_id,
    url
   FROM clipsql.search_text('a red dog'::text, max_results => 5) search_text(rank, image_id, similarity, percentile, percentile_error, url, caption, taken_at, longitude, latitude, metadata);


--
-- Name: both; Type: VIEW; Schema: report; Owner: -
--

CREATE VIEW report."both" AS
 SELECT h.images,
    r.url
   FROM ((report.held h
     JOIN clipsql.image i USING (collection))
     JOIN report.red r ON ((r.image_id = i.image_id)));


--
-- Name: cameras; Type: MATERIALIZED VIEW; Schema: report; Owner: -
--

CREATE MATERIALIZED VIEW report.cameras AS
 SELECT (metadata ->> 'camera'::text) AS camera,
    count(*) AS images
   FROM clipsql.image
  GROUP BY (metadata ->> 'camera'::text)
  WITH NO DATA;


--
-- Name: caption_embedding_1; Type: TABLE ATTACH; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql.caption_embedding ATTACH PARTITION clipsql_private.caption_embedding_1 FOR VALUES IN (1);


--
-- Name: image_embedding_1; Type: TABLE ATTACH; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql.image_embedding ATTACH PARTITION clipsql_private.image_embedding_1 FOR VALUES IN (1);


--
-- Name: region_embedding_1; Type: TABLE ATTACH; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql.region_embedding ATTACH PARTITION clipsql_private.region_embedding_1 FOR VALUES IN (1);


--
-- Name: search_row_1; Type: TABLE ATTACH; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.search_row ATTACH PARTITION clipsql_private.search_row_1 FOR VALUES IN (1);


--
-- Data for Name: alert; Type: TABLE DATA; Schema: clipsql; Owner: -
--

COPY clipsql.alert (alert_id, watch_id, image_id, similarity, percentile, raised_at, repeats, verdict, occasion) FROM stdin;
\.


--
-- Data for Name: caption; Type: TABLE DATA; Schema: clipsql; Owner: -
--

COPY clipsql.caption (caption_id, image_id, body, language, source) FROM stdin;
1	1	A bridge truck bridge.	en	\N
2	1	A bridge rain red.	en	\N
3	4	A dog dogs red.	en	\N
4	6	一桥红色卡车	zh	\N
5	6	A dog bridge dog.	en	\N
6	7	A red dogs dog.	en	\N
7	7	一雪地狗雪地	zh	\N
8	8	一雨桥桥	zh	\N
9	8	A trucks bridge dog.	en	\N
10	9	A bridge truck snow.	en	\N
11	9	A red trucks trucks.	en	\N
12	10	A snow snow dogs.	en	\N
13	10	A dog dog red.	en	\N
14	11	A rain bridge trucks.	en	\N
15	12	A dogs dog truck.	en	\N
16	12	A rain truck snow.	en	\N
17	17	一卡车红色红色	zh	\N
18	17	A rain bridge dog.	en	\N
19	19	一红色卡车红色	zh	\N
20	19	A snow truck red.	en	\N
21	23	A red dog red.	en	\N
22	24	一雨卡车卡车	zh	\N
23	25	A rain snow bridge.	en	\N
24	26	A rain dog bridge.	en	\N
25	26	一雨桥红色	zh	\N
26	27	A dog trucks dog.	en	\N
27	27	A truck dog rain.	en	\N
28	28	A snow dog trucks.	en	\N
29	32	A snow bridge trucks.	en	\N
30	32	A trucks rain trucks.	en	\N
31	33	A rain bridge rain.	en	\N
32	33	一雨红色卡车	zh	\N
33	35	A red rain bridge.	en	\N
34	36	A dogs rain truck.	en	\N
35	36	A dog dog bridge.	en	\N
36	37	A snow dogs dog.	en	\N
37	41	A dog dogs red.	en	\N
38	41	A truck snow dogs.	en	\N
39	42	A snow dog rain.	en	\N
40	42	一雪地雪地桥	zh	\N
41	43	A dogs trucks bridge.	en	\N
42	44	A bridge dog truck.	en	\N
43	44	A dogs trucks red.	en	\N
44	45	A bridge dogs snow.	en	\N
45	45	一雨狗红色	zh	\N
46	47	A rain red trucks.	en	\N
47	49	A bridge snow truck.	en	\N
48	49	A dogs rain rain.	en	\N
49	51	A bridge red truck.	en	\N
50	51	一卡车卡车雨	zh	\N
51	54	一卡车卡车狗	zh	\N
52	54	A dogs dogs bridge.	en	\N
53	58	A rain dogs dog.	en	\N
54	59	A trucks snow snow.	en	\N
55	60	一雪地雪地桥	zh	\N
56	61	一桥红色卡车	zh	\N
57	62	A dogs trucks red.	en	\N
58	62	一卡车雪地雪地	zh	\N
59	63	A truck bridge snow.	en	\N
60	64	一卡车雨卡车	zh	\N
61	64	A rain truck dogs.	en	\N
62	65	A dogs bridge rain.	en	\N
63	65	一红色狗红色	zh	\N
64	68	A red dog trucks.	en	\N
65	68	A red snow red.	en	\N
66	70	A trucks dogs truck.	en	\N
67	72	A snow truck dog.	en	\N
68	72	A dogs rain bridge.	en	\N
69	73	A dog red snow.	en	\N
70	74	A truck dog dogs.	en	\N
71	75	一红色雪地狗	zh	\N
72	77	A snow truck dogs.	en	\N
73	77	A dogs red red.	en	\N
74	78	A truck trucks red.	en	\N
75	79	A dogs rain truck.	en	\N
76	80	一桥桥雨	zh	\N
77	82	A dogs red dogs.	en	\N
78	83	A trucks truck rain.	en	\N
79	84	A trucks rain bridge.	en	\N
80	85	A snow bridge truck.	en	\N
81	89	一狗狗红色	zh	\N
82	90	A dogs snow snow.	en	\N
83	90	A red snow trucks.	en	\N
84	91	A trucks rain snow.	en	\N
85	91	A truck red dogs.	en	\N
86	92	A rain dogs dog.	en	\N
87	93	A rain truck truck.	en	\N
88	93	一狗桥雪地	zh	\N
89	94	A dog red rain.	en	\N
90	94	A truck snow dog.	en	\N
91	95	A truck truck trucks.	en	\N
92	95	A trucks dog snow.	en	\N
93	96	A red truck trucks.	en	\N
94	96	A rain dogs truck.	en	\N
95	97	一狗桥雨	zh	\N
96	98	A truck rain truck.	en	\N
97	98	A trucks red red.	en	\N
98	100	A bridge trucks dogs.	en	\N
99	104	A bridge dog bridge.	en	\N
100	104	A snow red dogs.	en	\N
101	107	A snow snow red.	en	\N
102	108	A snow dog red.	en	\N
103	108	A red snow red.	en	\N
104	110	A red dogs rain.	en	\N
105	110	一红色雪地狗	zh	\N
106	111	A trucks bridge dog.	en	\N
107	114	一雨桥雨	zh	\N
108	115	一红色狗雨	zh	\N
109	115	A rain trucks red.	en	\N
110	116	A bridge trucks truck.	en	\N
111	116	一狗狗红色	zh	\N
112	117	一雨狗卡车	zh	\N
113	117	A trucks dog rain.	en	\N
114	119	一雪地雨红色	zh	\N
115	119	A truck snow snow.	en	\N
116	120	一雨桥卡车	zh	\N
\.


--
-- Data for Name: fusion; Type: TABLE DATA; Schema: clipsql; Owner: -
--

COPY clipsql.fusion (fusion_id, model_id, name, kind, picture_weight, text_weight, examples, average_rank, weighted_sum_rank, fusion_rank, gain_low, gain_high, is_better, fitted_at) FROM stdin;
\.


--
-- Data for Name: image; Type: TABLE DATA; Schema: clipsql; Owner: -
--

COPY clipsql.image (image_id, collection, url, file, sha256, width, height, format, taken_at, longitude, latitude, metadata, status, failure, error, added_at) FROM stdin;
1	streets	file:///0.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-06-28 03:58:00+00	179.9248116971121	-89.77322129497037	{"at": {"lane": 0, "number": 0}, "tags": ["wet"], "night": false, "camera": "K7"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
2	streets	file:///1.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-12-16 00:38:00+00	\N	\N	{"at": {"lane": 2, "number": 1}, "tags": ["odd"], "night": false, "camera": "K1"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
3	streets	file:///2.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-10-25 07:09:00+00	13.352816655350711	52.46726548840767	{"at": {"lane": 0, "number": 2}, "tags": ["odd", "wet"], "night": false, "camera": "K5"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
4	streets	file:///4.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-03-18 10:00:00+00	\N	\N	{"at": {"lane": 2, "number": 4}, "tags": ["odd", "wet"], "night": false, "camera": "K11"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
5	streets	file:///5.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	\N	1.3800824917503292	89.06449328118477	{"at": {"lane": 1, "number": 5}, "tags": ["wet"], "night": true, "camera": "K2"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
6	streets	file:///7.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-08-22 21:35:00+00	-126.98723450165983	-78.07409944464183	{"at": {"lane": 2, "number": 7}, "tags": ["odd", "wet"], "night": true, "camera": "K10"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
7	streets	file:///8.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-03-17 02:04:00+00	176.14599512141365	-29.94546933294864	{"at": {"lane": 2, "number": 8}, "tags": ["busy", "odd"], "night": false, "camera": "K5"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
8	streets	file:///10.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-03-30 20:56:00+00	38.78304208478218	85.72024196287703	{"at": {"lane": 0, "number": 10}, "tags": ["wet"], "night": true, "camera": "K5"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
9	streets	file:///11.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-12-11 12:29:00+00	\N	\N	{"at": {"lane": 2, "number": 11}, "tags": ["busy", "wet"], "night": false, "camera": "K9"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
10	streets	file:///12.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-11-28 21:51:00+00	13.394445072716083	52.468450290798074	{"at": {"lane": 2, "number": 12}, "tags": ["busy", "odd"], "night": true, "camera": "K11"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
11	streets	file:///13.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-01-08 09:30:00+00	13.410691182117164	52.53652957135777	{"at": {"lane": 2, "number": 13}, "tags": ["busy"], "night": true, "camera": "K8"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
12	streets	file:///14.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-09-01 09:32:00+00	6.667578291296877	89.97344797623876	{"at": {"lane": 2, "number": 14}, "tags": ["odd", "wet"], "night": false, "camera": "K11"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
13	streets	file:///15.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-01-17 22:38:00+00	132.3916808007615	-89.89280297696145	{"at": {"lane": 1, "number": 15}, "tags": ["busy", "wet"], "night": false, "camera": "K5"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
14	streets	file:///16.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-04-25 08:58:00+00	-121.35769175241359	89.12662086485297	{"at": {"lane": 1, "number": 16}, "tags": ["busy", "wet"], "night": false, "camera": "K9"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
15	streets	file:///18.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-04-28 01:03:00+00	89.9229411959908	-89.2189291850842	{"at": {"lane": 0, "number": 18}, "tags": ["wet"], "night": false, "camera": "K11"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
16	streets	file:///21.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-01-06 03:38:00+00	\N	\N	{"at": {"lane": 2, "number": 21}, "tags": ["busy", "odd"], "night": true, "camera": "K8"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
17	streets	file:///24.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-05-17 08:12:00+00	129.11674354881575	67.44301183523422	{"at": {"lane": 1, "number": 24}, "tags": ["busy", "odd"], "night": false, "camera": "K2"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
18	streets	file:///25.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-10-15 03:59:00+00	-121.38420751008616	42.20529246823452	{"at": {"lane": 0, "number": 25}, "tags": ["busy"], "night": false, "camera": "K9"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
19	streets	file:///26.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-03-29 22:03:00+00	153.81676754300355	39.65137458776394	{"at": {"lane": 1, "number": 26}, "tags": ["busy", "wet"], "night": false, "camera": "K2"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
20	streets	file:///28.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-01-30 09:35:00+00	13.402605384355702	52.47028584384579	{"at": {"lane": 0, "number": 28}, "tags": ["odd", "wet"], "night": true, "camera": "K7"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
21	streets	file:///30.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-02-04 22:10:00+00	13.394269086090729	52.547836375889744	{"at": {"lane": 2, "number": 30}, "tags": ["busy", "wet"], "night": true, "camera": "K10"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
22	streets	file:///33.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-12-21 05:53:00+00	-106.43023356830278	89.05189771052638	{"at": {"lane": 1, "number": 33}, "tags": ["busy", "wet"], "night": true, "camera": "K0"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
23	streets	file:///34.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-03-08 09:20:00+00	-154.05361876385018	28.48077031566278	{"at": {"lane": 2, "number": 34}, "tags": ["odd", "wet"], "night": false, "camera": "K1"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
24	streets	file:///35.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-02-10 22:01:00+00	-127.08052680159274	89.19789040645432	{"at": {"lane": 0, "number": 35}, "tags": ["busy"], "night": true, "camera": "K2"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
25	streets	file:///36.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	\N	-167.90509340751865	-33.374439423636694	{"at": {"lane": 0, "number": 36}, "tags": ["wet"], "night": true, "camera": "K11"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
26	streets	file:///41.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-07-27 09:36:00+00	97.61602425948644	89.88143904443014	{"at": {"lane": 1, "number": 41}, "tags": ["busy"], "night": true, "camera": "K2"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
27	streets	file:///43.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	\N	\N	\N	{"at": {"lane": 0, "number": 43}, "tags": ["busy", "wet"], "night": true, "camera": "K0"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
28	streets	file:///44.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-03-02 15:19:00+00	14.193369570039692	-12.147807263558775	{"at": {"lane": 1, "number": 44}, "tags": ["busy", "wet"], "night": true, "camera": "K3"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
29	streets	file:///46.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-06-06 20:08:00+00	179.39840156609083	-11.0074119973747	{"at": {"lane": 2, "number": 46}, "tags": ["busy", "odd"], "night": false, "camera": "K0"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
30	streets	file:///47.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-07-21 05:15:00+00	13.373531973155242	52.54478254238458	{"at": {"lane": 1, "number": 47}, "tags": ["odd", "wet"], "night": true, "camera": "K8"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
31	streets	file:///49.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-11-23 05:20:00+00	67.54826763200347	-89.99281242106387	{"at": {"lane": 2, "number": 49}, "tags": ["wet"], "night": true, "camera": "K11"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
32	streets	file:///50.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-12-05 05:02:00+00	13.917121789951779	-89.85622678138506	{"at": {"lane": 0, "number": 50}, "tags": ["odd"], "night": false, "camera": "K5"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
33	streets	file:///52.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	\N	-161.1205459908867	89.5875571698107	{"at": {"lane": 0, "number": 52}, "tags": ["odd"], "night": false, "camera": "K5"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
34	streets	file:///54.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-09-25 20:40:00+00	-179.94641388729843	-12.108845615362078	{"at": {"lane": 2, "number": 54}, "tags": ["busy"], "night": true, "camera": "K0"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
35	streets	file:///55.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-02-25 21:26:00+00	88.96702352659554	61.672818069898426	{"at": {"lane": 0, "number": 55}, "tags": ["odd"], "night": true, "camera": "K2"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
36	streets	file:///56.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-06-03 09:29:00+00	179.48786620229689	-10.83452524303996	{"at": {"lane": 2, "number": 56}, "tags": ["odd", "wet"], "night": false, "camera": "K9"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
37	streets	file:///57.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-12-22 21:04:00+00	13.363716226291846	52.51219758602263	{"at": {"lane": 0, "number": 57}, "tags": ["odd", "wet"], "night": true, "camera": "K2"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
38	streets	file:///60.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-04-19 14:18:00+00	-60.914479115742694	89.46441670422091	{"at": {"lane": 2, "number": 60}, "tags": ["busy", "wet"], "night": false, "camera": "K9"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
39	streets	file:///61.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-12-06 03:33:00+00	-179.91680546478113	-19.42624189936694	{"at": {"lane": 2, "number": 61}, "tags": ["odd", "wet"], "night": true, "camera": "K7"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
40	streets	file:///62.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-01-10 03:31:00+00	\N	\N	{"at": {"lane": 0, "number": 62}, "tags": ["wet"], "night": false, "camera": "K5"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
41	streets	file:///64.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-06-12 09:08:00+00	\N	\N	{"at": {"lane": 2, "number": 64}, "tags": ["odd", "wet"], "night": true, "camera": "K10"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
42	streets	file:///68.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-08-04 12:33:00+00	-101.98945961161694	-31.419539346157514	{"at": {"lane": 2, "number": 68}, "tags": ["busy", "wet"], "night": true, "camera": "K0"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
43	streets	file:///69.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-04-14 17:51:00+00	13.47210120312344	52.42456834006018	{"at": {"lane": 1, "number": 69}, "tags": ["busy", "wet"], "night": false, "camera": "K9"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
44	streets	file:///70.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	\N	\N	\N	{"at": {"lane": 2, "number": 70}, "tags": ["busy"], "night": false, "camera": "K3"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
45	streets	file:///74.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-02-24 17:18:00+00	13.350180875823394	52.58656379731455	{"at": {"lane": 1, "number": 74}, "tags": ["busy", "odd"], "night": false, "camera": "K5"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
46	streets	file:///77.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-01-30 23:39:00+00	\N	\N	{"at": {"lane": 2, "number": 77}, "tags": ["odd", "wet"], "night": true, "camera": "K5"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
47	streets	file:///78.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-06-30 11:44:00+00	13.410055337917221	52.45110116610441	{"at": {"lane": 1, "number": 78}, "tags": ["odd", "wet"], "night": false, "camera": "K8"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
48	streets	file:///79.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-02-17 15:03:00+00	-130.15962041923385	59.43855449686987	{"at": {"lane": 1, "number": 79}, "tags": ["odd"], "night": false, "camera": "K8"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
49	streets	file:///81.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-06-27 09:11:00+00	179.29811652814973	-17.81307869479599	{"at": {"lane": 0, "number": 81}, "tags": ["odd"], "night": true, "camera": "K11"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
50	streets	file:///82.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-07-30 16:04:00+00	-179.65861198824496	-0.279973721296475	{"at": {"lane": 2, "number": 82}, "tags": ["busy", "wet"], "night": false, "camera": "K8"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
51	streets	file:///86.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-11-14 19:07:00+00	\N	\N	{"at": {"lane": 2, "number": 86}, "tags": ["odd"], "night": true, "camera": "K1"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
52	streets	file:///87.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-10-05 18:13:00+00	-179.58301218898325	0.3476126968186293	{"at": {"lane": 2, "number": 87}, "tags": ["busy", "wet"], "night": true, "camera": "K8"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
53	streets	file:///88.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-04-07 08:44:00+00	165.9854648438651	-76.05754431936286	{"at": {"lane": 1, "number": 88}, "tags": ["odd", "wet"], "night": false, "camera": "K1"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
54	streets	file:///89.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-11-24 19:49:00+00	13.476221758889402	52.44829070435929	{"at": {"lane": 0, "number": 89}, "tags": ["busy", "odd"], "night": true, "camera": "K8"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
55	streets	file:///90.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-06-07 13:30:00+00	179.7130892937388	3.298899098358593	{"at": {"lane": 0, "number": 90}, "tags": ["busy", "wet"], "night": false, "camera": "K9"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
56	streets	file:///91.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-01-04 13:51:00+00	13.386441052378938	52.5551669020258	{"at": {"lane": 0, "number": 91}, "tags": ["busy", "wet"], "night": false, "camera": "K1"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
57	streets	file:///92.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-09-13 08:16:00+00	-73.26772464102103	89.15553393052241	{"at": {"lane": 1, "number": 92}, "tags": ["busy", "odd"], "night": false, "camera": "K11"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
58	streets	file:///93.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-05-22 02:16:00+00	-179.28788309113938	16.46474959619737	{"at": {"lane": 0, "number": 93}, "tags": ["wet"], "night": false, "camera": "K2"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
59	streets	file:///94.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-07-08 21:55:00+00	-179.73792930152305	-0.006335525294218769	{"at": {"lane": 0, "number": 94}, "tags": ["busy"], "night": false, "camera": "K3"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
60	streets	file:///95.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	\N	179.50507498153956	0.3169064382293669	{"at": {"lane": 0, "number": 95}, "tags": ["odd"], "night": false, "camera": "K9"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
61	streets	file:///98.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-03-23 11:56:00+00	13.445926788052976	52.444918004851594	{"at": {"lane": 0, "number": 98}, "tags": ["busy", "odd"], "night": false, "camera": "K10"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
62	streets	file:///99.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-07-21 01:30:00+00	42.58113476944595	-89.46796768755738	{"at": {"lane": 2, "number": 99}, "tags": ["wet"], "night": true, "camera": "K2"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
63	streets	file:///100.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-06-01 20:29:00+00	32.504164508382075	89.74450748639329	{"at": {"lane": 1, "number": 100}, "tags": ["wet"], "night": true, "camera": "K11"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
64	streets	file:///103.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	\N	\N	\N	{"at": {"lane": 1, "number": 103}, "tags": ["odd", "wet"], "night": true, "camera": "K2"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
65	streets	file:///107.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-03-08 02:19:00+00	\N	\N	{"at": {"lane": 1, "number": 107}, "tags": ["odd", "wet"], "night": false, "camera": "K10"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
66	streets	file:///108.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	\N	-159.86959891009613	89.20508218059751	{"at": {"lane": 1, "number": 108}, "tags": ["busy", "wet"], "night": false, "camera": "K11"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
67	streets	file:///111.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-07-17 15:00:00+00	115.44093202725003	-89.18069040990983	{"at": {"lane": 0, "number": 111}, "tags": ["odd"], "night": true, "camera": "K1"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
68	streets	file:///112.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-02-02 12:57:00+00	172.3544513640128	89.40870071962524	{"at": {"lane": 2, "number": 112}, "tags": ["busy", "wet"], "night": true, "camera": "K4"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
69	streets	file:///113.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-05-08 04:49:00+00	13.332574837668586	52.54758159230054	{"at": {"lane": 0, "number": 113}, "tags": ["odd", "wet"], "night": true, "camera": "K0"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
70	streets	file:///114.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	\N	-137.7949653799522	89.72323680416731	{"at": {"lane": 0, "number": 114}, "tags": ["busy"], "night": false, "camera": "K8"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
71	streets	file:///116.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-06-06 04:17:00+00	\N	\N	{"at": {"lane": 2, "number": 116}, "tags": ["odd"], "night": true, "camera": "K10"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
72	streets	file:///117.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-11-08 12:05:00+00	-143.58911871854067	-34.30911833358036	{"at": {"lane": 1, "number": 117}, "tags": ["odd"], "night": true, "camera": "K3"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
73	streets	file:///118.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-07-04 08:49:00+00	\N	\N	{"at": {"lane": 2, "number": 118}, "tags": ["busy"], "night": true, "camera": "K1"}	embedded	\N	\N	2026-11-29 17:42:19.424172+00
74	holidays	file:///3.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-11-19 17:54:00+00	13.388270245285204	52.48396928170836	{"at": {"lane": 0, "number": 3}, "tags": ["busy", "odd"], "night": true, "camera": "K7"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
75	holidays	file:///6.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-07-09 14:54:00+00	13.43493362546177	52.55855571371067	{"at": {"lane": 2, "number": 6}, "tags": ["busy", "odd"], "night": false, "camera": "K11"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
76	holidays	file:///9.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-07-30 20:17:00+00	13.44887181918924	52.50656530514498	{"at": {"lane": 2, "number": 9}, "tags": ["odd", "wet"], "night": true, "camera": "K1"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
77	holidays	file:///19.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-07-27 23:31:00+00	-179.250706904554	9.18080502697308	{"at": {"lane": 1, "number": 19}, "tags": ["odd", "wet"], "night": false, "camera": "K10"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
78	holidays	file:///23.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	\N	179.7873404762904	-8.412185009154335	{"at": {"lane": 1, "number": 23}, "tags": ["busy", "wet"], "night": true, "camera": "K6"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
79	holidays	file:///27.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-05-22 07:15:00+00	13.41250586482331	52.55313315901972	{"at": {"lane": 2, "number": 27}, "tags": ["odd", "wet"], "night": false, "camera": "K4"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
80	holidays	file:///29.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-06-09 06:07:00+00	\N	\N	{"at": {"lane": 1, "number": 29}, "tags": ["busy", "odd"], "night": false, "camera": "K1"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
81	holidays	file:///31.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-06-04 19:58:00+00	\N	\N	{"at": {"lane": 2, "number": 31}, "tags": ["odd"], "night": false, "camera": "K11"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
82	holidays	file:///37.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	\N	\N	\N	{"at": {"lane": 2, "number": 37}, "tags": ["busy", "odd"], "night": true, "camera": "K7"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
83	holidays	file:///38.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-07-31 19:30:00+00	\N	\N	{"at": {"lane": 2, "number": 38}, "tags": ["busy", "wet"], "night": true, "camera": "K7"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
84	holidays	file:///40.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-10-14 07:53:00+00	13.327233097664466	52.54894617906016	{"at": {"lane": 0, "number": 40}, "tags": ["busy", "wet"], "night": true, "camera": "K6"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
85	holidays	file:///45.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-11-28 09:16:00+00	13.434401225496236	52.44179148352872	{"at": {"lane": 1, "number": 45}, "tags": ["odd", "wet"], "night": true, "camera": "K8"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
86	holidays	file:///48.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-12-07 11:37:00+00	-179.71798643152314	18.383565669065376	{"at": {"lane": 1, "number": 48}, "tags": ["busy"], "night": false, "camera": "K6"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
87	holidays	file:///51.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-04-15 02:32:00+00	-119.09087568912179	-89.02472687142306	{"at": {"lane": 0, "number": 51}, "tags": ["busy", "wet"], "night": false, "camera": "K6"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
88	holidays	file:///53.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-06-09 01:50:00+00	115.27073252666986	-89.11457121964291	{"at": {"lane": 2, "number": 53}, "tags": ["odd", "wet"], "night": false, "camera": "K5"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
89	holidays	file:///59.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-05-17 12:45:00+00	53.45221957703873	-11.640149380833265	{"at": {"lane": 1, "number": 59}, "tags": ["wet"], "night": true, "camera": "K5"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
90	holidays	file:///65.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-11-27 07:39:00+00	\N	\N	{"at": {"lane": 2, "number": 65}, "tags": ["busy", "wet"], "night": false, "camera": "K11"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
91	holidays	file:///66.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-08-11 10:51:00+00	115.81317426449198	57.99884476937103	{"at": {"lane": 1, "number": 66}, "tags": ["odd", "wet"], "night": false, "camera": "K6"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
92	holidays	file:///71.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-02-23 18:00:00+00	-179.1782486852615	-0.6661231910543073	{"at": {"lane": 1, "number": 71}, "tags": ["busy", "wet"], "night": true, "camera": "K9"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
93	holidays	file:///73.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-12-19 04:44:00+00	90.86319722280331	61.91860920521924	{"at": {"lane": 2, "number": 73}, "tags": ["odd", "wet"], "night": true, "camera": "K3"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
94	holidays	file:///75.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	\N	-179.34201192142154	6.838365951988997	{"at": {"lane": 2, "number": 75}, "tags": ["busy", "odd"], "night": true, "camera": "K9"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
95	holidays	file:///76.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-05-24 22:58:00+00	-179.70641660149073	9.109337632631625	{"at": {"lane": 2, "number": 76}, "tags": ["busy", "wet"], "night": true, "camera": "K10"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
96	holidays	file:///80.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-06-16 04:09:00+00	-159.00731060101566	12.34679467987317	{"at": {"lane": 2, "number": 80}, "tags": ["busy", "odd"], "night": false, "camera": "K6"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
97	holidays	file:///83.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-10-15 06:06:00+00	-80.39275949289913	89.34713781896515	{"at": {"lane": 1, "number": 83}, "tags": ["busy"], "night": false, "camera": "K9"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
98	holidays	file:///84.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-09-14 03:57:00+00	13.43926374681454	52.52055329015244	{"at": {"lane": 0, "number": 84}, "tags": ["busy", "odd"], "night": true, "camera": "K9"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
99	holidays	file:///85.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-09-04 11:28:00+00	179.11278645013385	12.812271820511008	{"at": {"lane": 0, "number": 85}, "tags": ["busy", "wet"], "night": false, "camera": "K0"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
100	holidays	file:///96.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	\N	-179.5878288013798	-11.331538687031259	{"at": {"lane": 2, "number": 96}, "tags": ["busy", "wet"], "night": true, "camera": "K2"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
101	holidays	file:///97.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-05-11 13:39:00+00	20.456798336558734	89.78761598323617	{"at": {"lane": 2, "number": 97}, "tags": ["wet"], "night": true, "camera": "K4"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
102	holidays	file:///101.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-07-22 09:32:00+00	\N	\N	{"at": {"lane": 2, "number": 101}, "tags": ["wet"], "night": false, "camera": "K9"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
103	holidays	file:///102.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-12-26 12:50:00+00	150.8548782947551	-86.28356613702825	{"at": {"lane": 2, "number": 102}, "tags": ["busy", "odd"], "night": true, "camera": "K5"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
104	holidays	file:///104.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-06-30 21:36:00+00	-179.24863972829084	17.69963529529685	{"at": {"lane": 2, "number": 104}, "tags": ["busy", "odd"], "night": true, "camera": "K1"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
105	holidays	file:///105.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-06-03 17:05:00+00	179.904924848857	-4.842389723682047	{"at": {"lane": 2, "number": 105}, "tags": ["odd", "wet"], "night": false, "camera": "K1"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
106	holidays	file:///106.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	\N	179.88697201357752	-9.50337591553598	{"at": {"lane": 1, "number": 106}, "tags": ["wet"], "night": false, "camera": "K6"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
107	holidays	file:///109.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-07-01 00:19:00+00	29.79270645527646	-89.7623796543156	{"at": {"lane": 1, "number": 109}, "tags": ["busy", "odd"], "night": false, "camera": "K9"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
108	holidays	file:///115.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-01-15 16:33:00+00	-63.28424418953104	-89.4333390553819	{"at": {"lane": 2, "number": 115}, "tags": ["busy", "odd"], "night": true, "camera": "K0"}	embedded	\N	\N	2026-11-29 17:42:19.446437+00
109	中文	file:///17.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-04-06 13:20:00+00	\N	\N	{"at": {"lane": 0, "number": 17}, "tags": ["busy"], "night": false, "camera": "K4"}	embedded	\N	\N	2026-11-29 17:42:19.469059+00
110	中文	file:///20.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-12-11 14:39:00+00	\N	\N	{"at": {"lane": 0, "number": 20}, "tags": ["odd", "wet"], "night": false, "camera": "K11"}	embedded	\N	\N	2026-11-29 17:42:19.469059+00
111	中文	file:///22.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-08-24 19:26:00+00	-1.8085767939738275	-32.17464872973022	{"at": {"lane": 1, "number": 22}, "tags": ["busy", "odd"], "night": false, "camera": "K9"}	embedded	\N	\N	2026-11-29 17:42:19.469059+00
112	中文	file:///32.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-08-08 14:55:00+00	79.21982679285304	89.93288514926199	{"at": {"lane": 1, "number": 32}, "tags": ["busy", "wet"], "night": true, "camera": "K7"}	embedded	\N	\N	2026-11-29 17:42:19.469059+00
113	中文	file:///39.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-11-11 13:14:00+00	20.94110363599961	-89.89648093061393	{"at": {"lane": 1, "number": 39}, "tags": ["busy", "wet"], "night": false, "camera": "K11"}	embedded	\N	\N	2026-11-29 17:42:19.469059+00
114	中文	file:///42.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	\N	179.74451585373126	-18.06452835913827	{"at": {"lane": 0, "number": 42}, "tags": ["busy"], "night": true, "camera": "K3"}	embedded	\N	\N	2026-11-29 17:42:19.469059+00
115	中文	file:///58.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-08-28 02:06:00+00	-21.119690050127076	-89.28755136961631	{"at": {"lane": 2, "number": 58}, "tags": ["busy", "wet"], "night": true, "camera": "K3"}	embedded	\N	\N	2026-11-29 17:42:19.469059+00
116	中文	file:///63.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-10-27 06:47:00+00	13.323575062706318	52.583047359244716	{"at": {"lane": 1, "number": 63}, "tags": ["busy", "odd"], "night": false, "camera": "K1"}	embedded	\N	\N	2026-11-29 17:42:19.469059+00
117	中文	file:///67.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-06-18 00:19:00+00	13.493033809624475	52.5337674376285	{"at": {"lane": 2, "number": 67}, "tags": ["busy", "odd"], "night": false, "camera": "K5"}	embedded	\N	\N	2026-11-29 17:42:19.469059+00
118	中文	file:///72.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	\N	\N	\N	{"at": {"lane": 2, "number": 72}, "tags": ["busy", "wet"], "night": false, "camera": "K4"}	embedded	\N	\N	2026-11-29 17:42:19.469059+00
119	中文	file:///110.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-03-16 19:18:00+00	13.458001828697496	52.512479642313295	{"at": {"lane": 0, "number": 110}, "tags": ["odd", "wet"], "night": true, "camera": "K6"}	embedded	\N	\N	2026-11-29 17:42:19.469059+00
120	中文	file:///119.jpg	\N	\\x0000000000000000000000000000000000000000000000000000000000000000	\N	\N	\N	2025-02-08 19:29:00+00	96.23931785002242	-44.14377210598159	{"at": {"lane": 1, "number": 119}, "tags": ["odd", "wet"], "night": false, "camera": "K1"}	embedded	\N	\N	2026-11-29 17:42:19.469059+00
\.


--
-- Data for Name: image_region; Type: TABLE DATA; Schema: clipsql; Owner: -
--

COPY clipsql.image_region (region_id, image_id, box, label, score, is_tile, error) FROM stdin;
\.


--
-- Data for Name: model; Type: TABLE DATA; Schema: clipsql; Owner: -
--

COPY clipsql.model (model_id, name, location, revision, dimensions, logit_scale, is_default, added_at) FROM stdin;
1	tests/random	tests/random	1	8	100	t	2026-11-29 17:42:19.391501+00
\.


--
-- Data for Name: model_answer; Type: TABLE DATA; Schema: clipsql; Owner: -
--

COPY clipsql.model_answer (query_id, image_id, answer, score, answered_at) FROM stdin;
\.


--
-- Data for Name: model_query; Type: TABLE DATA; Schema: clipsql; Owner: -
--

COPY clipsql.model_query (query_id, kind, query, model, revision, asked_at) FROM stdin;
\.


--
-- Data for Name: settings; Type: TABLE DATA; Schema: clipsql; Owner: -
--

COPY clipsql.settings (picture_folder, url_prefix) FROM stdin;
\.


--
-- Data for Name: video_frame; Type: TABLE DATA; Schema: clipsql; Owner: -
--

COPY clipsql.video_frame (image_id, video, video_sha256, sampling, from_s, until_s, is_last) FROM stdin;
1	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	1	2	f
4	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	4	5	f
7	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	7	8	f
10	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	10	11	f
13	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	13	14	f
16	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	16	17	f
19	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	19	20	f
22	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	22	23	f
25	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	25	26	f
28	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	28	29	f
31	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	31	32	f
34	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	34	35	f
37	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	37	38	f
40	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	40	41	f
43	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	43	44	f
46	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	46	47	f
49	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	49	50	f
52	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	52	53	f
55	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	55	56	f
58	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	58	59	f
61	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	61	62	f
64	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	64	65	f
67	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	67	68	f
70	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	70	71	f
73	file:///streets.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	73	74	f
76	file:///holidays.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	76	77	f
79	file:///holidays.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	79	80	f
82	file:///holidays.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	82	83	f
85	file:///holidays.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	85	86	f
88	file:///holidays.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	88	89	f
91	file:///holidays.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	91	92	f
94	file:///holidays.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	94	95	f
97	file:///holidays.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	97	98	f
100	file:///holidays.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	100	101	f
103	file:///holidays.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	103	104	f
106	file:///holidays.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	106	107	f
109	file:///中文.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	109	110	f
112	file:///中文.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	112	113	f
115	file:///中文.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	115	116	f
118	file:///中文.mp4	\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	every 1 s	118	119	f
\.


--
-- Data for Name: watch_list; Type: TABLE DATA; Schema: clipsql; Owner: -
--

COPY clipsql.watch_list (watch_id, name, owner, model_id, query, images, filters, timezone, alarms_per_day, min_percentile, min_similarity, alarms_low, alarms_high, once_per, once_per_key, is_paused, problem, created_at) FROM stdin;
\.


--
-- Data for Name: api_key; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.api_key (digest, name, role, created_at) FROM stdin;
\.


--
-- Data for Name: attached_column; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.attached_column (attachment_id, role, "position", name, number, type, key_name) FROM stdin;
\.


--
-- Data for Name: attachment; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.attachment (attachment_id, source, source_oid, source_name, link, collection, url_prefix, may_read_files, model_id, added_at, reconciled_at) FROM stdin;
\.


--
-- Data for Name: attachment_problem; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.attachment_problem (problem_id, attachment_id, problem, noted_at) FROM stdin;
\.


--
-- Data for Name: caption_embedding_1; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.caption_embedding_1 (caption_id, model_id, embedding) FROM stdin;
\.


--
-- Data for Name: changed_row; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.changed_row (changed_at, is_fresh) FROM stdin;
\.


--
-- Data for Name: code_basis; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.code_basis (basis_id, model_id, length, left_out, cone, learned_from, state, changed_at) FROM stdin;
1	1	8	0	0.12367908656597137	120	ready	2026-11-29 17:42:19.574985+00
\.


--
-- Data for Name: code_direction; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.code_direction (basis_id, number, direction) FROM stdin;
\.


--
-- Data for Name: delivery; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.delivery (webhook_id, alert_id, tries, next_try_at, failure, is_dead) FROM stdin;
\.


--
-- Data for Name: encoded_with; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.encoded_with (model_id, dtype) FROM stdin;
\.


--
-- Data for Name: fingerprint; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.fingerprint (image_id, pixels) FROM stdin;
\.


--
-- Data for Name: fusion_row; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.fusion_row (fusion_id, layer, number, weights) FROM stdin;
\.


--
-- Data for Name: image_embedding_1; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.image_embedding_1 (image_id, model_id, embedding) FROM stdin;
1	1	[0.16772461,0.39868164,0.16040039,-0.6323242,0.43920898,0.21655273,-0.26049805,0.28198242]
2	1	[0.28125,0.22692871,0.02192688,0.421875,-0.5683594,-0.12573242,-0.3720703,0.4621582]
3	1	[0.021148682,-0.15563965,-0.41625977,-0.13696289,0.004333496,-0.14672852,0.68896484,0.5361328]
4	1	[-0.13195801,0.7138672,0.22595215,0.23168945,-0.17956543,-0.5756836,0.058502197,0.038085938]
5	1	[-0.69189453,-0.38500977,-0.040618896,-0.53271484,-0.055389404,0.053833008,0.020065308,-0.2854004]
6	1	[0.4189453,-0.00919342,-0.5722656,-0.14379883,0.024795532,0.125,-0.44995117,-0.5073242]
7	1	[0.08703613,-0.20349121,0.10266113,0.3310547,-0.71875,0.11090088,0.5336914,-0.12976074]
8	1	[0.30688477,0.076660156,-0.6455078,-0.47314453,0.34985352,0.26904297,-0.25341797,-0.00041532516]
9	1	[0.16259766,0.17089844,0.31982422,0.09362793,-0.034606934,-0.09448242,0.3852539,-0.82128906]
10	1	[-0.07116699,0.016937256,-0.7319336,0.17089844,-0.33447266,0.4428711,-0.064453125,0.34350586]
11	1	[0.42382812,0.13317871,-0.30444336,-0.5263672,0.609375,-0.03869629,-0.23937988,0.05014038]
12	1	[-0.11035156,0.49145508,0.019561768,0.007926941,-0.41210938,0.27075195,-0.5961914,0.3840332]
13	1	[0.33642578,-0.33666992,-0.5444336,0.13623047,0.5625,-0.22094727,-0.27612305,0.13000488]
14	1	[-0.54785156,-0.32983398,-0.22692871,0.34692383,-0.26416016,0.18115234,-0.11505127,-0.55078125]
15	1	[0.28881836,-0.23754883,-0.12902832,0.23999023,0.15942383,-0.6542969,0.47045898,-0.33325195]
16	1	[-0.30004883,-0.06384277,-0.036743164,0.05508423,-0.015213013,0.088134766,-0.8466797,0.42041016]
17	1	[0.26098633,-0.73535156,0.011314392,-0.4387207,0.3010254,0.04559326,0.14880371,-0.28881836]
18	1	[0.48461914,0.53515625,-0.28222656,0.09881592,-0.1784668,-0.0062446594,-0.33544922,0.49487305]
19	1	[-0.5209961,-0.15917969,0.26953125,-0.34814453,-0.12866211,-0.30297852,-0.07171631,-0.62939453]
20	1	[-0.30541992,-0.24182129,-0.5805664,0.23828125,-0.52490234,-0.3425293,0.16503906,0.18493652]
21	1	[0.031799316,-0.059295654,0.06732178,-0.5332031,0.6020508,-0.20019531,-0.51171875,0.2055664]
22	1	[0.019744873,-0.6801758,0.01398468,-0.027420044,0.4489746,-0.45703125,-0.31274414,0.1665039]
23	1	[-0.5366211,0.6767578,-0.15258789,-0.15942383,0.18798828,-0.00869751,-0.38867188,0.13684082]
24	1	[0.51464844,-0.27075195,-0.1694336,0.29248047,-0.546875,0.26367188,0.11987305,-0.40600586]
25	1	[-0.65771484,-0.10662842,-0.41381836,0.47314453,0.068115234,0.3696289,0.06359863,0.12426758]
26	1	[-0.23620605,0.4260254,0.5161133,0.0072669983,0.21472168,-0.60546875,0.2890625,-0.013870239]
27	1	[0.09088135,0.27514648,0.03353882,-0.35546875,-0.24816895,0.39648438,-0.0024662018,-0.7548828]
28	1	[0.41479492,0.20458984,0.42944336,-0.16552734,0.40698242,-0.5214844,0.28027344,-0.24108887]
29	1	[0.124816895,0.20324707,0.57958984,-0.4580078,-0.1463623,0.36376953,-0.3696289,-0.32714844]
30	1	[0.22363281,0.4404297,-0.28930664,0.23364258,0.050598145,0.6567383,-0.00065660477,0.4284668]
31	1	[-0.053344727,-0.12310791,-0.09259033,-0.8100586,0.09020996,0.11206055,-0.41357422,0.35473633]
32	1	[-0.4284668,-0.17224121,-0.14831543,0.6201172,-0.49902344,0.17553711,0.2939453,0.11785889]
33	1	[0.54296875,-0.4519043,0.56689453,0.07611084,-0.08746338,0.03604126,-0.12719727,0.38598633]
34	1	[0.6894531,0.06964111,-0.07672119,-0.26586914,0.23181152,0.019348145,-0.4362793,-0.44604492]
35	1	[-0.25048828,-0.30493164,0.49169922,0.62060547,0.3918457,0.16137695,-0.19311523,0.02458191]
36	1	[0.33154297,0.7988281,0.34228516,-0.10510254,0.014251709,-0.1809082,-0.2932129,-0.0690918]
37	1	[0.057739258,0.5419922,0.015357971,0.40063477,0.5214844,0.023254395,0.47460938,0.21105957]
38	1	[-0.07342529,0.15686035,0.3076172,0.121276855,0.7836914,-0.028045654,0.30688477,0.38891602]
39	1	[-0.07055664,-0.4326172,-0.62353516,0.08557129,0.5854492,0.14331055,0.09112549,-0.19995117]
40	1	[0.14672852,-0.55859375,0.060760498,0.0073547363,-0.35839844,0.56884766,-0.36279297,-0.28173828]
41	1	[0.6074219,-0.46850586,-0.3017578,-0.058898926,0.29370117,0.091308594,0.2692871,-0.38745117]
42	1	[-0.0362854,0.47045898,0.19384766,-0.45336914,0.053253174,0.50683594,-0.46972656,-0.23254395]
43	1	[-0.30786133,-0.5991211,0.3852539,0.5253906,0.32055664,0.09716797,-0.020843506,0.09588623]
44	1	[-0.28027344,0.3425293,0.40063477,0.35742188,-0.20349121,0.030044556,-0.0635376,0.6855469]
45	1	[-0.11016846,-0.47338867,-0.49194336,-0.15344238,-0.18151855,0.41796875,0.12438965,-0.52441406]
46	1	[-0.10467529,0.3137207,0.3095703,0.1920166,0.7373047,0.33447266,-0.13098145,-0.29248047]
47	1	[-0.21899414,0.123291016,-0.083862305,0.70703125,0.47729492,-0.05557251,-0.08526611,0.43798828]
48	1	[-0.75097656,-0.18005371,0.37890625,-0.3635254,-0.19006348,-0.14001465,0.26342773,0.05480957]
49	1	[-0.2878418,0.5385742,0.09106445,-0.31298828,-0.55908203,-0.2763672,-0.21105957,-0.29541016]
50	1	[-0.39453125,-0.13098145,0.2800293,-0.5986328,-0.066223145,-0.5839844,0.05038452,-0.20581055]
51	1	[0.24206543,-0.7910156,-0.3076172,0.29785156,0.13415527,0.28222656,-0.08929443,0.16259766]
52	1	[-0.15283203,-0.28686523,-0.35424805,-0.115356445,-0.114746094,-0.1315918,-0.7416992,-0.4177246]
53	1	[-0.13781738,0.074279785,-0.14978027,-0.22692871,-0.59716797,0.5229492,-0.2849121,0.43554688]
54	1	[0.73291016,0.12866211,-0.26879883,0.062072754,-0.5415039,0.12243652,0.0013856888,0.24975586]
55	1	[0.33764648,0.61572266,-0.13793945,0.3708496,-0.28125,-0.3178711,-0.21960449,-0.34887695]
56	1	[0.4230957,0.3984375,0.5493164,-0.010917664,0.1184082,-0.24963379,-0.49682617,0.19299316]
57	1	[0.10479736,-0.43237305,0.2286377,-0.6801758,-0.069885254,-0.24609375,-0.20666504,-0.4230957]
58	1	[0.38598633,0.22924805,0.4794922,0.052856445,-0.5258789,-0.15356445,-0.48266602,0.18103027]
59	1	[0.57958984,0.15283203,-0.29614258,-0.18530273,0.092041016,-0.7060547,0.06506348,0.08868408]
60	1	[-0.24328613,-0.18847656,0.06677246,-0.36401367,-0.36499023,0.32983398,0.08831787,0.72021484]
61	1	[-0.22888184,-0.3137207,-0.51904297,0.3388672,-0.03277588,0.53466797,-0.41235352,-0.08959961]
62	1	[0.010551453,0.39892578,0.5180664,-0.20251465,-0.34399414,-0.52001953,0.37573242,-0.039642334]
63	1	[-0.1973877,-0.028717041,-0.73876953,-0.5029297,0.25024414,0.09741211,0.027770996,-0.29833984]
64	1	[0.53515625,-0.14318848,-0.1661377,0.4260254,0.1149292,0.019592285,0.087402344,-0.6801758]
65	1	[0.01473999,0.28564453,0.36010742,-0.09063721,0.86865234,-0.008346558,-0.09234619,0.13146973]
66	1	[0.23999023,0.17016602,-0.22436523,0.4765625,0.008522034,0.49853516,0.45117188,-0.42871094]
67	1	[-0.2355957,0.6748047,0.1048584,-0.17980957,-0.10681152,-0.15283203,0.6386719,0.05795288]
68	1	[0.016021729,-0.7036133,0.23510742,-0.3479004,-0.3713379,0.19470215,-0.28466797,0.26733398]
69	1	[0.3083496,-0.50146484,-0.04147339,-0.44140625,-0.020843506,0.25,-0.3828125,0.4975586]
70	1	[-0.11895752,-0.43896484,-0.05105591,0.28466797,-0.5107422,-0.00522995,-0.50927734,0.43530273]
71	1	[0.083496094,-0.34204102,-0.12646484,0.027053833,-0.2043457,-0.4013672,-0.38134766,-0.71484375]
72	1	[0.034332275,0.14331055,0.2800293,-0.70410156,0.30200195,-0.015060425,-0.55859375,0.029205322]
73	1	[0.27978516,0.17663574,0.24816895,0.32592773,0.3083496,-0.02027893,-0.7426758,-0.27563477]
74	1	[-0.6586914,-0.45898438,-0.04244995,-0.1026001,0.0519104,0.05279541,0.51464844,-0.27026367]
75	1	[0.27612305,0.41430664,0.14916992,-0.3803711,0.3400879,-0.2331543,0.4086914,-0.49829102]
76	1	[-0.3774414,0.35009766,0.11798096,0.4169922,-0.16064453,-0.6899414,-0.051208496,-0.20751953]
77	1	[-0.3227539,-0.27514648,-0.119384766,0.49731445,-0.359375,0.048919678,-0.6533203,-0.00047898293]
78	1	[0.33642578,-0.43530273,-0.29785156,0.033233643,-0.5942383,0.064453125,-0.17541504,0.46850586]
79	1	[-0.4128418,-0.19506836,-0.31445312,0.05343628,-0.2763672,0.70996094,-0.3046875,-0.12878418]
80	1	[-0.13464355,-0.6796875,0.14147949,0.08734131,-0.4753418,0.25927734,-0.23596191,-0.37890625]
81	1	[-0.27612305,0.2529297,-0.2644043,-0.04650879,0.19140625,-0.58154297,0.5283203,-0.3659668]
82	1	[-0.33569336,0.28637695,0.7651367,-0.1328125,-0.2541504,-0.06768799,-0.20629883,-0.30078125]
83	1	[0.059814453,-0.12585449,0.6225586,8.72612e-05,0.14013672,0.41186523,-0.13012695,0.62158203]
84	1	[-0.04385376,-0.3474121,-0.49169922,-0.20812988,-0.12072754,-0.5654297,-0.49780273,-0.10131836]
85	1	[0.28979492,0.4321289,-0.3161621,-0.022003174,0.016738892,0.51123047,0.30517578,-0.5239258]
86	1	[-0.44506836,-0.09112549,-0.047668457,0.56152344,0.28564453,-0.37060547,0.33618164,0.3798828]
87	1	[0.33813477,-0.28686523,-0.65234375,0.21936035,-0.34204102,-0.09338379,-0.3371582,0.3010254]
88	1	[0.14953613,-0.16833496,0.48486328,-0.29467773,0.13830566,0.20336914,0.71240234,-0.24353027]
89	1	[-0.0048980713,-0.7944336,0.1361084,0.32543945,0.08557129,0.14916992,0.30786133,-0.34692383]
90	1	[0.25317383,0.15246582,-0.4272461,0.41259766,0.6142578,-0.20593262,0.014907837,0.37426758]
91	1	[-0.45751953,-0.6147461,-0.40063477,-0.1751709,-0.17858887,0.1875,0.08294678,-0.38476562]
92	1	[0.05102539,-0.5341797,0.11315918,0.5341797,0.19458008,0.24963379,0.010238647,-0.5595703]
93	1	[-0.15649414,0.18920898,-0.20324707,-0.6064453,-0.23547363,0.0209198,-0.6845703,-0.0793457]
94	1	[-0.29101562,0.2401123,0.6455078,0.1315918,0.105773926,0.6333008,-0.0077171326,-0.10522461]
95	1	[-0.4111328,-0.14929199,0.63378906,-0.41357422,0.003255844,-0.40966797,0.037384033,0.25830078]
96	1	[0.12634277,0.18701172,0.009407043,0.34887695,-0.2290039,-0.45117188,-0.55810547,-0.50927734]
97	1	[-0.55908203,0.026992798,0.48706055,0.029174805,0.3112793,-0.019165039,-0.578125,0.13146973]
98	1	[-0.18310547,-0.6401367,0.34375,0.12561035,-0.23010254,0.38012695,-0.38183594,0.28173828]
99	1	[-0.34057617,0.19348145,-0.39868164,0.5395508,0.09210205,0.51904297,-0.29785156,-0.17248535]
100	1	[-0.2915039,-0.5209961,0.26586914,0.27026367,-0.22045898,-0.43188477,-0.020874023,-0.51416016]
101	1	[-0.1038208,-0.6220703,-0.07537842,-0.60546875,-0.07562256,0.4177246,-0.08459473,0.20690918]
102	1	[0.2331543,0.75146484,-0.55615234,-0.016616821,-0.21264648,0.13391113,-0.017166138,-0.08734131]
103	1	[-0.61865234,-0.04598999,-0.4416504,-0.13244629,-0.077697754,0.39672852,-0.4206543,-0.24951172]
104	1	[0.17102051,0.5336914,0.2220459,-0.67285156,0.09857178,-0.39916992,-0.11456299,0.03515625]
105	1	[-0.4025879,0.42041016,-0.036346436,0.2442627,0.19311523,0.42407227,0.37475586,-0.49243164]
106	1	[0.0017004013,-0.7675781,-0.17089844,0.2397461,0.31030273,0.44311523,-0.14550781,0.10107422]
107	1	[-0.45141602,-0.46044922,0.10205078,0.014434814,0.11126709,-0.37426758,0.1829834,0.6225586]
108	1	[0.047912598,-0.15393066,0.35375977,-0.45410156,-0.1430664,0.6352539,-0.049743652,0.46484375]
109	1	[-0.1352539,-0.40185547,0.0027542114,-0.4753418,-0.4621582,0.61621094,-0.022491455,-0.02279663]
110	1	[0.3618164,-0.095214844,-0.25317383,0.09313965,0.28173828,0.2668457,0.79345703,0.08416748]
111	1	[-0.15795898,-0.32250977,0.17529297,0.36206055,0.13549805,0.044311523,-0.25634766,0.7895508]
112	1	[-0.34643555,0.030685425,0.1772461,-0.09124756,-0.34350586,0.24682617,-0.7011719,-0.41064453]
113	1	[-0.2253418,-0.2878418,-0.13049316,-0.040863037,-0.49902344,-0.012496948,-0.59375,0.4958496]
114	1	[0.14233398,0.4699707,-0.6699219,0.076660156,-0.3227539,0.1739502,-0.3857422,-0.14550781]
115	1	[-0.3618164,0.2298584,0.019836426,-0.20141602,-0.17224121,0.125,0.3762207,-0.76708984]
116	1	[-0.47436523,0.4387207,-0.35083008,0.26416016,0.23205566,0.1026001,-0.51660156,-0.24182129]
117	1	[0.19213867,0.6347656,0.40551758,0.33569336,0.0068359375,0.33325195,-0.32739258,0.25439453]
118	1	[-0.7084961,-0.48779297,-0.0496521,0.12133789,0.2697754,-0.13330078,0.37451172,-0.10949707]
119	1	[-0.49853516,-0.07873535,0.08508301,-0.0541687,-0.07885742,0.6455078,0.46679688,0.30688477]
120	1	[0.1295166,-0.1899414,0.25708008,0.3005371,0.0105896,0.71972656,-0.3852539,0.35253906]
\.


--
-- Data for Name: link; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.link (image_id, is_ours, facts, changed_at, attempts, retry_at, problem) FROM stdin;
\.


--
-- Data for Name: model_task; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.model_task (query_id, image_id, leased_by, leased_until, error) FROM stdin;
\.


--
-- Data for Name: percentile_sample; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.percentile_sample (percentile_sample_id, model_id, collection, pictures, basis_id, sampled_at) FROM stdin;
\.


--
-- Data for Name: percentile_sample_code; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.percentile_sample_code (percentile_sample_id, image_id, code) FROM stdin;
\.


--
-- Data for Name: percentile_sample_embedding; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.percentile_sample_embedding (percentile_sample_id, image_id, embedding) FROM stdin;
\.


--
-- Data for Name: queue; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.queue (queue_id, image_id, collection, model_id, is_checked, is_fresh, file_to_read, lost_workers, leased_by, leased_until) FROM stdin;
\.


--
-- Data for Name: region_embedding_1; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.region_embedding_1 (region_id, model_id, image_id, embedding) FROM stdin;
\.


--
-- Data for Name: remembered_text; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.remembered_text (model_id, body, embedding) FROM stdin;
1	kept	[1,0,0,0,0,0,0,0]
\.


--
-- Data for Name: repeat; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.repeat (watch_id, image_id, alert_id) FROM stdin;
\.


--
-- Data for Name: revision; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.revision (version_num) FROM stdin;
0017
\.


--
-- Data for Name: search_cost; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.search_cost (model_id, walk_us, code_us, lookup_us, measured_at) FROM stdin;
\.


--
-- Data for Name: search_row_1; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.search_row_1 (basis_id, image_id, collection, taken_at, longitude, latitude, left_out, code) FROM stdin;
1	1	streets	2025-06-28 03:58:00+00	179.9248116971121	-89.77322129497037	0.013647876	[0.16772461,0.39868164,0.16040039,-0.6323242,0.43920898,0.21655273,-0.26049805,0.28198242]
1	2	streets	2025-12-16 00:38:00+00	\N	\N	0.00865741	[0.28125,0.22692871,0.02192688,0.421875,-0.5683594,-0.12573242,-0.3720703,0.4621582]
1	3	streets	2025-10-25 07:09:00+00	13.352816655350711	52.46726548840767	0	[0.021148682,-0.15563965,-0.41625977,-0.13696289,0.004333496,-0.14672852,0.68896484,0.5361328]
1	4	streets	2025-03-18 10:00:00+00	\N	\N	0	[-0.13195801,0.7138672,0.22595215,0.23168945,-0.17956543,-0.5756836,0.058502197,0.038085938]
1	5	streets	\N	1.3800824917503292	89.06449328118477	0	[-0.69189453,-0.38500977,-0.040618896,-0.53271484,-0.055389404,0.053833008,0.020065308,-0.2854004]
1	6	streets	2025-08-22 21:35:00+00	-126.98723450165983	-78.07409944464183	0.012669617	[0.4189453,-0.00919342,-0.5722656,-0.14379883,0.024795532,0.125,-0.44995117,-0.5073242]
1	7	streets	2025-03-17 02:04:00+00	176.14599512141365	-29.94546933294864	0.017736673	[0.08703613,-0.20349121,0.10266113,0.3310547,-0.71875,0.11090088,0.5336914,-0.12976074]
1	8	streets	2025-03-30 20:56:00+00	38.78304208478218	85.72024196287703	0.019910721	[0.30688477,0.076660156,-0.6455078,-0.47314453,0.34985352,0.26904297,-0.25341797,-0.00041532516]
1	9	streets	2025-12-11 12:29:00+00	\N	\N	0.01552874	[0.16259766,0.17089844,0.31982422,0.09362793,-0.034606934,-0.09448242,0.3852539,-0.82128906]
1	10	streets	2025-11-28 21:51:00+00	13.394445072716083	52.468450290798074	0	[-0.07116699,0.016937256,-0.7319336,0.17089844,-0.33447266,0.4428711,-0.064453125,0.34350586]
1	11	streets	2025-01-08 09:30:00+00	13.410691182117164	52.53652957135777	0.015260955	[0.42382812,0.13317871,-0.30444336,-0.5263672,0.609375,-0.03869629,-0.23937988,0.05014038]
1	12	streets	2025-09-01 09:32:00+00	6.667578291296877	89.97344797623876	0	[-0.11035156,0.49145508,0.019561768,0.007926941,-0.41210938,0.27075195,-0.5961914,0.3840332]
1	13	streets	2025-01-17 22:38:00+00	132.3916808007615	-89.89280297696145	0.011628759	[0.33642578,-0.33666992,-0.5444336,0.13623047,0.5625,-0.22094727,-0.27612305,0.13000488]
1	14	streets	2025-04-25 08:58:00+00	-121.35769175241359	89.12662086485297	0.0046782563	[-0.54785156,-0.32983398,-0.22692871,0.34692383,-0.26416016,0.18115234,-0.11505127,-0.55078125]
1	15	streets	2025-04-28 01:03:00+00	89.9229411959908	-89.2189291850842	0.0014183288	[0.28881836,-0.23754883,-0.12902832,0.23999023,0.15942383,-0.6542969,0.47045898,-0.33325195]
1	16	streets	2025-01-06 03:38:00+00	\N	\N	0	[-0.30004883,-0.06384277,-0.036743164,0.05508423,-0.015213013,0.088134766,-0.8466797,0.42041016]
1	17	streets	2025-05-17 08:12:00+00	129.11674354881575	67.44301183523422	0.016932951	[0.26098633,-0.73535156,0.011314392,-0.4387207,0.3010254,0.04559326,0.14880371,-0.28881836]
1	18	streets	2025-10-15 03:59:00+00	-121.38420751008616	42.20529246823452	0.0045556733	[0.48461914,0.53515625,-0.28222656,0.09881592,-0.1784668,-0.0062446594,-0.33544922,0.49487305]
1	19	streets	2025-03-29 22:03:00+00	153.81676754300355	39.65137458776394	0	[-0.5209961,-0.15917969,0.26953125,-0.34814453,-0.12866211,-0.30297852,-0.07171631,-0.62939453]
1	20	streets	2025-01-30 09:35:00+00	13.402605384355702	52.47028584384579	0.010845725	[-0.30541992,-0.24182129,-0.5805664,0.23828125,-0.52490234,-0.3425293,0.16503906,0.18493652]
1	21	streets	2025-02-04 22:10:00+00	13.394269086090729	52.547836375889744	0	[0.031799316,-0.059295654,0.06732178,-0.5332031,0.6020508,-0.20019531,-0.51171875,0.2055664]
1	22	streets	2025-12-21 05:53:00+00	-106.43023356830278	89.05189771052638	0.005950199	[0.019744873,-0.6801758,0.01398468,-0.027420044,0.4489746,-0.45703125,-0.31274414,0.1665039]
1	23	streets	2025-03-08 09:20:00+00	-154.05361876385018	28.48077031566278	0.011452796	[-0.5366211,0.6767578,-0.15258789,-0.15942383,0.18798828,-0.00869751,-0.38867188,0.13684082]
1	24	streets	2025-02-10 22:01:00+00	-127.08052680159274	89.19789040645432	0	[0.51464844,-0.27075195,-0.1694336,0.29248047,-0.546875,0.26367188,0.11987305,-0.40600586]
1	25	streets	\N	-167.90509340751865	-33.374439423636694	0.013332375	[-0.65771484,-0.10662842,-0.41381836,0.47314453,0.068115234,0.3696289,0.06359863,0.12426758]
1	26	streets	2025-07-27 09:36:00+00	97.61602425948644	89.88143904443014	0	[-0.23620605,0.4260254,0.5161133,0.0072669983,0.21472168,-0.60546875,0.2890625,-0.013870239]
1	27	streets	\N	\N	\N	0	[0.09088135,0.27514648,0.03353882,-0.35546875,-0.24816895,0.39648438,-0.0024662018,-0.7548828]
1	28	streets	2025-03-02 15:19:00+00	14.193369570039692	-12.147807263558775	0.0030953912	[0.41479492,0.20458984,0.42944336,-0.16552734,0.40698242,-0.5214844,0.28027344,-0.24108887]
1	29	streets	2025-06-06 20:08:00+00	179.39840156609083	-11.0074119973747	0.0037421072	[0.124816895,0.20324707,0.57958984,-0.4580078,-0.1463623,0.36376953,-0.3696289,-0.32714844]
1	30	streets	2025-07-21 05:15:00+00	13.373531973155242	52.54478254238458	0.016531771	[0.22363281,0.4404297,-0.28930664,0.23364258,0.050598145,0.6567383,-0.00065660477,0.4284668]
1	31	streets	2025-11-23 05:20:00+00	67.54826763200347	-89.99281242106387	0	[-0.053344727,-0.12310791,-0.09259033,-0.8100586,0.09020996,0.11206055,-0.41357422,0.35473633]
1	32	streets	2025-12-05 05:02:00+00	13.917121789951779	-89.85622678138506	0.008610717	[-0.4284668,-0.17224121,-0.14831543,0.6201172,-0.49902344,0.17553711,0.2939453,0.11785889]
1	33	streets	\N	-161.1205459908867	89.5875571698107	0	[0.54296875,-0.4519043,0.56689453,0.07611084,-0.08746338,0.03604126,-0.12719727,0.38598633]
1	34	streets	2025-09-25 20:40:00+00	-179.94641388729843	-12.108845615362078	0	[0.6894531,0.06964111,-0.07672119,-0.26586914,0.23181152,0.019348145,-0.4362793,-0.44604492]
1	35	streets	2025-02-25 21:26:00+00	88.96702352659554	61.672818069898426	0	[-0.25048828,-0.30493164,0.49169922,0.62060547,0.3918457,0.16137695,-0.19311523,0.02458191]
1	36	streets	2025-06-03 09:29:00+00	179.48786620229689	-10.83452524303996	0.008297583	[0.33154297,0.7988281,0.34228516,-0.10510254,0.014251709,-0.1809082,-0.2932129,-0.0690918]
1	37	streets	2025-12-22 21:04:00+00	13.363716226291846	52.51219758602263	0	[0.057739258,0.5419922,0.015357971,0.40063477,0.5214844,0.023254395,0.47460938,0.21105957]
1	38	streets	2025-04-19 14:18:00+00	-60.914479115742694	89.46441670422091	0.016566267	[-0.07342529,0.15686035,0.3076172,0.121276855,0.7836914,-0.028045654,0.30688477,0.38891602]
1	39	streets	2025-12-06 03:33:00+00	-179.91680546478113	-19.42624189936694	0.013136461	[-0.07055664,-0.4326172,-0.62353516,0.08557129,0.5854492,0.14331055,0.09112549,-0.19995117]
1	40	streets	2025-01-10 03:31:00+00	\N	\N	0	[0.14672852,-0.55859375,0.060760498,0.0073547363,-0.35839844,0.56884766,-0.36279297,-0.28173828]
1	41	streets	2025-06-12 09:08:00+00	\N	\N	0	[0.6074219,-0.46850586,-0.3017578,-0.058898926,0.29370117,0.091308594,0.2692871,-0.38745117]
1	42	streets	2025-08-04 12:33:00+00	-101.98945961161694	-31.419539346157514	0	[-0.0362854,0.47045898,0.19384766,-0.45336914,0.053253174,0.50683594,-0.46972656,-0.23254395]
1	43	streets	2025-04-14 17:51:00+00	13.47210120312344	52.42456834006018	0	[-0.30786133,-0.5991211,0.3852539,0.5253906,0.32055664,0.09716797,-0.020843506,0.09588623]
1	44	streets	\N	\N	\N	0	[-0.28027344,0.3425293,0.40063477,0.35742188,-0.20349121,0.030044556,-0.0635376,0.6855469]
1	45	streets	2025-02-24 17:18:00+00	13.350180875823394	52.58656379731455	0.009137148	[-0.11016846,-0.47338867,-0.49194336,-0.15344238,-0.18151855,0.41796875,0.12438965,-0.52441406]
1	46	streets	2025-01-30 23:39:00+00	\N	\N	0	[-0.10467529,0.3137207,0.3095703,0.1920166,0.7373047,0.33447266,-0.13098145,-0.29248047]
1	47	streets	2025-06-30 11:44:00+00	13.410055337917221	52.45110116610441	0	[-0.21899414,0.123291016,-0.083862305,0.70703125,0.47729492,-0.05557251,-0.08526611,0.43798828]
1	48	streets	2025-02-17 15:03:00+00	-130.15962041923385	59.43855449686987	0	[-0.75097656,-0.18005371,0.37890625,-0.3635254,-0.19006348,-0.14001465,0.26342773,0.05480957]
1	49	streets	2025-06-27 09:11:00+00	179.29811652814973	-17.81307869479599	0.008103667	[-0.2878418,0.5385742,0.09106445,-0.31298828,-0.55908203,-0.2763672,-0.21105957,-0.29541016]
1	50	streets	2025-07-30 16:04:00+00	-179.65861198824496	-0.279973721296475	0.0095637925	[-0.39453125,-0.13098145,0.2800293,-0.5986328,-0.066223145,-0.5839844,0.05038452,-0.20581055]
1	51	streets	2025-11-14 19:07:00+00	\N	\N	0.017139362	[0.24206543,-0.7910156,-0.3076172,0.29785156,0.13415527,0.28222656,-0.08929443,0.16259766]
1	52	streets	2025-10-05 18:13:00+00	-179.58301218898325	0.3476126968186293	0.021383917	[-0.15283203,-0.28686523,-0.35424805,-0.115356445,-0.114746094,-0.1315918,-0.7416992,-0.4177246]
1	53	streets	2025-04-07 08:44:00+00	165.9854648438651	-76.05754431936286	0.01812477	[-0.13781738,0.074279785,-0.14978027,-0.22705078,-0.59716797,0.5229492,-0.2849121,0.43579102]
1	54	streets	2025-11-24 19:49:00+00	13.476221758889402	52.44829070435929	0	[0.73291016,0.12866211,-0.26879883,0.062072754,-0.5415039,0.12243652,0.0013856888,0.24975586]
1	55	streets	2025-06-07 13:30:00+00	179.7130892937388	3.298899098358593	0.01545576	[0.33764648,0.61572266,-0.13793945,0.3708496,-0.28125,-0.3178711,-0.21960449,-0.34887695]
1	56	streets	2025-01-04 13:51:00+00	13.386441052378938	52.5551669020258	0	[0.4230957,0.3984375,0.5493164,-0.010917664,0.1184082,-0.24963379,-0.49682617,0.19299316]
1	57	streets	2025-09-13 08:16:00+00	-73.26772464102103	89.15553393052241	0	[0.10479736,-0.43237305,0.2286377,-0.6801758,-0.069885254,-0.24609375,-0.20666504,-0.4230957]
1	58	streets	2025-05-22 02:16:00+00	-179.28788309113938	16.46474959619737	0	[0.38598633,0.22924805,0.4794922,0.052856445,-0.5258789,-0.15356445,-0.48266602,0.18103027]
1	59	streets	2025-07-08 21:55:00+00	-179.73792930152305	-0.006335525294218769	0	[0.57958984,0.15283203,-0.29614258,-0.18530273,0.092041016,-0.7060547,0.06506348,0.08868408]
1	60	streets	\N	179.50507498153956	0.3169064382293669	0	[-0.24328613,-0.18847656,0.06677246,-0.36401367,-0.36499023,0.32983398,0.08831787,0.72021484]
1	61	streets	2025-03-23 11:56:00+00	13.445926788052976	52.444918004851594	0	[-0.22888184,-0.3137207,-0.51904297,0.3388672,-0.03277588,0.53466797,-0.41235352,-0.08959961]
1	62	streets	2025-07-21 01:30:00+00	42.58113476944595	-89.46796768755738	0	[0.010551453,0.39892578,0.5180664,-0.20251465,-0.34399414,-0.52001953,0.37573242,-0.039642334]
1	63	streets	2025-06-01 20:29:00+00	32.504164508382075	89.74450748639329	0	[-0.1973877,-0.028717041,-0.73876953,-0.5029297,0.25024414,0.09741211,0.027770996,-0.29833984]
1	64	streets	\N	\N	\N	0.011603423	[0.53515625,-0.14318848,-0.1661377,0.4260254,0.1149292,0.019592285,0.087402344,-0.6801758]
1	65	streets	2025-03-08 02:19:00+00	\N	\N	0	[0.01473999,0.28564453,0.36010742,-0.09063721,0.86865234,-0.008346558,-0.09234619,0.13146973]
1	66	streets	\N	-159.86959891009613	89.20508218059751	0.0061305733	[0.23999023,0.17016602,-0.22436523,0.4765625,0.008522034,0.49853516,0.45117188,-0.42871094]
1	67	streets	2025-07-17 15:00:00+00	115.44093202725003	-89.18069040990983	0	[-0.2355957,0.6748047,0.1048584,-0.17980957,-0.10681152,-0.15283203,0.6386719,0.05795288]
1	68	streets	2025-02-02 12:57:00+00	172.3544513640128	89.40870071962524	0.007576661	[0.016021729,-0.7036133,0.23510742,-0.3479004,-0.3713379,0.19470215,-0.28466797,0.26733398]
1	69	streets	2025-05-08 04:49:00+00	13.332574837668586	52.54758159230054	0	[0.3083496,-0.50146484,-0.04147339,-0.44140625,-0.020843506,0.25,-0.3828125,0.4975586]
1	70	streets	\N	-137.7949653799522	89.72323680416731	0	[-0.11895752,-0.43896484,-0.05105591,0.28466797,-0.5107422,-0.00522995,-0.50927734,0.43530273]
1	71	streets	2025-06-06 04:17:00+00	\N	\N	0.0055382256	[0.083496094,-0.34204102,-0.12646484,0.027053833,-0.2043457,-0.4013672,-0.38134766,-0.71484375]
1	72	streets	2025-11-08 12:05:00+00	-143.58911871854067	-34.30911833358036	0	[0.034332275,0.14331055,0.2800293,-0.70410156,0.30200195,-0.015060425,-0.55859375,0.029205322]
1	73	streets	2025-07-04 08:49:00+00	\N	\N	0	[0.27978516,0.17663574,0.24816895,0.32592773,0.3083496,-0.02027893,-0.7426758,-0.27563477]
1	74	holidays	2025-11-19 17:54:00+00	13.388270245285204	52.48396928170836	0	[-0.6586914,-0.45898438,-0.04244995,-0.1026001,0.0519104,0.05279541,0.51464844,-0.27026367]
1	75	holidays	2025-07-09 14:54:00+00	13.43493362546177	52.55855571371067	0	[0.27612305,0.41430664,0.14916992,-0.3803711,0.3400879,-0.2331543,0.4086914,-0.49829102]
1	76	holidays	2025-07-30 20:17:00+00	13.44887181918924	52.50656530514498	0	[-0.3774414,0.35009766,0.11798096,0.4169922,-0.16064453,-0.6899414,-0.051208496,-0.20751953]
1	77	holidays	2025-07-27 23:31:00+00	-179.250706904554	9.18080502697308	0.013369927	[-0.3227539,-0.27514648,-0.119384766,0.49731445,-0.359375,0.048919678,-0.6533203,-0.00047898293]
1	78	holidays	\N	179.7873404762904	-8.412185009154335	0	[0.33642578,-0.43530273,-0.29785156,0.033233643,-0.5942383,0.064453125,-0.17541504,0.46850586]
1	79	holidays	2025-05-22 07:15:00+00	13.41250586482331	52.55313315901972	0	[-0.4128418,-0.19506836,-0.31445312,0.05343628,-0.2763672,0.70996094,-0.3046875,-0.12878418]
1	80	holidays	2025-06-09 06:07:00+00	\N	\N	0	[-0.13464355,-0.6796875,0.14147949,0.08734131,-0.4753418,0.25927734,-0.23596191,-0.37890625]
1	81	holidays	2025-06-04 19:58:00+00	\N	\N	0	[-0.27612305,0.2529297,-0.2644043,-0.04650879,0.19140625,-0.58154297,0.5283203,-0.3659668]
1	82	holidays	\N	\N	\N	0.004711582	[-0.33569336,0.28637695,0.7651367,-0.1328125,-0.2541504,-0.06768799,-0.20629883,-0.30078125]
1	83	holidays	2025-07-31 19:30:00+00	\N	\N	0.020860273	[0.059814453,-0.12585449,0.6225586,8.72612e-05,0.14013672,0.41186523,-0.13012695,0.62158203]
1	84	holidays	2025-10-14 07:53:00+00	13.327233097664466	52.54894617906016	0	[-0.04385376,-0.3474121,-0.49169922,-0.20812988,-0.12072754,-0.5654297,-0.49780273,-0.10131836]
1	85	holidays	2025-11-28 09:16:00+00	13.434401225496236	52.44179148352872	0	[0.28979492,0.4321289,-0.3161621,-0.022003174,0.016738892,0.51123047,0.30517578,-0.5239258]
1	86	holidays	2025-12-07 11:37:00+00	-179.71798643152314	18.383565669065376	0	[-0.44506836,-0.09112549,-0.047668457,0.56152344,0.28564453,-0.37060547,0.33618164,0.3798828]
1	87	holidays	2025-04-15 02:32:00+00	-119.09087568912179	-89.02472687142306	0	[0.33813477,-0.28686523,-0.65234375,0.21936035,-0.34204102,-0.09338379,-0.3371582,0.3010254]
1	88	holidays	2025-06-09 01:50:00+00	115.27073252666986	-89.11457121964291	0.007959883	[0.14953613,-0.16833496,0.48486328,-0.29467773,0.13830566,0.20336914,0.71240234,-0.24353027]
1	89	holidays	2025-05-17 12:45:00+00	53.45221957703873	-11.640149380833265	0	[-0.0048980713,-0.7944336,0.1361084,0.32543945,0.08557129,0.14916992,0.30786133,-0.34692383]
1	90	holidays	2025-11-27 07:39:00+00	\N	\N	0	[0.25317383,0.15246582,-0.4272461,0.41259766,0.6142578,-0.20593262,0.014907837,0.37426758]
1	91	holidays	2025-08-11 10:51:00+00	115.81317426449198	57.99884476937103	0	[-0.45751953,-0.6147461,-0.40063477,-0.1751709,-0.17858887,0.1875,0.08294678,-0.38476562]
1	92	holidays	2025-02-23 18:00:00+00	-179.1782486852615	-0.6661231910543073	0.020793553	[0.05102539,-0.5341797,0.11315918,0.5341797,0.19458008,0.24975586,0.010238647,-0.5595703]
1	93	holidays	2025-12-19 04:44:00+00	90.86319722280331	61.91860920521924	0	[-0.15649414,0.18920898,-0.20324707,-0.6064453,-0.23547363,0.0209198,-0.6845703,-0.0793457]
1	94	holidays	\N	-179.34201192142154	6.838365951988997	0.016415684	[-0.29101562,0.2401123,0.6455078,0.1315918,0.105773926,0.6333008,-0.0077171326,-0.10522461]
1	95	holidays	2025-05-24 22:58:00+00	-179.70641660149073	9.109337632631625	0	[-0.4111328,-0.14929199,0.63378906,-0.41357422,0.003255844,-0.40966797,0.037384033,0.25830078]
1	96	holidays	2025-06-16 04:09:00+00	-159.00731060101566	12.34679467987317	0.02040889	[0.12634277,0.18701172,0.009407043,0.34887695,-0.2290039,-0.45117188,-0.55810547,-0.50927734]
1	97	holidays	2025-10-15 06:06:00+00	-80.39275949289913	89.34713781896515	0	[-0.55908203,0.026992798,0.48706055,0.029174805,0.3112793,-0.019165039,-0.578125,0.13146973]
1	98	holidays	2025-09-14 03:57:00+00	13.43926374681454	52.52055329015244	0.011684367	[-0.18310547,-0.6401367,0.34375,0.12561035,-0.23010254,0.38012695,-0.38183594,0.28173828]
1	99	holidays	2025-09-04 11:28:00+00	179.11278645013385	12.812271820511008	0.012472546	[-0.34057617,0.19348145,-0.39868164,0.5395508,0.09210205,0.51904297,-0.29785156,-0.17248535]
1	100	holidays	\N	-179.5878288013798	-11.331538687031259	0	[-0.2915039,-0.5209961,0.26586914,0.27026367,-0.22045898,-0.43188477,-0.020874023,-0.51416016]
1	101	holidays	2025-05-11 13:39:00+00	20.456798336558734	89.78761598323617	0	[-0.1038208,-0.6220703,-0.07537842,-0.60546875,-0.07562256,0.4177246,-0.08459473,0.20690918]
1	102	holidays	2025-07-22 09:32:00+00	\N	\N	0.016858676	[0.2331543,0.75146484,-0.55615234,-0.016616821,-0.21264648,0.13391113,-0.017166138,-0.08734131]
1	103	holidays	2025-12-26 12:50:00+00	150.8548782947551	-86.28356613702825	0	[-0.61865234,-0.04598999,-0.4416504,-0.13244629,-0.077697754,0.39672852,-0.4206543,-0.24951172]
1	104	holidays	2025-06-30 21:36:00+00	-179.24863972829084	17.69963529529685	0.021867799	[0.17102051,0.5336914,0.2220459,-0.67285156,0.09857178,-0.39916992,-0.11456299,0.03515625]
1	105	holidays	2025-06-03 17:05:00+00	179.904924848857	-4.842389723682047	0.011458974	[-0.4025879,0.42041016,-0.036346436,0.2442627,0.19311523,0.42407227,0.37475586,-0.49243164]
1	106	holidays	\N	179.88697201357752	-9.50337591553598	0.010442517	[0.0017004013,-0.7675781,-0.17089844,0.2397461,0.31030273,0.44311523,-0.14550781,0.10107422]
1	107	holidays	2025-07-01 00:19:00+00	29.79270645527646	-89.7623796543156	0.008286127	[-0.45141602,-0.46044922,0.10205078,0.014434814,0.11126709,-0.37426758,0.1829834,0.6225586]
1	108	holidays	2025-01-15 16:33:00+00	-63.28424418953104	-89.4333390553819	0.009266496	[0.047912598,-0.15393066,0.35375977,-0.45410156,-0.1430664,0.6352539,-0.049743652,0.46484375]
1	109	中文	2025-04-06 13:20:00+00	\N	\N	0	[-0.1352539,-0.40185547,0.0027542114,-0.4753418,-0.4621582,0.61621094,-0.022491455,-0.02279663]
1	110	中文	2025-12-11 14:39:00+00	\N	\N	0.0031187711	[0.3618164,-0.095214844,-0.25317383,0.09313965,0.28173828,0.2668457,0.79345703,0.08416748]
1	111	中文	2025-08-24 19:26:00+00	-1.8085767939738275	-32.17464872973022	0	[-0.15795898,-0.32250977,0.17529297,0.36206055,0.13549805,0.044311523,-0.25634766,0.7895508]
1	112	中文	2025-08-08 14:55:00+00	79.21982679285304	89.93288514926199	0.010399903	[-0.34643555,0.030685425,0.1772461,-0.09124756,-0.34350586,0.24682617,-0.7011719,-0.41064453]
1	113	中文	2025-11-11 13:14:00+00	20.94110363599961	-89.89648093061393	0.0091355555	[-0.2253418,-0.2878418,-0.13049316,-0.040863037,-0.49902344,-0.012496948,-0.59375,0.4958496]
1	114	中文	\N	179.74451585373126	-18.06452835913827	0	[0.14233398,0.4699707,-0.6699219,0.076660156,-0.3227539,0.1739502,-0.3857422,-0.14550781]
1	115	中文	2025-08-28 02:06:00+00	-21.119690050127076	-89.28755136961631	0.005588301	[-0.3618164,0.2298584,0.019836426,-0.20141602,-0.17224121,0.125,0.3762207,-0.76708984]
1	116	中文	2025-10-27 06:47:00+00	13.323575062706318	52.583047359244716	0	[-0.47436523,0.4387207,-0.35083008,0.26416016,0.23205566,0.1026001,-0.51660156,-0.24182129]
1	117	中文	2025-06-18 00:19:00+00	13.493033809624475	52.5337674376285	0.003836971	[0.19213867,0.6347656,0.40551758,0.33569336,0.0068359375,0.33325195,-0.32739258,0.25439453]
1	118	中文	\N	\N	\N	0.010324462	[-0.7084961,-0.48779297,-0.0496521,0.12133789,0.2697754,-0.13330078,0.37451172,-0.10949707]
1	119	中文	2025-03-16 19:18:00+00	13.458001828697496	52.512479642313295	0.010661385	[-0.49853516,-0.07873535,0.08508301,-0.0541687,-0.07885742,0.6455078,0.46679688,0.30688477]
1	120	中文	2025-02-08 19:29:00+00	96.23931785002242	-44.14377210598159	0	[0.1295166,-0.1899414,0.25708008,0.3005371,0.0105896,0.71972656,-0.3852539,0.35253906]
\.


--
-- Data for Name: search_tuning; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.search_tuning (tuning_id, model_id, collection, ef_search, target_recall, measured_recall, queries, measured_at) FROM stdin;
\.


--
-- Data for Name: shadow; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.shadow (shadow_id, model_id, collection, begun_at, kept_until, noted_at, noted_waiting, pace) FROM stdin;
\.


--
-- Data for Name: shard; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.shard (shard_id, name, server, added_at) FROM stdin;
\.


--
-- Data for Name: slot; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.slot (slot, shard_id, moved_at) FROM stdin;
\.


--
-- Data for Name: text_added_token; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.text_added_token (model_id, token_id, body) FROM stdin;
1	533	<|startoftext|>
1	534	<|endoftext|>
\.


--
-- Data for Name: text_matrix; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.text_matrix (model_id, layer, part, scales, biases, start_outputs) FROM stdin;
1	1	query	[0.00390625,0.001953125,0.001953125,0.0009765625,0.001953125,0.001953125,0.001953125,0.001953125]	[0.19660664,-0.090738945,0.0026371593,0.13648431,-0.2141918,0.07580077,0.0013807009,-0.034676578]	\N
1	1	key	[0.00390625,0.00390625,0.00390625,0.00390625,0.00390625,0.001953125,0.001953125,0.0009765625]	[0,0,0,0,0,0,0,0]	[3.961191,2.1293385,-8.2651005,0.29126993,1.5351969,3.65445,0.4905515,0.9582909]
1	1	output	[7.6293945e-06,7.6293945e-06,7.6293945e-06,7.6293945e-06,1.5258789e-05,7.6293945e-06,7.6293945e-06,7.6293945e-06]	[-0.97472745,0.13184755,-3.2345786,0.45319107,2.575321,1.8776162,-0.5956142,-0.2330553]	\N
1	1	contract	[0.00390625,0.001953125,0.00390625,0.00390625,0.00390625,0.00390625,0.00390625,0.001953125]	[-2.1454334,-0.4241859,2.8555107,-1.6701502,-0.33423862,1.0250319,1.0779004,-0.38443503]	\N
1	2	project	[0.001953125,0.001953125,0.0009765625,0.0009765625,0.001953125,0.001953125,0.0009765625,0.0009765625]	[0.0781174,-0.059759848,0.029693907,-0.014176438,-0.001421877,-0.058011886,-0.016028032,-0.050889563]	\N
\.


--
-- Data for Name: text_merge; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.text_merge (model_id, left_id, right_id, rank, merged_id) FROM stdin;
1	116	104	0	512
1	512	357	1	513
1	114	101	2	514
1	514	356	3	515
1	100	111	4	516
1	516	359	5	517
1	105	110	6	518
1	518	359	7	519
1	195	425	8	520
1	111	366	9	521
1	99	97	10	522
1	522	370	11	523
1	115	116	12	524
1	524	514	13	525
1	110	105	14	526
1	526	103	15	527
1	104	372	16	528
1	527	528	17	529
1	97	110	18	530
1	104	353	19	531
1	116	531	20	532
\.


--
-- Data for Name: text_neuron; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.text_neuron (model_id, layer, part, neuron, weights, bias, start_output) FROM stdin;
1	1	query	1	[-1169,697.5,2.1914062,-188.625,183.625,-280.75,96,-914.5]	\N	\N
1	1	query	2	[-221.75,185,468.75,610.5,249.25,448.75,386.5,1902]	\N	\N
1	1	query	3	[-314,-759.5,-78.625,1553,-704,-832,-1760,-866.5]	\N	\N
1	1	query	4	[111.875,-92.3125,-464.25,1479,-983,-432.5,270.25,1943]	\N	\N
1	1	query	5	[-54.03125,-630.5,-27.234375,-1111,-199.875,893,-1226,570]	\N	\N
1	1	query	6	[463.75,736.5,243.375,1293,175.75,-626.5,-139,-227.625]	\N	\N
1	1	query	7	[-431.25,296.25,123.75,-1822,233.125,1527,941,-1214]	\N	\N
1	1	query	8	[446.25,116.4375,395.25,-544.5,282.75,-627.5,-533,1133]	\N	\N
1	1	key	1	[-852.5,-834.5,163.125,-21.203125,136.875,-297,-1081,-471.25]	\N	\N
1	1	key	2	[-897.5,467.5,-433.5,-120.8125,203.875,-249.875,-232.25,-1562]	\N	\N
1	1	key	3	[624.5,-571.5,103.5,-1462,671,-128.625,2016,1234]	\N	\N
1	1	key	4	[460,-225,-318.25,1803,-609.5,1424,427.75,-14.6953125]	\N	\N
1	1	key	5	[-733,1360,-723,-175.625,-897.5,1689,20.546875,900.5]	\N	\N
1	1	key	6	[-1743,1003.5,-475.25,-800.5,138.25,2002,-1371,1071]	\N	\N
1	1	key	7	[-1672,1594,-274.5,1123,-689.5,1362,1548,1264]	\N	\N
1	1	key	8	[-1286,-398.5,1966,1006.5,-1607,-919.5,161.5,-1015.5]	\N	\N
1	1	value	1	[720,-640.5,349.25,652,-172.375,506.75,-549.5,-215.625]	\N	360.85373245683843
1	1	value	2	[490.5,-358,-329.75,-134.375,-35.96875,-922.5,-766.5,-217.625]	\N	-114.41520775148177
1	1	value	3	[326,331.75,1184,-47.53125,-36.09375,407,-223.625,-764]	\N	635.1572611998027
1	1	value	4	[165.25,-69.5625,147.75,-754,97.875,266,-610,358]	\N	227.32779008114665
1	1	value	5	[181,-658,-368.5,1187,-77.0625,376.75,637.5,649]	\N	-413.8105707196155
1	1	value	6	[242.875,-145.5,-11.6953125,-1310,-64.4375,-287.5,421,-186.125]	\N	-836.8658762382764
1	1	value	7	[120.1875,376,-166.75,-593,68.3125,1224,1040,-487.75]	\N	-578.7303692259236
1	1	value	8	[-246.625,-336.25,-307.25,-471.75,-293.75,-102.375,-823.5,-24.515625]	\N	300.2621918070916
1	1	output	1	[248.125,101.0625,-29.640625,1479,82.875,-1604,-728,1293]	\N	\N
1	1	output	2	[116.625,865,144.5,1716,-321,-1724,734.5,899.5]	\N	\N
1	1	output	3	[827.5,-1458,900,1771,-791,1132,-1442,-232.875]	\N	\N
1	1	output	4	[-253.625,-25.671875,-1560,-1520,-449.25,1398,-173,298.5]	\N	\N
1	1	output	5	[-17.09375,1047,472.25,-1665,118.6875,130.375,-141.875,-995]	\N	\N
1	1	output	6	[-421.5,198,92.125,1038,-178,1776,470.75,-309.75]	\N	\N
1	1	output	7	[-725,-1710,349.5,504,549.5,-1705,1380,6.03125]	\N	\N
1	1	output	8	[242.375,-64.875,-840.5,-1659,869.5,465,41.46875,35.28125]	\N	\N
1	1	expand	1	[-1.1083984,-0.21777344,0.32348633,-0.5942383,-0.17089844,-0.060028076,-0.16894531,-0.043518066]	-0.064219877504348	\N
1	1	expand	2	[0.1907959,0.33325195,-0.83935547,-0.41455078,-0.58935547,0.6933594,0.62597656,-1.4638672]	-0.06580365887362746	\N
1	1	expand	3	[-1.7431641,0.7832031,-1.0488281,0.19213867,0.32177734,-0.8095703,0.36572266,-1.2714844]	0.05727805985834751	\N
1	1	expand	4	[-0.7783203,-0.020843506,0.39208984,-0.49731445,0.12188721,0.41333008,0.7446289,-0.0048065186]	0.08453853751499511	\N
1	1	expand	5	[-0.15039062,0.4128418,1.0957031,0.68847656,0.46020508,-0.60839844,0.40942383,-0.5126953]	0.34365961029091835	\N
1	1	expand	6	[-0.33007812,0.0715332,1.2324219,0.14160156,-1.5253906,-0.90234375,1.0019531,-0.1237793]	-0.03740965273727278	\N
1	1	expand	7	[-2.2363281,-0.24645996,-0.09631348,0.21813965,-0.2841797,-0.73779297,-0.3840332,0.74121094]	-0.1778557056604368	\N
1	1	expand	8	[1.2119141,0.28222656,0.44213867,-0.042907715,0.7734375,1.5058594,0.7138672,-0.30737305]	0.1051976286294666	\N
1	1	expand	9	[0.20153809,-0.39501953,0.4375,0.3618164,1.2460938,0.6948242,0.36547852,-1.2333984]	0.1470943650024907	\N
1	1	expand	10	[0.6845703,1.5957031,-0.8100586,-0.091796875,0.66503906,1.3828125,0.41064453,0.34326172]	0.20815840854445067	\N
1	1	expand	11	[1.1337891,0.9868164,0.107910156,0.22753906,-0.15039062,0.43847656,-0.74121094,0.8388672]	-0.029022274438740562	\N
1	1	expand	12	[0.31323242,-0.0030841827,-1.0800781,0.0057868958,0.85253906,-0.17102051,-0.15576172,0.66552734]	-0.02827956275763517	\N
1	1	expand	13	[-0.6875,0.083496094,0.9370117,-0.04449463,-0.53271484,-0.75146484,-0.2524414,-0.67041016]	-0.042586128378151886	\N
1	1	expand	14	[0.4807129,0.14538574,0.6269531,0.33740234,-2.0058594,-0.6508789,0.3618164,1.2871094]	-0.196926618883217	\N
1	1	expand	15	[0.83496094,-0.06555176,0.34716797,0.14697266,-0.48120117,0.5698242,0.4111328,0.5444336]	-0.0804923497489958	\N
1	1	expand	16	[0.6333008,0.3112793,1.9589844,-0.042144775,0.6845703,0.6972656,0.5751953,0.6303711]	0.0043125578226311185	\N
1	1	contract	1	[102.0625,-272.5,87.75,-41.34375,838,-32.53125,345.25,639.5,-507.75,-265.75,219.75,566.5,561.5,247.125,701,-1398]	\N	\N
1	1	contract	2	[-1736,328.5,9.8515625,-269.75,1814,710.5,-414,-896.5,163.25,-362.25,539.5,1345,-558,-1124,-1307,-1621]	\N	\N
1	1	contract	3	[417.75,361.75,-558.5,457.5,-151.75,-816.5,240,930.5,1040,646.5,875,-401.25,275,210.375,-300,336]	\N	\N
1	1	contract	4	[124.4375,-918.5,723,-479.25,178.125,-579.5,-418,694.5,1583,-140.625,-165.125,-105.875,743.5,-253.125,521,312]	\N	\N
1	1	contract	5	[71.375,574.5,871.5,734,-244.125,1261,458.5,-108.5625,-628.5,-468,-337.5,-341.25,37.125,-283,-715.5,266.75]	\N	\N
1	1	contract	6	[-63.90625,-332.25,63.59375,52.96875,-239.25,-29.640625,-632,-768,-930.5,93.6875,-418.5,477.75,-1267,-440,-132,269.75]	\N	\N
1	1	contract	7	[576.5,90.1875,-500,-559,-1113,-606.5,474.25,-469.75,-240.375,-91.125,496.5,-997.5,-529,534.5,387.75,599.5]	\N	\N
1	1	contract	8	[-719.5,665,-1385,-60.125,-350.75,895,-523,-940.5,-796.5,812,-1880,258.5,915,1092,383,850]	\N	\N
1	2	project	1	[871,326,1172,-403.75,-282,-226.625,723,266.25]	\N	\N
1	2	project	2	[-593.5,-83.3125,101.875,-1084,-1087,-333.75,-349.5,-67]	\N	\N
1	2	project	3	[1126,513,818.5,-427.25,647.5,120.875,521.5,964.5]	\N	\N
1	2	project	4	[441,976.5,1414,13.9375,-1361,-924.5,-391.5,-258.75]	\N	\N
1	2	project	5	[112.5,437.75,-189.5,203.875,-1187,-31.390625,89.25,-136.75]	\N	\N
1	2	project	6	[-259.75,422.5,-599,177.875,-1255,-131.75,95,52.375]	\N	\N
1	2	project	7	[-639.5,1704,890.5,-299.25,129.125,-925.5,21.890625,102.4375]	\N	\N
1	2	project	8	[-354,1046,-1539,-462,-1341,328.75,384.75,1254]	\N	\N
\.


--
-- Data for Name: text_position; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.text_position (model_id, "position", embedding) FROM stdin;
1	1	[-0.091699,-0.012251046,0.09111263,0.039607503,0.2817864,0.11722055,-0.38735813,-0.038418893]
1	2	[0.21552837,-0.19409971,0.02245599,-0.24818991,0.2620974,-0.043659125,0.1732213,-0.18735428]
1	3	[-0.12449768,-0.71190906,-0.13999608,-0.45108494,0.7336694,0.14384316,0.724086,-0.17411071]
1	4	[0.16161533,-0.2582773,0.05282806,0.35178536,0.31781903,-0.32906082,0.15881748,-0.45552707]
1	5	[0.30591917,0.4562314,-0.1756993,-0.14668025,0.11577302,-0.018056521,-0.13530695,-0.40218055]
1	6	[-0.15675363,0.050846975,0.20055357,-0.07265605,0.26171505,-0.06683136,0.061930854,-0.27880543]
1	7	[-0.177511,-0.033734657,-0.421289,0.33083686,-0.497944,0.5287401,-0.27062044,0.54152215]
1	8	[0.07010597,-0.23888758,-0.31055963,0.27586907,0.49408248,-0.3779088,0.21083608,-0.12353759]
1	9	[0.70231736,0.16134767,-0.4489676,-0.23863739,0.30692193,0.21069016,-0.17179242,-0.52187973]
1	10	[-0.112738006,0.44407204,-0.22334701,0.37492025,-0.49988437,-0.46374232,-0.019744376,0.5004638]
1	11	[-0.39718392,0.122201174,0.6584101,-0.4249596,-0.019097669,0.22788568,-0.12395245,-0.043303244]
1	12	[0.49946037,-0.31413096,-0.1827769,0.124886155,0.09054831,0.13901933,-0.29315776,-0.06384855]
\.


--
-- Data for Name: text_token; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.text_token (model_id, token_id, embedding) FROM stdin;
1	0	[-0.6166992,0.2890625,0.18359375,0.31591797,0.17443848,-0.08746338,-0.54248047,0.2836914]
1	1	[0.4477539,0.46484375,-0.16186523,-0.10913086,-1.2314453,-0.113464355,0.07421875,0.62841797]
1	2	[-0.14575195,0.34326172,0.19458008,-0.8745117,0.2668457,0.49023438,-0.10845947,-0.16601562]
1	3	[-0.022781372,0.09643555,-0.09967041,0.44970703,0.03753662,-0.12463379,-0.5205078,0.18383789]
1	4	[-0.15393066,0.25390625,0.15368652,-0.09893799,0.09088135,-0.16308594,-0.58203125,0.49951172]
1	5	[-0.17236328,-0.3100586,-0.17016602,-0.08746338,0.16784668,0.23742676,0.34545898,-0.010688782]
1	6	[0.16760254,0.33666992,0.40478516,-0.8100586,0.022979736,0.060577393,0.15429688,-0.33666992]
1	7	[-0.39331055,-0.48095703,0.09918213,-0.25048828,0.30517578,0.24047852,0.022232056,0.45751953]
1	8	[-0.23327637,0.06994629,-0.1451416,0.0141067505,0.3671875,-0.5605469,0.5654297,-0.07745361]
1	9	[0.6425781,-0.64990234,-0.21508789,0.22363281,0.25463867,0.0056762695,-0.38720703,0.12536621]
1	10	[-0.028213501,-0.3564453,-0.07208252,0.3112793,0.38598633,0.19934082,-0.21191406,-0.22790527]
1	11	[-0.4296875,0.16870117,-0.052703857,-0.17272949,0.14880371,0.10827637,0.52001953,-0.29052734]
1	12	[-0.015777588,-0.14196777,-0.15649414,0.3137207,0.10394287,-0.34692383,0.52783203,-0.28442383]
1	13	[0.16796875,0.3059082,-0.28564453,0.2770996,-0.07141113,-0.10974121,0.116760254,-0.4008789]
1	14	[0.013214111,0.17150879,-0.46557617,-0.21484375,-0.04031372,-0.15698242,0.72314453,-0.029907227]
1	15	[-0.20202637,-0.5751953,-0.08770752,0.5913086,-0.17456055,-0.32080078,0.5126953,0.25634766]
1	16	[0.12805176,-0.09875488,-0.28637695,0.52685547,-0.17150879,0.025726318,0.0078086853,-0.13195801]
1	17	[-0.22058105,-0.09741211,0.41308594,0.20361328,-0.13391113,-0.21350098,-0.29760742,0.34643555]
1	18	[-0.27197266,0.062072754,-0.56884766,0.6274414,-0.011291504,-0.5097656,0.6088867,0.06323242]
1	19	[0.35864258,-0.22192383,0.022232056,0.09063721,-0.24804688,-0.19799805,0.35864258,-0.1619873]
1	20	[-0.048339844,-0.1772461,-0.20910645,0.22729492,-0.14868164,0.29223633,0.04724121,0.01651001]
1	21	[0.12646484,-0.08123779,0.2902832,-0.52490234,-0.02532959,0.25830078,-0.19665527,0.1529541]
1	22	[-0.6225586,-0.3322754,0.3005371,0.26000977,0.703125,-0.6010742,0.3017578,-0.009002686]
1	23	[-0.6933594,0.21313477,0.29248047,0.34277344,-0.0004887581,0.112854004,0.12719727,-0.39453125]
1	24	[0.16772461,0.47314453,-0.37060547,-0.12384033,-0.24829102,-0.0814209,-0.3034668,0.4868164]
1	25	[0.1965332,-0.37646484,0.25170898,0.117004395,-0.5336914,0.5878906,0.14770508,-0.390625]
1	26	[-0.17578125,0.4868164,-0.74902344,0.17712402,-0.30004883,0.7314453,0.2541504,-0.42456055]
1	27	[-0.4309082,0.19177246,0.008628845,-0.008270264,0.20483398,0.08892822,0.11706543,-0.17199707]
1	28	[0.2824707,-0.20263672,0.48266602,0.0546875,0.13647461,-0.58447266,0.31640625,-0.48535156]
1	29	[-0.026931763,-0.041168213,-0.5175781,0.18884277,0.070739746,-0.2364502,0.5463867,0.016433716]
1	30	[0.4013672,-0.27075195,-0.17871094,0.34179688,-0.020355225,-0.18701172,-0.43725586,0.35107422]
1	31	[-0.15698242,-0.26123047,0.15185547,-0.26635742,-0.040100098,-0.010887146,-0.08526611,0.6689453]
1	32	[-0.31518555,-0.0814209,0.08917236,0.029708862,0.4025879,0.2121582,-0.35913086,0.022094727]
1	33	[-0.07385254,-0.0021457672,0.25512695,-0.11828613,-0.06213379,-0.3791504,0.25732422,0.122802734]
1	34	[0.06951904,0.15673828,0.22595215,-0.453125,0.32836914,0.12133789,-0.57958984,0.13061523]
1	35	[-0.08227539,-0.034301758,-0.27661133,-0.2861328,-0.3864746,0.1385498,0.2565918,0.67041016]
1	36	[0.20629883,0.026672363,0.47265625,0.124816895,0.3425293,-0.9057617,0.04296875,-0.31030273]
1	37	[-0.07507324,-0.06304932,-0.2088623,0.042175293,-0.08087158,-0.26757812,0.37768555,0.27563477]
1	38	[-0.15112305,0.2619629,-0.38598633,-0.49414062,0.3984375,-0.18835449,0.1619873,0.39697266]
1	39	[-0.0046691895,-0.48828125,-0.5151367,0.005683899,-0.5004883,0.92285156,0.13220215,0.44750977]
1	40	[0.40454102,-0.49023438,-0.10522461,0.2668457,-0.5,-0.029373169,0.06878662,0.38476562]
1	41	[-0.26000977,0.22045898,0.16540527,0.25585938,-0.09887695,0.20751953,-0.6870117,0.19689941]
1	42	[0.26831055,-0.25805664,-0.29370117,-0.24182129,0.32128906,0.30932617,-0.041046143,-0.064208984]
1	43	[0.09362793,0.25341797,0.24987793,0.013679504,-0.19482422,0.15429688,-0.22802734,-0.34204102]
1	44	[0.036010742,0.06829834,0.51464844,-0.19616699,0.22045898,-0.32714844,-0.3305664,0.014427185]
1	45	[-0.4091797,-0.24389648,0.2397461,0.043426514,0.1730957,0.2442627,-0.078552246,0.031188965]
1	46	[-0.33276367,-0.06939697,0.1227417,-0.12683105,-0.21655273,0.48217773,0.16247559,-0.021728516]
1	47	[0.77783203,-0.31274414,-0.15454102,0.24963379,-0.006298065,-0.34375,-0.118896484,-0.09094238]
1	48	[0.5,0.33129883,-0.1854248,-0.050842285,-0.17565918,-0.32617188,-0.30297852,0.2097168]
1	49	[0.054656982,-0.35009766,0.33325195,-0.1060791,0.2006836,-0.2944336,0.2734375,-0.111328125]
1	50	[0.3894043,-0.5395508,0.67285156,-0.105529785,-0.05279541,-0.3371582,-0.061065674,0.034057617]
1	51	[-0.029708862,0.22888184,-0.29223633,0.055755615,0.39575195,0.15234375,-0.21398926,-0.29663086]
1	52	[0.19152832,-0.33422852,0.050079346,-0.18188477,0.19799805,-0.62646484,0.21838379,0.484375]
1	53	[0.11376953,-0.23583984,0.045440674,0.13146973,-0.19677734,-0.10437012,0.24987793,-0.0036087036]
1	54	[-0.2734375,0.07287598,-0.18127441,-0.05126953,-0.28222656,0.21618652,0.5390625,-0.040008545]
1	55	[-0.15222168,-0.10064697,0.043395996,-0.45043945,0.44091797,0.15881348,-0.039154053,0.0993042]
1	56	[0.12432861,0.4189453,-0.02684021,-0.3708496,0.09613037,-0.23144531,-0.00077724457,-0.009338379]
1	57	[-0.00818634,0.5703125,-0.20715332,0.24304199,0.015289307,-0.41259766,0.25512695,-0.4560547]
1	58	[0.023132324,0.16674805,-0.111572266,-0.2705078,0.030456543,0.48828125,-0.27026367,-0.056488037]
1	59	[-0.43432617,0.026473999,-0.14147949,0.2397461,-0.15759277,0.1529541,0.30493164,0.00920105]
1	60	[0.075805664,-0.15490723,0.021102905,0.32763672,0.17700195,-0.15344238,-0.37182617,0.07849121]
1	61	[-0.17675781,-0.16699219,0.37890625,0.49267578,-0.19458008,0.064331055,0.0690918,-0.46655273]
1	62	[-0.14440918,0.048706055,0.1595459,0.011856079,-0.20178223,0.32104492,-0.1550293,-0.040039062]
1	63	[-0.02859497,-0.15759277,-0.027572632,-0.25146484,0.34057617,0.3305664,-0.32470703,0.118652344]
1	64	[-0.59228516,0.07330322,0.2163086,-0.48754883,-0.1274414,0.030776978,0.71435547,0.17248535]
1	65	[0.26416016,-0.1739502,-0.1348877,-0.48632812,0.120666504,0.014625549,0.33618164,0.059570312]
1	66	[-0.2166748,0.38256836,0.21057129,-0.39794922,0.21875,0.35107422,-0.30004883,-0.24829102]
1	67	[0.06707764,-0.2890625,-0.14916992,-0.41088867,0.33862305,0.08642578,-0.04824829,0.40527344]
1	68	[-0.085998535,0.014541626,0.03866577,0.1640625,0.2442627,-0.1394043,0.021072388,-0.25708008]
1	69	[0.090270996,-0.057037354,-0.17675781,-0.3190918,0.018173218,-0.008056641,0.3491211,0.103515625]
1	70	[0.25732422,0.328125,-0.27172852,-0.15905762,0.043762207,-0.14746094,-0.14001465,0.08892822]
1	71	[0.2277832,-0.15161133,0.46899414,-0.63964844,0.03677368,-0.49023438,0.21984863,0.32788086]
1	72	[0.058898926,0.37524414,-0.19262695,0.16101074,-0.17492676,-0.38256836,-0.12036133,0.27514648]
1	73	[-0.072143555,0.18383789,-0.43774414,0.36865234,-0.23803711,0.22631836,-0.3071289,0.2763672]
1	74	[0.51416016,-0.3918457,-0.12426758,0.008964539,-0.40527344,-0.0960083,0.32861328,0.16577148]
1	75	[0.3022461,-0.3605957,0.2824707,0.26000977,-0.34179688,-0.04977417,-0.17773438,0.0848999]
1	76	[-0.13537598,0.39257812,0.031921387,-0.5097656,-0.020980835,0.0637207,0.46826172,-0.29077148]
1	77	[-0.40014648,0.14758301,-0.31958008,0.118774414,-0.011268616,0.625,-0.4013672,0.24121094]
1	78	[-0.022781372,-0.09838867,0.47924805,-0.0236969,-0.4182129,-0.2602539,0.26538086,0.07873535]
1	79	[0.20019531,-0.15014648,0.3071289,-0.099731445,0.20422363,0.2479248,-0.5185547,-0.19116211]
1	80	[0.31225586,-0.24743652,0.24926758,0.10662842,0.0005917549,-0.07659912,0.11431885,-0.45922852]
1	81	[-0.24230957,0.31958008,0.2824707,0.55615234,-0.12939453,-0.24475098,0.23779297,-0.7792969]
1	82	[0.06341553,0.80078125,0.14135742,0.3684082,-0.070495605,-0.18115234,-0.34033203,-0.78222656]
1	83	[0.41333008,-0.05819702,-0.19055176,-0.017807007,-0.26220703,0.26049805,-0.15002441,0.004966736]
1	84	[0.07116699,-0.012504578,-0.101623535,0.38598633,-0.21716309,-0.19055176,-0.0146484375,0.079589844]
1	85	[-0.1463623,-0.0597229,0.33691406,0.15441895,-0.09515381,-0.21069336,0.13391113,-0.11328125]
1	86	[-0.28881836,0.2919922,-0.15148926,0.48242188,-0.10925293,0.20239258,-0.10534668,-0.32202148]
1	87	[0.10015869,0.16699219,-0.008224487,0.5151367,-0.19311523,-0.48364258,0.068237305,-0.16552734]
1	88	[0.20544434,-0.21936035,0.26586914,-0.6640625,-0.15917969,0.6166992,-0.32543945,0.27978516]
1	89	[0.23754883,-0.26293945,-0.003955841,-0.7451172,0.09094238,0.07977295,0.50683594,0.09667969]
1	90	[0.30566406,0.3203125,0.7348633,-0.17199707,-0.28955078,0.012718201,-0.5649414,-0.34716797]
1	91	[-0.080566406,0.3540039,0.13830566,-0.11651611,-0.5805664,-0.02279663,-0.04260254,0.35083008]
1	92	[-0.2512207,-0.14294434,-0.06744385,0.18688965,0.09051514,0.0076408386,-0.061920166,0.23852539]
1	93	[0.57128906,-0.19311523,0.030563354,-0.4855957,-0.13024902,0.46704102,-0.10443115,-0.15551758]
1	94	[-0.14331055,0.2836914,-0.28735352,0.18615723,-0.41430664,0.22717285,0.29003906,-0.14233398]
1	95	[0.047302246,-0.20617676,-0.8198242,0.093444824,0.0024223328,0.37060547,0.39013672,0.12231445]
1	96	[-0.2932129,0.042633057,-0.4284668,-0.03466797,0.048919678,0.62353516,0.12042236,-0.07904053]
1	97	[0.9472656,0.06390381,-0.62646484,-0.030883789,0.22106934,-0.42138672,-0.33325195,0.17944336]
1	98	[-0.0024204254,-0.101623535,0.33691406,0.0059661865,0.008850098,-0.4946289,0.3383789,-0.091552734]
1	99	[-0.3544922,-0.265625,0.58447266,-0.07330322,-0.072265625,0.25512695,0.18798828,-0.26171875]
1	100	[0.118896484,-0.07281494,0.034576416,-0.14562988,-0.12213135,0.12194824,-0.26708984,0.3322754]
1	101	[-0.45703125,0.07092285,0.08239746,-0.24328613,-0.0025577545,-0.0793457,0.7265625,-0.097351074]
1	102	[-0.26171875,0.5678711,0.14587402,0.10443115,0.41308594,0.09893799,-0.31347656,-0.7548828]
1	103	[-0.3701172,0.48876953,0.055633545,0.039855957,0.39453125,-0.36621094,-0.33642578,0.09423828]
1	104	[0.2253418,0.4897461,0.25390625,-0.49145508,-0.25268555,0.34375,-0.13671875,-0.43188477]
1	105	[-0.36108398,-0.07763672,-0.24682617,0.4111328,0.27441406,-0.27539062,0.41674805,-0.14135742]
1	106	[-0.24353027,0.18566895,-0.08227539,-0.025772095,-0.06341553,0.22180176,0.2590332,-0.25170898]
1	107	[-0.03869629,0.24694824,0.3005371,-0.5571289,-0.22998047,0.09539795,0.4416504,-0.25830078]
1	108	[0.15625,-0.13830566,-0.09448242,0.08276367,0.22045898,0.011947632,0.1083374,-0.34692383]
1	109	[-0.12976074,-0.015991211,0.0025043488,-0.3383789,-0.05355835,0.43237305,-0.18737793,0.29003906]
1	110	[0.103149414,-1.0273438,0.46777344,-0.06896973,-0.089416504,0.22436523,0.23474121,0.15539551]
1	111	[-0.5957031,-0.13220215,0.20593262,0.10882568,-0.40039062,0.017364502,0.2692871,0.52685547]
1	112	[0.15905762,-0.36767578,0.71533203,-0.14111328,-0.31274414,-0.28955078,0.10223389,0.1340332]
1	113	[0.11956787,-0.13647461,-0.43920898,0.41333008,0.049987793,-0.14819336,0.117370605,0.023666382]
1	114	[-0.21691895,0.068481445,-0.16210938,-0.0657959,0.45166016,-0.21972656,0.14355469,0.0006952286]
1	115	[0.34179688,-0.15332031,-0.21728516,0.2783203,-0.2565918,-0.074645996,-0.21386719,0.29541016]
1	116	[-0.11029053,-0.090148926,0.23156738,0.52441406,0.39257812,-0.29516602,-0.45629883,-0.19677734]
1	117	[0.020263672,-0.10406494,0.030715942,0.08123779,0.32226562,-0.4663086,0.09637451,0.01940918]
1	118	[0.11584473,0.11773682,-0.11584473,-0.24536133,0.46801758,-0.20092773,0.08996582,-0.22949219]
1	119	[0.72216797,0.034088135,-0.033355713,-0.07507324,-0.14208984,-0.22912598,0.16186523,-0.43847656]
1	120	[-0.1940918,0.20166016,0.6464844,-0.16308594,0.26538086,-0.25195312,-0.0758667,-0.42895508]
1	121	[-0.8300781,-0.14367676,0.27563477,0.73095703,0.28564453,-0.171875,0.3894043,-0.5361328]
1	122	[-0.2993164,0.081848145,0.38085938,-0.09906006,0.40698242,0.20593262,-0.24267578,-0.43432617]
1	123	[-0.24926758,-0.1541748,-0.106933594,0.10241699,0.11193848,0.5488281,-0.3996582,0.14672852]
1	124	[0.50683594,0.02998352,-0.45629883,0.06854248,-0.23156738,0.118896484,-0.21325684,0.17651367]
1	125	[0.17272949,-0.15539551,0.13354492,-0.24804688,0.040222168,0.06616211,0.04321289,-0.052459717]
1	126	[0.06713867,0.62890625,0.031951904,-0.5385742,0.59716797,-0.44458008,-0.21972656,-0.12194824]
1	127	[-0.49389648,0.16662598,-0.17175293,-0.013679504,0.09893799,0.31933594,-0.15844727,0.25317383]
1	128	[0.18310547,0.3696289,-0.10272217,-0.30908203,0.19018555,0.08782959,-0.053527832,-0.36547852]
1	129	[-0.22436523,-0.25024414,-0.33935547,0.19995117,0.09161377,0.39111328,-0.3359375,0.46728516]
1	130	[0.74658203,-0.04220581,-0.6040039,0.45581055,-0.5517578,0.48266602,0.14196777,-0.62939453]
1	131	[-0.10357666,0.07537842,0.1640625,-0.41064453,0.22753906,0.26489258,-0.055786133,-0.1619873]
1	132	[0.06951904,-0.27075195,-0.14111328,-0.42578125,-0.1274414,0.11450195,0.5761719,0.20507812]
1	133	[0.36547852,-0.34375,0.2052002,0.004886627,0.33496094,-0.3305664,-0.12878418,-0.10748291]
1	134	[-0.39575195,0.1821289,0.2770996,-0.16638184,0.10028076,-0.059661865,0.0035629272,0.058624268]
1	135	[-0.1217041,-0.21582031,0.111694336,0.07342529,-0.3815918,0.15637207,0.5102539,-0.13269043]
1	136	[-0.2322998,0.85009766,-0.5800781,0.14624023,0.09716797,0.13171387,-0.41625977,0.0032043457]
1	137	[0.39453125,-0.43798828,-0.35913086,-0.036743164,-0.1104126,0.22570801,-0.056915283,0.38085938]
1	138	[-0.21777344,0.16503906,0.41601562,0.2199707,-0.08996582,-0.31347656,-0.20568848,0.025726318]
1	139	[0.14904785,0.6147461,0.31860352,-0.63623047,0.27246094,-0.5703125,-0.042388916,-0.10614014]
1	140	[-0.1706543,-0.38671875,0.18054199,0.1953125,-0.114746094,0.2763672,-0.07751465,0.097229004]
1	141	[0.27001953,0.065979004,0.15600586,-0.19494629,-0.18652344,-0.28076172,-0.32177734,0.4921875]
1	142	[0.43066406,-0.0023670197,-0.14831543,-0.057891846,0.21789551,0.00084114075,-0.49194336,0.05117798]
1	143	[0.44189453,-0.28857422,0.7373047,0.2956543,-0.41015625,0.0025520325,-0.50390625,-0.2746582]
1	144	[-0.064819336,0.21923828,0.0513916,0.4033203,0.0013504028,-0.45629883,-0.5053711,0.35107422]
1	145	[0.1953125,-0.004623413,-0.14318848,-0.32177734,0.24267578,-0.11584473,0.11450195,0.03302002]
1	146	[0.029968262,0.1772461,0.46679688,-0.074157715,-0.09820557,-0.04586792,0.037017822,-0.49267578]
1	147	[0.9267578,-0.22875977,-0.52001953,0.0050964355,-0.27685547,-0.26245117,0.42114258,-0.0647583]
1	148	[-0.01789856,-0.12133789,0.0871582,0.11798096,-0.35791016,0.15100098,0.10461426,0.036346436]
1	149	[0.10369873,0.19165039,0.16369629,0.19812012,-0.11578369,-0.009101868,-0.12335205,-0.40893555]
1	150	[0.08325195,0.5517578,-0.4494629,-0.36914062,0.4020996,0.025665283,-0.5048828,0.2607422]
1	151	[-0.13085938,0.10229492,-0.08520508,0.10467529,0.45776367,-0.15588379,0.24926758,-0.5419922]
1	152	[-0.38720703,-0.03277588,-0.28295898,-0.053710938,0.3503418,0.22998047,0.23706055,-0.06088257]
1	153	[-0.3190918,-0.35498047,0.3149414,0.21289062,-0.19641113,0.0791626,0.35253906,-0.08911133]
1	154	[0.40966797,-0.093566895,0.13720703,0.04232788,-0.38793945,-0.124694824,0.07318115,-0.05621338]
1	155	[0.14892578,0.33984375,-0.049591064,-0.66796875,0.101501465,0.36157227,-0.10723877,-0.12670898]
1	156	[0.22058105,0.095825195,0.24304199,0.10803223,0.015731812,-1.0761719,-0.14538574,0.53808594]
1	157	[-0.27246094,-0.12890625,-0.09020996,0.015098572,-0.13781738,0.25219727,0.2133789,0.14880371]
1	158	[-0.16552734,-0.16552734,0.09185791,0.22839355,0.49536133,0.4333496,-0.43969727,-0.47827148]
1	159	[-0.29101562,0.2376709,-0.2602539,0.46166992,-0.32055664,-0.09307861,-0.094177246,0.35961914]
1	160	[-0.17773438,-0.5366211,0.5957031,0.019638062,-0.15332031,0.12005615,0.012573242,0.11981201]
1	161	[-0.28955078,-0.2956543,-0.09375,0.19580078,0.05392456,0.0019407272,0.33935547,0.08782959]
1	162	[0.13452148,0.008781433,0.25634766,-0.2709961,0.09490967,-0.7758789,0.20349121,0.34838867]
1	163	[0.13793945,-0.24279785,-0.20947266,-0.4580078,0.39013672,0.08062744,0.17114258,0.1303711]
1	164	[-0.6411133,0.08300781,0.5786133,0.4326172,0.26416016,-0.5102539,-0.2734375,0.06689453]
1	165	[0.18493652,0.37329102,-0.26416016,0.20410156,-0.19482422,0.13745117,-0.25976562,-0.18115234]
1	166	[-0.014251709,-0.045837402,-0.44360352,0.26611328,-0.35229492,-0.16308594,0.17321777,0.57958984]
1	167	[0.28466797,-0.22998047,-0.113708496,0.24157715,0.17785645,-0.51708984,0.4008789,-0.24414062]
1	168	[0.21594238,0.14575195,-0.06921387,0.05819702,-0.059387207,0.032287598,-0.15490723,-0.16870117]
1	169	[0.23730469,-0.29711914,0.6347656,0.022506714,-0.421875,-0.08203125,-0.070617676,-0.023223877]
1	170	[-0.115600586,-0.016143799,-0.12573242,0.3864746,0.21740723,0.10345459,-0.25805664,-0.19177246]
1	171	[0.09338379,-0.26293945,-0.21594238,0.2602539,0.23840332,-0.16247559,-0.064941406,0.11431885]
1	172	[0.1538086,0.34033203,-0.48486328,-0.20141602,0.16064453,-0.25317383,0.2668457,0.017791748]
1	173	[0.4284668,-0.33618164,-0.1451416,-0.18835449,0.32714844,-0.032318115,0.025756836,-0.07946777]
1	174	[-0.124572754,0.21838379,-0.7583008,0.07330322,0.44555664,-0.032684326,-0.12548828,0.30395508]
1	175	[0.23583984,0.23291016,-0.037902832,-0.26293945,0.012336731,-0.35717773,-0.1427002,0.31982422]
1	176	[-0.5307617,0.63720703,0.39038086,-0.14819336,0.024353027,-0.38598633,0.13549805,-0.12237549]
1	177	[-0.10449219,0.21777344,-0.44262695,-0.14819336,0.37036133,-0.21887207,0.27001953,0.05593872]
1	178	[-0.19104004,0.05065918,0.25976562,0.27441406,0.10797119,-0.5800781,-0.098083496,0.17675781]
1	179	[-0.057861328,0.4506836,-0.46069336,-0.11364746,0.5366211,-0.2368164,-0.02128601,-0.09729004]
1	180	[0.17272949,0.50341797,-0.075805664,0.01285553,-0.6557617,-0.39941406,0.044799805,0.3972168]
1	181	[0.054748535,-0.28076172,-0.14611816,0.046661377,-0.28051758,0.24597168,-0.058563232,0.41845703]
1	182	[-0.2783203,-0.028213501,0.02355957,-0.09259033,0.091552734,0.44213867,-0.27612305,0.11804199]
1	183	[-0.43603516,-0.19299316,0.3564453,-0.09777832,0.19348145,0.13293457,0.1665039,-0.12261963]
1	184	[-0.3095703,-0.10687256,0.6254883,-0.22351074,-0.105041504,-0.36547852,-0.08526611,0.5703125]
1	185	[-0.23327637,-0.14733887,0.2446289,-0.2512207,0.027374268,0.2932129,-0.112854004,0.17944336]
1	186	[0.023651123,0.06616211,0.36206055,-0.3293457,-0.0914917,0.28808594,-0.05230713,-0.2668457]
1	187	[-0.16662598,0.096069336,0.043762207,0.30419922,0.52490234,-0.39941406,-0.23522949,-0.16748047]
1	188	[-0.30151367,0.08288574,0.0024795532,0.063964844,0.17858887,-0.18554688,-0.060943604,0.22021484]
1	189	[-0.40478516,0.062316895,0.24658203,-0.10357666,-0.23352051,-0.04840088,0.3737793,0.10748291]
1	190	[0.34521484,-0.23217773,0.09460449,-0.18322754,0.33935547,-0.4506836,-0.13305664,0.2199707]
1	191	[-0.48291016,0.31518555,-0.2590332,-0.1772461,0.21130371,-0.12347412,0.12249756,0.3935547]
1	192	[-0.20031738,0.33520508,0.31445312,0.49365234,0.19714355,-0.38085938,-0.31323242,-0.44604492]
1	193	[0.2998047,-0.39648438,-0.13513184,-0.40014648,-0.6845703,0.4650879,0.32763672,0.5239258]
1	194	[0.048339844,-0.43139648,-0.23742676,-0.13598633,0.20446777,0.4050293,-0.06762695,0.21459961]
1	195	[-0.11541748,0.69628906,-0.19677734,-0.42578125,-0.23913574,-0.008766174,0.066101074,0.22363281]
1	196	[0.078125,-0.16687012,0.32763672,-0.5942383,0.122802734,0.041107178,0.23327637,-0.041809082]
1	197	[0.15710449,-0.0463562,0.3671875,-0.2841797,-0.16699219,-0.21447754,0.049224854,0.1385498]
1	198	[0.0010290146,-0.07348633,0.0262146,0.08099365,-0.25195312,0.041503906,-0.18945312,0.36523438]
1	199	[-0.4272461,0.056274414,-0.049560547,0.02041626,0.16552734,0.3786621,0.2529297,-0.3972168]
1	200	[0.31811523,0.25341797,-0.23059082,-0.87402344,0.28637695,0.12854004,0.011047363,0.1071167]
1	201	[0.16540527,-0.46923828,0.49780273,-0.12573242,-0.024215698,-0.30810547,0.004398346,0.25976562]
1	202	[0.30932617,-0.3359375,0.05307007,-0.12121582,0.0011644363,0.22143555,-0.16259766,0.03466797]
1	203	[0.42504883,-0.8339844,-0.09051514,0.26342773,-0.19848633,0.15441895,0.37451172,-0.09466553]
1	204	[0.15332031,-0.53466797,-0.16137695,0.28808594,-0.35742188,0.28588867,0.20446777,0.12188721]
1	205	[-0.26245117,0.112976074,0.19580078,-0.3190918,0.033935547,0.19750977,0.44067383,-0.39916992]
1	206	[0.4729004,-0.17272949,-0.5097656,0.0049057007,-0.15405273,0.37695312,-0.16223145,0.1439209]
1	207	[0.32788086,0.28271484,-0.27416992,0.6279297,-0.38549805,-0.0014781952,-0.39697266,-0.18041992]
1	208	[-0.46118164,-0.21057129,0.16442871,0.31860352,-0.3010254,0.042419434,0.17749023,0.2697754]
1	209	[0.07543945,0.30273438,-0.08239746,0.54345703,-0.06048584,0.42236328,-0.4411621,-0.7597656]
1	210	[0.01209259,-0.047424316,-0.09234619,-0.0284729,0.6748047,-0.18798828,-0.3557129,0.02520752]
1	211	[-0.045898438,-0.1652832,-0.17211914,0.2619629,0.6533203,-0.27368164,0.27783203,-0.5361328]
1	212	[-0.34472656,-0.084350586,0.095581055,-0.3671875,-0.3400879,0.12854004,0.8251953,0.08666992]
1	213	[0.31469727,-0.16064453,-0.35620117,-0.16040039,0.12158203,-0.1060791,0.019821167,0.32714844]
1	214	[-0.48168945,0.11529541,0.48291016,-0.44506836,0.3894043,0.31689453,-0.11621094,-0.2614746]
1	215	[0.44458008,-0.4802246,-0.1685791,0.097839355,-0.15771484,-0.42651367,-0.20690918,0.89746094]
1	216	[0.23962402,-0.1352539,-0.076293945,0.16223145,-0.2705078,0.13476562,0.4086914,-0.4633789]
1	217	[-0.01737976,0.4951172,-0.49047852,-0.0209198,0.14538574,-0.32006836,0.025131226,0.18310547]
1	218	[0.11993408,-0.0103302,-0.5332031,0.09423828,0.12188721,-0.2397461,-0.095214844,0.54248047]
1	219	[-0.3005371,-0.15686035,0.14086914,-0.048095703,0.5673828,-0.5551758,-0.21618652,0.56884766]
1	220	[-0.27319336,0.35839844,-0.19494629,0.16625977,0.1928711,0.15234375,0.12359619,-0.5253906]
1	221	[-0.15356445,0.35083008,-0.38891602,0.42016602,0.05911255,-0.18432617,-0.42138672,0.31811523]
1	222	[-0.4819336,0.027908325,0.39501953,0.04248047,0.078186035,-0.29223633,0.45336914,-0.22277832]
1	223	[-0.3095703,0.25024414,-0.31982422,-0.07385254,0.21777344,-0.06719971,-0.12646484,0.42871094]
1	224	[0.06793213,0.014595032,-0.40698242,-0.23156738,0.50390625,-0.24072266,0.049713135,0.24316406]
1	225	[-0.03152466,0.5830078,0.0069732666,-0.49169922,-0.030426025,-0.105773926,-0.3696289,0.4387207]
1	226	[-0.50878906,-0.4104004,-0.10644531,0.3083496,0.14831543,0.010147095,-0.062927246,0.62158203]
1	227	[0.15698242,-0.12683105,0.42211914,0.30004883,0.2475586,-0.63916016,-0.01361084,-0.3474121]
1	228	[-0.15246582,0.19384766,0.36401367,-0.18884277,0.40112305,-0.0023040771,-0.34887695,-0.26635742]
1	229	[0.018157959,0.04296875,0.14855957,0.07611084,0.064697266,-0.14050293,0.02684021,-0.2368164]
1	230	[0.2927246,0.2529297,-0.0102005005,-0.032958984,-0.1973877,-0.4753418,0.11151123,0.05847168]
1	231	[-0.03765869,-0.34106445,-0.033843994,0.2998047,-0.0030765533,0.2421875,0.09484863,-0.2211914]
1	232	[0.17370605,0.035583496,0.32250977,-0.4831543,0.21130371,0.095214844,-0.51220703,0.1574707]
1	233	[-0.37182617,-0.41577148,0.27368164,0.18591309,0.19458008,-0.07824707,-0.14221191,0.3540039]
1	234	[-0.1060791,-0.25463867,-0.04928589,0.25024414,0.4621582,0.10333252,-0.21936035,-0.1862793]
1	235	[0.7626953,-0.44750977,0.32006836,-0.4716797,-0.07940674,0.40161133,-0.33764648,-0.14807129]
1	236	[0.18029785,0.041931152,-0.30249023,0.42944336,-0.00932312,-0.36791992,0.014770508,0.013244629]
1	237	[-0.5136719,0.3852539,0.16040039,-0.23901367,-0.12054443,-0.0085372925,-0.008995056,0.3449707]
1	238	[-0.18310547,-0.19677734,0.70166016,-0.5595703,-0.27929688,0.5488281,-0.057678223,0.026321411]
1	239	[0.18310547,-0.30395508,0.3479004,-0.36572266,0.01586914,0.3083496,0.06121826,-0.24682617]
1	240	[0.2368164,-0.036315918,0.2619629,-0.22583008,0.17590332,-0.08093262,-0.39526367,0.0637207]
1	241	[-0.31884766,-0.23583984,0.4741211,-0.123413086,0.31567383,0.2064209,-0.081726074,-0.23620605]
1	242	[0.24560547,-0.8696289,0.0042495728,0.10449219,-0.1394043,0.14709473,0.37280273,0.13452148]
1	243	[-0.30981445,0.3671875,0.00024986267,-0.3293457,0.36376953,-0.24133301,-0.19641113,0.34570312]
1	244	[-0.22570801,0.21447754,-0.65625,0.22644043,0.16320801,-0.1986084,0.32250977,0.15356445]
1	245	[0.28515625,0.024291992,-0.4296875,-0.26611328,-0.3227539,0.48754883,-0.24316406,0.4645996]
1	246	[-0.24829102,-0.22143555,-0.18322754,0.47314453,-0.42944336,0.4892578,0.25390625,-0.13378906]
1	247	[-0.78222656,0.25317383,-0.077697754,-0.070739746,0.5239258,-0.3774414,0.11315918,0.41796875]
1	248	[0.09436035,0.10620117,0.09716797,0.16638184,0.22351074,-0.4699707,-0.21740723,-0.00020432472]
1	249	[-0.31420898,-0.13574219,-0.025909424,0.4243164,0.27392578,0.17626953,-0.34301758,-0.05557251]
1	250	[0.08105469,0.6010742,-0.89453125,0.34936523,-0.3942871,0.2220459,-0.05670166,0.09161377]
1	251	[-0.12548828,-0.37963867,0.09680176,0.16394043,-0.03189087,0.39868164,-0.12585449,0.0033779144]
1	252	[-0.5620117,-0.35229492,0.13696289,0.7504883,0.17553711,-0.3762207,0.0060539246,0.2211914]
1	253	[-0.8569336,-0.3647461,-0.030792236,-0.0947876,0.36572266,0.5957031,0.41992188,-0.033966064]
1	254	[-0.375,-0.1104126,-0.5073242,0.20227051,-0.17041016,0.3918457,0.013069153,0.55566406]
1	255	[0.058776855,0.07043457,0.11090088,0.047424316,0.37182617,-0.33447266,-0.51708984,0.19213867]
1	256	[0.120666504,-0.5708008,0.22949219,0.12890625,-0.12573242,-0.15368652,0.016433716,0.35473633]
1	257	[-0.5942383,0.31591797,-0.08648682,0.20080566,-0.07165527,-0.42626953,0.10144043,0.5605469]
1	258	[0.070007324,0.15649414,-0.32592773,0.08929443,-0.2397461,-0.016540527,-0.17077637,0.43701172]
1	259	[0.27807617,0.06591797,-0.21789551,0.038116455,-0.12194824,-0.14697266,0.023620605,0.08111572]
1	260	[-0.16308594,-0.048461914,0.36645508,-0.017059326,-0.041778564,0.2130127,-0.015068054,-0.29418945]
1	261	[0.38549805,-0.080444336,-0.14013672,0.3227539,-0.36791992,-0.19470215,-0.15563965,0.23083496]
1	262	[0.31152344,0.035064697,-0.43725586,-0.16003418,0.36132812,-0.025726318,0.07080078,-0.15551758]
1	263	[0.45776367,-0.3400879,0.40844727,-0.15795898,0.3269043,-0.35375977,-0.00017738342,-0.34106445]
1	264	[-0.31298828,0.24377441,-0.6640625,-0.3244629,-0.004421234,0.19238281,0.42871094,0.4411621]
1	265	[-0.20275879,-0.08709717,0.30517578,0.27734375,0.062194824,-0.2998047,0.19628906,-0.25146484]
1	266	[0.20202637,0.5058594,-0.037353516,-0.18359375,0.10119629,-0.35058594,-0.23535156,-0.0022640228]
1	267	[0.13891602,-0.09899902,-0.19116211,0.23913574,-0.3618164,0.14257812,0.0357666,0.095581055]
1	268	[0.090270996,-0.45410156,1.2216797,-0.068847656,-0.41455078,-0.3803711,0.048950195,-0.043151855]
1	269	[0.16833496,-0.4404297,-0.15588379,-0.009674072,0.21826172,-0.27929688,0.22253418,0.27612305]
1	270	[-0.21789551,0.6503906,-0.2097168,-0.049194336,-0.38061523,0.017181396,0.04058838,0.14953613]
1	271	[0.3708496,0.34570312,-0.33154297,0.2553711,-0.12841797,-0.022247314,-0.6123047,0.12243652]
1	272	[0.17565918,-0.022140503,-0.66748047,0.4104004,-0.13378906,0.32470703,-0.45410156,0.36669922]
1	273	[-0.051696777,0.021484375,0.21044922,-0.38745117,0.010437012,0.12683105,0.42163086,-0.3515625]
1	274	[-0.1361084,-0.010093689,0.10083008,-0.47827148,0.16821289,0.005268097,0.1315918,0.21838379]
1	275	[-0.14416504,-0.011787415,0.26733398,0.118652344,0.5883789,-0.017868042,-0.52441406,-0.2758789]
1	276	[0.23291016,0.06878662,-0.08483887,-0.18164062,-0.1619873,-0.15625,0.4296875,-0.14660645]
1	277	[-0.0032138824,0.5288086,-0.2010498,0.1315918,-0.2529297,-0.3828125,0.21948242,-0.039642334]
1	278	[0.12670898,-0.0062408447,-0.34887695,-0.02192688,-0.17529297,0.031433105,0.5756836,-0.18151855]
1	279	[0.30004883,0.047729492,0.33276367,-0.46362305,0.09277344,-0.4350586,0.30371094,-0.17834473]
1	280	[0.45092773,0.13708496,-0.13208008,0.13330078,-0.14501953,0.002571106,-0.5683594,0.12176514]
1	281	[-0.07110596,0.057495117,0.71240234,-0.28979492,0.011329651,0.08935547,-0.5541992,0.04421997]
1	282	[0.10095215,-0.3930664,0.24389648,0.29248047,-0.14892578,0.1361084,0.14123535,-0.37280273]
1	283	[-0.18408203,0.25317383,-0.15686035,0.23352051,0.1809082,0.019439697,-0.046051025,-0.30029297]
1	284	[0.0017852783,0.27490234,-0.05822754,-0.7167969,0.23388672,0.2052002,0.13671875,-0.07739258]
1	285	[0.37475586,-0.027938843,-0.057006836,-0.12573242,-0.48168945,0.27075195,-0.38793945,0.43481445]
1	286	[0.15991211,-0.2902832,-0.26538086,0.79003906,-0.33422852,-0.14038086,-0.13989258,0.21984863]
1	287	[-0.030899048,0.0078125,-0.04800415,0.1352539,-0.26757812,0.07946777,0.046051025,0.077941895]
1	288	[-0.5161133,0.3203125,-0.29907227,-0.09082031,0.36279297,0.5551758,-0.21130371,-0.120910645]
1	289	[0.08673096,0.16967773,-0.27368164,0.37451172,-0.3034668,-0.07635498,-0.23986816,0.26245117]
1	290	[-0.18737793,-0.50146484,-0.093933105,0.053649902,0.29003906,0.03353882,-0.12182617,0.52734375]
1	291	[-0.057037354,-0.34228516,0.14013672,0.41381836,-0.13623047,0.20922852,0.35131836,-0.57910156]
1	292	[-0.4963379,-0.23217773,0.16491699,-0.093933105,0.30371094,0.24169922,0.06732178,0.044677734]
1	293	[0.46826172,-0.34106445,0.030944824,-0.27075195,0.2644043,-0.13952637,0.12298584,-0.13537598]
1	294	[-0.13635254,-0.017990112,0.36669922,0.12731934,0.019760132,0.12817383,-0.19543457,-0.29223633]
1	295	[0.10101318,-0.39038086,-0.17810059,0.36791992,0.41552734,-0.3635254,0.5161133,-0.46875]
1	296	[0.009315491,0.12036133,0.056671143,0.21435547,0.2697754,-0.109680176,-0.08135986,-0.4794922]
1	297	[0.6118164,-0.07220459,-0.09240723,-0.5830078,-0.13305664,0.090148926,0.087524414,0.091308594]
1	298	[-0.5786133,-0.31689453,-0.37402344,0.37670898,0.62841797,0.26391602,-0.24047852,0.24108887]
1	299	[-0.22241211,-0.15576172,0.17028809,-0.010643005,0.109436035,0.00041341782,-0.083984375,0.19262695]
1	300	[-0.00080633163,-0.19055176,0.5644531,0.0026893616,0.02772522,-0.22143555,0.0038394928,-0.18603516]
1	301	[0.27514648,-0.080566406,-0.19934082,0.28320312,0.19543457,-0.5214844,0.28051758,-0.23278809]
1	302	[-0.3310547,0.10070801,-0.025985718,0.38842773,-0.2932129,-0.17285156,0.19543457,0.1385498]
1	303	[-0.11853027,-0.30004883,-0.059417725,-0.36621094,0.35620117,-0.17785645,0.12072754,0.5449219]
1	304	[-0.011871338,0.29516602,-0.038757324,0.39697266,-0.6621094,0.07696533,0.3635254,-0.41992188]
1	305	[-0.04724121,-0.12261963,-0.062683105,-0.21923828,0.11303711,0.36279297,-0.18530273,0.16137695]
1	306	[0.1796875,-0.26538086,0.15795898,0.44213867,-0.0024776459,-0.48657227,0.08477783,-0.11010742]
1	307	[-0.19335938,0.19018555,-0.1427002,-0.27441406,0.0871582,0.011787415,0.0847168,0.2364502]
1	308	[-0.43798828,0.25463867,0.35009766,0.36401367,-0.41552734,-0.4765625,0.31201172,0.04916382]
1	309	[0.25585938,-0.09442139,-0.6113281,0.3413086,-0.48632812,0.48217773,-0.21313477,0.3256836]
1	310	[0.13000488,0.296875,0.16210938,0.48535156,-0.38500977,-0.08807373,-0.27783203,-0.32348633]
1	311	[-0.011375427,0.2578125,-0.08642578,-0.5991211,0.69873047,-0.21618652,0.16381836,-0.20715332]
1	312	[0.11224365,0.3486328,-0.29223633,-0.21020508,-0.44335938,0.6269531,-0.0043678284,-0.13745117]
1	313	[-0.22021484,0.17614746,-0.0947876,-0.6791992,0.10369873,0.7324219,0.2536621,-0.2722168]
1	314	[-0.16833496,-0.11669922,0.3713379,0.10015869,-0.13549805,-0.03930664,0.24304199,-0.2548828]
1	315	[0.07305908,0.23132324,-0.26000977,-0.1373291,0.065979004,-0.21252441,-0.037139893,0.27661133]
1	316	[0.40600586,-0.04333496,-0.46948242,-0.013412476,-0.07788086,-0.07763672,-0.11328125,0.38891602]
1	317	[0.15527344,0.022705078,-0.55615234,-0.21765137,0.12976074,-0.1965332,0.028656006,0.63378906]
1	318	[-0.4309082,-0.15673828,0.095825195,0.053131104,0.4128418,0.08972168,0.21716309,-0.28125]
1	319	[-0.034973145,-0.39916992,0.17333984,0.20324707,0.12072754,-0.06652832,0.1505127,-0.14697266]
1	320	[0.12042236,-0.109802246,0.15332031,-0.28222656,0.20568848,0.010871887,0.1829834,-0.28149414]
1	321	[0.7133789,-0.37719727,-0.36889648,-0.58935547,0.27807617,0.34301758,-0.08758545,0.08850098]
1	322	[-0.012565613,0.3017578,-0.5732422,0.50683594,0.38623047,-0.05444336,-0.56591797,0.011116028]
1	323	[-0.035614014,0.42700195,0.12432861,-0.04522705,-0.33007812,-0.11816406,0.0181427,-0.040374756]
1	324	[-0.13830566,-0.49609375,-0.22424316,0.72509766,0.050048828,0.31982422,0.38598633,-0.6220703]
1	325	[0.27929688,-0.7338867,0.46313477,0.28979492,-0.21325684,0.004333496,-0.3310547,0.24169922]
1	326	[0.14489746,-0.08050537,-0.38134766,-0.34692383,0.034210205,-0.28295898,0.34033203,0.5722656]
1	327	[-0.03378296,-0.015052795,-0.18359375,0.16479492,-0.0044174194,0.5463867,-0.032714844,-0.44140625]
1	328	[-0.37646484,-0.10925293,-0.19897461,0.55126953,0.5229492,0.32788086,-0.16442871,-0.5527344]
1	329	[-0.2993164,0.27783203,0.027923584,-0.3071289,-0.24206543,0.37402344,-0.08502197,0.2536621]
1	330	[0.25219727,0.015930176,-0.24108887,-0.17834473,0.15881348,-0.091918945,0.17041016,-0.08581543]
1	331	[0.16955566,0.36450195,0.060516357,-0.32470703,-0.1194458,-0.109802246,-0.27246094,0.23181152]
1	332	[-0.20324707,0.38208008,0.0063056946,-0.061340332,-0.2614746,-0.106933594,0.4716797,-0.22692871]
1	333	[-0.03414917,-0.50146484,-0.18371582,0.5024414,0.016082764,-0.013916016,0.13720703,0.07751465]
1	334	[0.031402588,0.14746094,-0.18652344,0.24768066,-1.1181641,0.21557617,0.31323242,0.34887695]
1	335	[0.019577026,0.12890625,0.080200195,-0.026245117,-0.16003418,-0.19348145,0.23986816,-0.08868408]
1	336	[0.30004883,-0.17382812,-0.0184021,0.19250488,-0.39404297,-0.4260254,0.44848633,0.0713501]
1	337	[0.24621582,0.038238525,0.21179199,-0.43725586,-0.5258789,0.19873047,0.46191406,-0.19360352]
1	338	[-0.114746094,0.24707031,-0.19848633,-0.6713867,0.5756836,-0.04135132,0.06738281,0.13562012]
1	339	[0.2758789,-0.2536621,0.17626953,-0.033081055,-0.16491699,-0.067993164,-0.31713867,0.38452148]
1	340	[0.25390625,0.35668945,-0.068237305,-0.10699463,-0.46533203,-0.2166748,-0.113098145,0.35961914]
1	341	[0.6489258,0.16357422,-0.1842041,0.11834717,-0.09222412,0.09899902,-0.40039062,-0.35327148]
1	342	[-0.5756836,-0.06768799,-0.10015869,0.74316406,-0.10333252,-0.24987793,-0.15991211,0.5136719]
1	343	[0.41625977,-0.030349731,0.26098633,-0.25561523,-0.6303711,0.16027832,0.089782715,-0.011459351]
1	344	[0.34375,-0.011360168,-0.54052734,-0.12695312,-0.24682617,0.05319214,-0.001200676,0.52978516]
1	345	[-0.24853516,-0.14697266,0.37768555,0.20300293,0.36083984,-0.2142334,0.007911682,-0.3395996]
1	346	[-0.45898438,-0.02067566,-0.3149414,0.19116211,0.13098145,-0.034729004,0.46777344,0.039367676]
1	347	[0.052581787,0.42211914,0.25463867,-0.35131836,-0.3557129,-0.09692383,0.2322998,-0.1574707]
1	348	[0.059173584,-0.18408203,-0.51123047,0.34814453,0.40673828,-0.25463867,0.12890625,0.0070152283]
1	349	[0.20092773,0.060455322,0.051086426,0.4104004,-0.38745117,-0.07659912,-0.09527588,-0.16357422]
1	350	[-0.08996582,-0.44628906,-0.10821533,0.2602539,-0.11187744,0.359375,0.049926758,0.08666992]
1	351	[0.076171875,0.00023043156,0.020629883,-0.28564453,-0.7529297,-0.13439941,0.5493164,0.52685547]
1	352	[-0.16430664,0.5654297,0.13391113,-0.029083252,-0.39868164,-0.2109375,0.11376953,-0.01008606]
1	353	[-0.125,0.14782715,0.18798828,-0.53759766,0.20336914,0.13562012,0.2890625,-0.30126953]
1	354	[0.120666504,0.33032227,-0.65527344,0.07775879,0.1126709,-0.4621582,-0.09423828,0.5703125]
1	355	[0.62890625,0.07714844,-0.4777832,-0.15710449,0.1182251,0.11035156,-0.20947266,-0.09033203]
1	356	[0.13244629,-0.27124023,0.14807129,0.2487793,0.20581055,0.16223145,-0.26049805,-0.36547852]
1	357	[0.5522461,-0.16845703,0.22583008,0.17260742,-0.2244873,-0.52685547,0.4111328,-0.44189453]
1	358	[-0.45361328,-0.60498047,0.2915039,0.12854004,0.26879883,-0.0715332,0.07977295,0.36157227]
1	359	[-0.021591187,0.010360718,0.41381836,-0.7006836,0.032958984,0.48657227,-0.06945801,-0.1517334]
1	360	[-0.3076172,0.32055664,0.6977539,0.2854004,-0.20800781,-0.43017578,-0.14978027,-0.20812988]
1	361	[-0.2277832,0.08874512,-0.5366211,0.3701172,0.058380127,0.37451172,-0.10595703,-0.021209717]
1	362	[-0.30810547,0.075805664,0.16442871,-0.09851074,0.1381836,0.09802246,0.16394043,-0.23388672]
1	363	[0.28125,-0.25756836,0.27075195,0.33813477,-0.20202637,-0.48266602,-0.066223145,0.11859131]
1	364	[-0.026672363,0.34545898,-0.31469727,-0.4675293,-0.1307373,0.112976074,0.11853027,0.36279297]
1	365	[0.2277832,-0.20983887,0.17687988,0.30493164,-0.43945312,-0.4506836,0.13842773,0.25195312]
1	366	[-0.5488281,-0.023345947,-0.57128906,0.26489258,0.10083008,-0.03491211,0.12158203,0.69140625]
1	367	[-0.27539062,-0.114868164,0.022903442,0.039215088,0.1026001,-0.22106934,0.5473633,-0.101135254]
1	368	[-0.4206543,-0.3864746,0.05429077,0.37231445,0.58984375,0.2919922,-0.124938965,-0.37646484]
1	369	[0.11071777,0.123413086,-0.028762817,-0.10076904,-0.6123047,0.5136719,-0.18933105,0.18347168]
1	370	[0.62890625,0.21472168,0.2019043,0.19165039,-0.025146484,-0.21948242,0.009239197,-1.0019531]
1	371	[-0.15881348,-0.02432251,-0.3894043,0.13122559,0.29101562,-0.03479004,0.0602417,0.124816895]
1	372	[0.48095703,0.3166504,0.38305664,-0.26586914,-0.25024414,-0.3869629,-0.17138672,-0.10620117]
1	373	[-0.21130371,-0.103271484,0.12927246,0.1739502,-0.07281494,-0.085632324,0.2939453,-0.12408447]
1	374	[0.25512695,-0.57177734,0.31689453,-0.33618164,0.26416016,-0.2878418,0.1953125,0.16455078]
1	375	[-0.29833984,-0.027664185,0.34936523,-0.37719727,0.2849121,-0.3022461,-0.057006836,0.42822266]
1	376	[-0.38598633,0.57470703,0.34960938,-0.46533203,0.101745605,0.09442139,0.062805176,-0.33203125]
1	377	[-0.22058105,-0.48095703,-0.17114258,0.8046875,-0.12335205,0.26342773,0.028884888,-0.10107422]
1	378	[0.14819336,0.39526367,-0.11340332,-0.2692871,-0.30444336,0.35009766,0.17456055,-0.38085938]
1	379	[-0.63183594,-0.18286133,-0.026992798,-0.18347168,0.88378906,0.17590332,0.0107421875,-0.04486084]
1	380	[-0.43530273,0.25439453,0.15075684,-0.19873047,0.40649414,-0.059753418,-0.0021476746,-0.11566162]
1	381	[0.049438477,0.22814941,0.030441284,-0.02217102,0.14160156,-0.48217773,-0.13061523,0.1854248]
1	382	[0.04196167,-0.31933594,-0.15551758,-0.04159546,-0.16186523,0.17773438,-0.24609375,0.70458984]
1	383	[-0.10028076,-0.2758789,-0.0602417,0.22131348,0.12310791,0.4255371,-0.12890625,-0.20446777]
1	384	[0.28930664,0.007843018,-0.21264648,0.14038086,0.14428711,-0.11407471,-0.055603027,-0.19946289]
1	385	[-0.049468994,-0.12249756,-0.2006836,0.09564209,-0.14013672,0.14318848,0.0129776,0.26098633]
1	386	[-0.13916016,0.21057129,-0.37475586,0.024536133,0.22570801,-0.53125,0.39868164,0.18579102]
1	387	[0.4260254,-0.47387695,0.22924805,0.0012178421,0.1862793,-0.09503174,0.21948242,-0.4934082]
1	388	[0.47094727,0.31103516,0.058898926,-0.18798828,-0.28979492,-0.23840332,-0.33813477,0.2133789]
1	389	[0.013397217,0.33642578,-0.6191406,-0.1430664,0.31469727,-0.390625,0.015029907,0.4736328]
1	390	[-0.09295654,0.21325684,-0.4892578,-0.49609375,0.15234375,0.49975586,-0.4128418,0.6254883]
1	391	[-0.2956543,-0.3190918,0.43188477,-0.5678711,0.17285156,0.10986328,0.20812988,0.26000977]
1	392	[-0.50097656,0.47705078,-0.023406982,-0.07110596,0.22338867,0.4609375,-0.5419922,-0.023727417]
1	393	[0.3112793,-0.027770996,0.44970703,0.07128906,-0.34179688,-0.48242188,0.011917114,0.007583618]
1	394	[0.035705566,-0.31982422,-0.012901306,-0.022918701,0.49072266,0.01991272,-0.081604004,-0.109069824]
1	395	[0.015113831,0.5493164,0.043945312,-0.27148438,-0.35131836,0.2388916,0.18371582,-0.40771484]
1	396	[0.3413086,0.22766113,-0.20727539,-0.35498047,0.23999023,-0.47802734,-0.24279785,0.4741211]
1	397	[-0.4428711,-0.06707764,-0.26123047,-0.05718994,0.2734375,0.24511719,0.3552246,-0.04547119]
1	398	[0.23498535,0.82666016,-0.3425293,0.047943115,-0.016571045,0.0062713623,-0.5839844,-0.1730957]
1	399	[-0.18078613,0.41967773,-0.093688965,0.11975098,0.12512207,-0.30688477,0.13769531,-0.22094727]
1	400	[-0.09063721,-0.16320801,0.39941406,-0.5625,0.19543457,0.37475586,-0.4724121,0.3190918]
1	401	[0.16772461,-0.17126465,0.007881165,-0.008171082,0.059326172,0.32714844,-0.33618164,-0.04660034]
1	402	[0.024353027,-0.03665161,0.036956787,-0.022155762,-0.18164062,0.26049805,0.18518066,-0.26660156]
1	403	[-0.12438965,-0.20947266,-0.21862793,0.0005955696,0.23168945,0.4399414,-0.05105591,-0.068603516]
1	404	[-0.6850586,0.07122803,0.36938477,0.47045898,-0.0072402954,-0.0395813,0.1796875,-0.35888672]
1	405	[0.07171631,0.04788208,0.091552734,-0.63720703,0.20861816,-0.22692871,0.103149414,0.34155273]
1	406	[0.41455078,-0.6845703,-0.30639648,0.15625,-0.50634766,-0.2824707,0.014801025,1.1943359]
1	407	[-0.12780762,0.19262695,0.12322998,-0.13977051,-0.10821533,0.2512207,-0.11315918,-0.07788086]
1	408	[0.22351074,-0.5751953,-0.18237305,0.08886719,0.2746582,0.16113281,-0.04864502,0.05807495]
1	409	[0.10064697,-0.1998291,-0.3388672,-0.096191406,0.1538086,0.21838379,0.35302734,-0.19104004]
1	410	[0.4387207,0.06768799,0.2854004,-0.45092773,0.03866577,-0.10040283,-0.13696289,-0.14208984]
1	411	[-0.37890625,0.69628906,-0.7626953,0.3112793,0.16699219,-0.08099365,0.08856201,-0.04043579]
1	412	[-0.030258179,0.27270508,0.25708008,-0.1538086,-0.19970703,-0.04711914,-0.26000977,0.16125488]
1	413	[-0.23242188,0.17346191,0.1977539,-0.5830078,-0.008796692,0.28271484,0.3791504,-0.2088623]
1	414	[0.1496582,0.07244873,-0.00011342764,-0.016998291,0.093322754,-0.06506348,-0.28930664,0.05606079]
1	415	[-0.49731445,0.6352539,0.013954163,-0.08868408,0.01651001,-0.15246582,-0.2397461,0.3125]
1	416	[-0.36547852,0.21972656,0.31103516,-0.7211914,-0.1772461,0.32836914,0.066223145,0.33862305]
1	417	[-0.2836914,-0.026351929,0.4177246,-0.33520508,-0.10101318,0.38598633,-0.11975098,0.062194824]
1	418	[0.38867188,7.1287155e-05,0.45776367,-0.28979492,0.29882812,-0.29052734,-0.76123047,0.19641113]
1	419	[0.11352539,-0.07922363,-0.10839844,-0.64404297,0.37939453,0.18127441,0.22595215,-0.06878662]
1	420	[0.13049316,-0.16540527,0.16015625,-0.2775879,0.22485352,0.055908203,-0.24890137,0.12042236]
1	421	[0.054779053,0.11077881,0.6152344,-0.27783203,-0.111328125,0.2211914,-0.13208008,-0.48095703]
1	422	[0.31591797,0.17956543,-0.11029053,0.0680542,0.33911133,-0.4567871,-0.29760742,-0.037902832]
1	423	[0.19384766,-0.023727417,0.17687988,0.03881836,-0.22338867,0.3935547,0.105041504,-0.6611328]
1	424	[0.0574646,0.17211914,-0.48461914,0.08148193,-0.07977295,0.17211914,0.24121094,-0.16015625]
1	425	[-0.44970703,-0.4050293,0.17871094,0.7348633,-0.38232422,0.18432617,-0.11584473,0.2548828]
1	426	[-0.030456543,0.055145264,0.4272461,-0.26098633,0.44702148,0.31958008,-0.26586914,-0.69140625]
1	427	[-0.11859131,0.20178223,-0.068603516,-0.3400879,-0.12585449,-0.17016602,0.43798828,0.18371582]
1	428	[0.36206055,0.056121826,-0.17358398,0.16503906,-0.38378906,-0.14953613,0.104003906,0.019638062]
1	429	[-0.44433594,-0.21569824,0.048950195,-0.10333252,-0.02960205,0.24975586,0.515625,-0.021102905]
1	430	[-0.43237305,0.13891602,0.23120117,0.009460449,0.28076172,-0.37451172,-0.00010102987,0.14648438]
1	431	[0.061767578,0.0982666,-0.113220215,0.07244873,-0.28735352,-0.12512207,0.083740234,0.20947266]
1	432	[0.27392578,-0.57128906,-0.13708496,-0.3239746,0.01676941,0.1270752,0.16101074,0.45361328]
1	433	[0.046844482,-0.12939453,-0.4020996,0.19433594,1.1220703,-0.2607422,-0.14855957,-0.42211914]
1	434	[0.38842773,0.02923584,0.36914062,-0.061401367,-0.5419922,0.27026367,-0.19177246,-0.2619629]
1	435	[0.28295898,0.64746094,-0.22717285,-0.42773438,-0.032287598,0.28271484,-0.27563477,-0.25024414]
1	436	[0.27783203,-0.1574707,0.124572754,0.24658203,0.011512756,-0.5214844,0.16833496,-0.14978027]
1	437	[0.05859375,-0.18481445,0.73876953,0.12188721,-0.39135742,-0.15100098,0.06817627,-0.2602539]
1	438	[0.059936523,-0.3642578,0.05718994,0.16247559,0.0096206665,0.028213501,0.12030029,-0.07336426]
1	439	[0.12536621,-0.46777344,-0.014007568,0.26391602,-0.24072266,0.1508789,-0.008758545,0.19091797]
1	440	[-0.31640625,0.3408203,0.13659668,-0.109069824,-0.5463867,0.19128418,0.4165039,-0.113220215]
1	441	[-0.28198242,-0.13366699,0.37524414,0.5332031,0.14001465,-0.41577148,0.16137695,-0.3786621]
1	442	[-0.27514648,0.31054688,-0.7192383,0.14770508,0.15673828,0.51220703,-0.32666016,0.19396973]
1	443	[0.953125,-0.3310547,-0.38964844,0.171875,-0.21655273,-0.30639648,0.11663818,0.0019168854]
1	444	[-0.1418457,-0.1574707,0.2685547,-0.21740723,0.35888672,-0.2475586,0.029403687,0.10748291]
1	445	[-0.2644043,-0.59472656,0.042419434,0.20910645,0.11236572,0.22839355,0.6274414,-0.36083984]
1	446	[-0.07751465,0.46826172,-0.08850098,-0.3623047,0.34033203,-0.13134766,0.004688263,-0.1538086]
1	447	[-0.063964844,-0.028625488,-0.07318115,-0.28320312,0.3798828,0.08929443,-0.13842773,0.11816406]
1	448	[-0.11669922,0.11376953,-0.1048584,0.3330078,-0.38598633,-0.20739746,0.31762695,0.05050659]
1	449	[-0.081726074,-0.0619812,0.018554688,-0.041168213,0.32128906,0.4802246,-0.46044922,-0.17468262]
1	450	[0.6274414,0.4753418,-0.37548828,-0.27197266,-0.003255844,-0.34277344,0.10668945,-0.21606445]
1	451	[-0.44799805,0.0826416,0.22387695,-0.25268555,0.33666992,0.16308594,0.05316162,-0.1586914]
1	452	[-0.4609375,-0.24816895,0.3408203,-0.061340332,0.51171875,-0.08709717,-0.10101318,0.10614014]
1	453	[-0.51708984,-0.2631836,-0.21191406,0.64941406,0.609375,-0.64941406,-0.14001465,0.5229492]
1	454	[-0.46118164,0.1907959,0.7446289,0.08178711,0.21618652,-0.47387695,-0.23120117,-0.0670166]
1	455	[0.28295898,-0.38208008,0.13330078,0.022994995,0.047088623,-0.31298828,-0.06149292,0.27026367]
1	456	[0.093566895,-0.47460938,0.2565918,-0.101135254,-0.05203247,0.079589844,-0.20275879,0.4008789]
1	457	[-0.101135254,0.03781128,0.035217285,0.17541504,-0.25024414,0.09466553,0.17907715,-0.17089844]
1	458	[0.11920166,0.30981445,-0.12841797,-0.2746582,0.034698486,0.40014648,-0.7636719,0.30322266]
1	459	[0.53808594,-0.055999756,0.17736816,0.119140625,0.074645996,-0.34277344,-0.46777344,-0.042755127]
1	460	[0.03100586,0.15393066,-0.025772095,0.7524414,-0.47021484,0.06414795,-0.064331055,-0.4411621]
1	461	[0.8149414,-0.53271484,0.4560547,-0.5786133,0.23291016,-0.19140625,0.2479248,-0.4489746]
1	462	[0.07348633,0.26049805,-0.23205566,0.05718994,-0.015975952,-0.08654785,-0.3713379,0.31469727]
1	463	[0.39672852,0.18127441,-0.3059082,-0.025634766,-0.45507812,0.22192383,0.2939453,-0.3071289]
1	464	[-0.0256958,-0.07385254,0.42114258,0.14624023,-0.27783203,0.009216309,-0.11785889,-0.08123779]
1	465	[-0.1928711,0.13330078,0.09552002,0.1352539,0.10644531,-0.103027344,0.17028809,-0.34472656]
1	466	[0.22180176,0.61572266,0.06976318,0.07873535,-0.22070312,-0.15771484,-0.1809082,-0.4267578]
1	467	[0.50390625,-0.32543945,-0.38305664,0.54052734,0.072631836,-0.18469238,-0.5620117,0.33813477]
1	468	[-0.020858765,0.3684082,-0.3330078,0.23132324,0.45141602,-0.3552246,-0.25048828,-0.09136963]
1	469	[0.22314453,0.2944336,0.039367676,-0.049865723,0.32006836,-0.67089844,-0.052215576,-0.10412598]
1	470	[0.11273193,0.074645996,-0.21704102,0.115478516,-0.24816895,0.117614746,0.11242676,-0.06762695]
1	471	[-0.23339844,-0.28295898,-0.38012695,-0.15539551,0.3491211,0.25610352,0.13635254,0.31030273]
1	472	[-0.0011901855,0.12902832,-0.52978516,-0.09649658,0.13952637,0.55126953,0.24084473,-0.43359375]
1	473	[0.48901367,0.33740234,-0.10369873,-0.4892578,0.37939453,-0.35668945,-0.39160156,0.13549805]
1	474	[-0.12792969,-0.27661133,0.33374023,-0.02243042,-0.29003906,-0.21594238,0.05718994,0.5419922]
1	475	[-0.002035141,-0.03125,-0.4182129,0.39575195,0.29711914,-0.17382812,0.1784668,-0.24597168]
1	476	[0.61376953,-0.3762207,0.07092285,-0.47021484,0.29882812,0.13793945,-0.032073975,-0.24291992]
1	477	[-0.028945923,0.20166016,0.2097168,0.49023438,0.12609863,-0.24829102,-0.64501953,-0.105529785]
1	478	[0.14819336,0.44799805,-0.28295898,-0.18347168,0.16479492,-0.22802734,0.00053691864,-0.06726074]
1	479	[-0.055847168,-0.45458984,-0.16833496,0.56591797,-0.27124023,-0.12780762,0.42871094,0.083496094]
1	480	[-0.22705078,-0.43920898,0.14562988,-0.7480469,0.65185547,0.37402344,0.3190918,-0.07598877]
1	481	[0.29467773,0.72314453,-0.29296875,-0.58740234,0.14550781,-0.07159424,-0.041656494,-0.16955566]
1	482	[-0.14440918,0.02293396,0.52734375,-0.3725586,0.5126953,-0.30200195,-0.20422363,-0.039489746]
1	483	[0.0017976761,-0.013290405,-0.07141113,-0.23669434,0.31689453,0.040771484,-0.101745605,0.0635376]
1	484	[0.3774414,-0.0002603531,-0.24145508,-0.60791016,0.4658203,0.3881836,0.36645508,-0.7480469]
1	485	[-0.11956787,0.081848145,-0.21228027,0.37158203,0.6098633,-0.21191406,-0.34204102,-0.17773438]
1	486	[-0.4140625,0.013313293,-0.41992188,0.32763672,0.2722168,0.015365601,-0.37475586,0.5800781]
1	487	[-0.5336914,0.54296875,-0.42016602,0.12890625,-0.1361084,-0.31079102,0.6269531,0.10229492]
1	488	[0.0018806458,-0.024353027,-0.059631348,0.61035156,0.044036865,-0.08905029,-0.3095703,-0.17358398]
1	489	[0.41308594,0.17834473,-0.30981445,0.42407227,-0.031280518,-0.22363281,-0.47460938,0.023788452]
1	490	[-0.07513428,-0.12561035,-0.27392578,-0.047424316,0.0859375,0.51416016,-0.37402344,0.29638672]
1	491	[0.36279297,-0.0010948181,0.3708496,0.4650879,-0.19030762,-0.22570801,-0.36669922,-0.41479492]
1	492	[-0.6870117,0.114746094,-0.1998291,0.31079102,-0.06161499,0.31152344,0.08508301,0.12609863]
1	493	[-0.088134766,-0.1697998,-0.05117798,-0.07714844,0.43432617,-0.109069824,0.20019531,-0.13916016]
1	494	[-0.36376953,0.30004883,0.23278809,0.16540527,-0.39648438,-0.3635254,0.25073242,0.17480469]
1	495	[0.19628906,0.9658203,-0.89746094,-0.25024414,-0.19616699,-0.046081543,0.23583984,-0.0076828003]
1	496	[-0.26123047,-0.08105469,-0.01322937,0.32885742,0.015388489,0.37426758,-0.34960938,-0.013648987]
1	497	[-0.06866455,-0.11798096,0.077819824,-0.17822266,0.03036499,-0.037139893,0.6074219,-0.3137207]
1	498	[0.39672852,-0.22766113,-0.5522461,-0.14550781,0.6142578,0.22033691,0.18579102,-0.49145508]
1	499	[0.00048971176,-0.30297852,0.13049316,0.25390625,-0.048431396,0.20898438,0.16003418,-0.40234375]
1	500	[-0.014190674,-0.026870728,-0.15039062,-0.083984375,0.28027344,-0.08892822,-0.1060791,0.19030762]
1	501	[0.59472656,0.03149414,-0.16040039,0.037841797,-0.38452148,0.19921875,-0.23339844,-0.0847168]
1	502	[0.24475098,-0.15771484,0.06237793,-0.08666992,-0.15063477,-0.39013672,0.12060547,0.35717773]
1	503	[0.09118652,0.3125,-0.41235352,-0.045288086,-0.3581543,-0.07159424,0.012397766,0.47143555]
1	504	[0.11651611,0.2163086,-0.16577148,-0.24694824,0.1862793,0.04776001,0.014167786,-0.16833496]
1	505	[0.13146973,-0.1529541,-0.21899414,-0.24169922,0.6147461,0.52783203,-0.57373047,-0.0869751]
1	506	[0.07281494,-0.17248535,-0.32543945,-0.101257324,-0.2142334,0.62841797,0.17150879,-0.059417725]
1	507	[-0.19909668,-0.19787598,0.121520996,-0.13916016,0.04486084,0.1105957,-0.18725586,0.4465332]
1	508	[0.21386719,-0.26416016,0.34155273,-0.3774414,0.0592041,0.055541992,0.011802673,-0.040374756]
1	509	[0.140625,0.16455078,-0.18945312,-0.375,0.11816406,0.23083496,-0.040161133,-0.049346924]
1	510	[-0.078552246,-0.12194824,0.1541748,-0.19006348,0.23486328,-0.19628906,0.10003662,0.09790039]
1	511	[-0.29614258,0.31030273,-0.045166016,-0.52978516,0.36547852,0.17272949,0.14343262,-0.12084961]
1	512	[0.27685547,-0.17089844,-0.34765625,0.5073242,0.023803711,-0.08856201,-0.55322266,0.3527832]
1	513	[-0.10357666,-0.13061523,0.1854248,-0.22570801,-0.42822266,-0.1998291,0.6230469,0.27929688]
1	514	[-0.3395996,-0.3544922,-0.23120117,0.3869629,0.4387207,-0.007335663,-0.01461792,0.12145996]
1	515	[0.17041016,-0.03778076,-0.041046143,-0.60791016,-0.3630371,0.08099365,0.4375,0.3605957]
1	516	[-0.33129883,0.61279297,-0.44555664,0.3083496,0.2590332,0.34301758,-0.26757812,-0.4790039]
1	517	[0.15563965,0.25756836,-0.32739258,0.07550049,-0.12512207,0.17163086,-0.20483398,-0.0030059814]
1	518	[0.04901123,-0.20593262,-0.39404297,0.29614258,0.18554688,-0.2775879,0.7636719,-0.41674805]
1	519	[0.4333496,0.059539795,0.32983398,-0.08984375,-0.38916016,-0.08557129,-0.18139648,-0.07696533]
1	520	[0.27685547,-0.27416992,-0.33618164,-0.023605347,0.46533203,0.34472656,0.047302246,-0.5]
1	521	[-0.28564453,-0.2915039,-0.028915405,0.1854248,-0.06549072,0.15209961,0.52001953,-0.18591309]
1	522	[-0.37426758,-0.36083984,0.06616211,0.35083008,0.020889282,-0.4140625,0.20861816,0.5024414]
1	523	[-0.13464355,0.47607422,0.015686035,-0.27172852,0.0059318542,-0.25952148,0.11694336,0.051208496]
1	524	[0.05722046,-0.4465332,-0.091918945,0.18896484,0.38330078,0.09466553,-0.14416504,-0.041534424]
1	525	[0.32128906,-0.43408203,-0.5932617,-0.22644043,0.5097656,0.40698242,0.2800293,-0.2644043]
1	526	[0.19250488,-0.023864746,0.2220459,-0.5488281,-0.04776001,0.1105957,0.33032227,-0.23522949]
1	527	[0.17541504,-0.10394287,0.038879395,0.19458008,-0.24584961,-0.107299805,-0.053222656,0.101379395]
1	528	[0.38476562,-0.01701355,0.20825195,-0.25146484,-0.32104492,-0.4013672,0.3293457,0.068481445]
1	529	[-0.035461426,0.05319214,0.38305664,0.021347046,0.08135986,-0.70166016,-0.0058135986,0.20373535]
1	530	[-0.37646484,0.09411621,0.36401367,0.56640625,-0.34179688,-0.17175293,0.115112305,-0.24975586]
1	531	[0.18359375,-0.12585449,-0.04006958,-0.7368164,0.21972656,0.37060547,-0.10101318,0.22998047]
1	532	[0.16394043,-0.6542969,-0.026016235,0.08294678,0.13378906,-0.33520508,0.32836914,0.30664062]
1	533	[-0.2993164,0.16101074,0.23352051,0.20153809,-0.13415527,0.09039307,-0.21679688,-0.036315918]
1	534	[0.052124023,-0.12573242,-0.28930664,-0.036743164,-0.25976562,0.28125,0.12805176,0.25024414]
\.


--
-- Data for Name: text_tower; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.text_tower (model_id, activation, width, heads, layers, gate, norm_tail, is_causal, pooled_id, vocabulary, start_id, end_id, unknown_id, max_tokens, byte_ids, last_byte_ids, split_pattern, typed_pattern, normal_pattern, loaded_at) FROM stdin;
1	quick_gelu	8	2	1	{1,0,0,0,0}	0.14310835055998655	t	534	BPE	533	534	534	12	{0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63,64,65,66,67,68,69,70,71,72,73,74,75,76,77,78,79,80,81,82,83,84,85,86,87,88,89,90,91,92,93,94,95,96,97,98,99,100,101,102,103,104,105,106,107,108,109,110,111,112,113,114,115,116,117,118,119,120,121,122,123,124,125,126,127,128,129,130,131,132,133,134,135,136,137,138,139,140,141,142,143,144,145,146,147,148,149,150,151,152,153,154,155,156,157,158,159,160,161,162,163,164,165,166,167,168,169,170,171,172,173,174,175,176,177,178,179,180,181,182,183,184,185,186,187,188,189,190,191,192,193,194,195,196,197,198,199,200,201,202,203,204,205,206,207,208,209,210,211,212,213,214,215,216,217,218,219,220,221,222,223,224,225,226,227,228,229,230,231,232,233,234,235,236,237,238,239,240,241,242,243,244,245,246,247,248,249,250,251,252,253,254,255}	{256,257,258,259,260,261,262,263,264,265,266,267,268,269,270,271,272,273,274,275,276,277,278,279,280,281,282,283,284,285,286,287,288,289,290,291,292,293,294,295,296,297,298,299,300,301,302,303,304,305,306,307,308,309,310,311,312,313,314,315,316,317,318,319,320,321,322,323,324,325,326,327,328,329,330,331,332,333,334,335,336,337,338,339,340,341,342,343,344,345,346,347,348,349,350,351,352,353,354,355,356,357,358,359,360,361,362,363,364,365,366,367,368,369,370,371,372,373,374,375,376,377,378,379,380,381,382,383,384,385,386,387,388,389,390,391,392,393,394,395,396,397,398,399,400,401,402,403,404,405,406,407,408,409,410,411,412,413,414,415,416,417,418,419,420,421,422,423,424,425,426,427,428,429,430,431,432,433,434,435,436,437,438,439,440,441,442,443,444,445,446,447,448,449,450,451,452,453,454,455,456,457,458,459,460,461,462,463,464,465,466,467,468,469,470,471,472,473,474,475,476,477,478,479,480,481,482,483,484,485,486,487,488,489,490,491,492,493,494,495,496,497,498,499,500,501,502,503,504,505,506,507,508,509,510,511}	<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[a-zZ]+|[0-9]|[^ a-zZ0-9]+	<\\|startoftext\\|>|<\\|endoftext\\|>	(?!)	2026-11-29 17:42:19.525557+00
\.


--
-- Data for Name: text_word; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.text_word (model_id, token_id, word) FROM stdin;
1	257	
1	258	
1	259	
1	260	
1	261	
1	262	
1	263	
1	264	\b
1	265	\t
1	266	\n
1	267	\v
1	268	\f
1	269	\r
1	270	
1	271	
1	272	
1	273	
1	274	
1	275	
1	276	
1	277	
1	278	
1	279	
1	280	
1	281	
1	282	
1	283	
1	284	
1	285	
1	286	
1	287	
1	288	 
1	289	!
1	290	"
1	291	#
1	292	$
1	293	%
1	294	&
1	295	'
1	296	(
1	297	)
1	298	*
1	299	+
1	300	,
1	301	-
1	302	.
1	303	/
1	304	0
1	305	1
1	306	2
1	307	3
1	308	4
1	309	5
1	310	6
1	311	7
1	312	8
1	313	9
1	314	:
1	315	;
1	316	<
1	317	=
1	318	>
1	319	?
1	320	@
1	321	A
1	322	B
1	323	C
1	324	D
1	325	E
1	326	F
1	327	G
1	328	H
1	329	I
1	330	J
1	331	K
1	332	L
1	333	M
1	334	N
1	335	O
1	336	P
1	337	Q
1	338	R
1	339	S
1	340	T
1	341	U
1	342	V
1	343	W
1	344	X
1	345	Y
1	346	Z
1	347	[
1	348	\\
1	349	]
1	350	^
1	351	_
1	352	`
1	353	a
1	354	b
1	355	c
1	356	d
1	357	e
1	358	f
1	359	g
1	360	h
1	361	i
1	362	j
1	363	k
1	364	l
1	365	m
1	366	n
1	367	o
1	368	p
1	369	q
1	370	r
1	371	s
1	372	t
1	373	u
1	374	v
1	375	w
1	376	x
1	377	y
1	378	z
1	379	{
1	380	|
1	381	}
1	382	~
1	383	
1	513	the
1	515	red
1	517	dog
1	519	ing
1	520	é
1	521	on
1	523	car
1	528	ht
1	529	night
1	531	ha
\.


--
-- Data for Name: thumbnail; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.thumbnail (image_id, jpeg, width, height) FROM stdin;
\.


--
-- Data for Name: unembedded; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.unembedded (model_id, image_id, failure, error, failed_at) FROM stdin;
\.


--
-- Data for Name: verdict; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.verdict (query_digest, image_id, is_right, judged_at) FROM stdin;
\.


--
-- Data for Name: watch_vector; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.watch_vector (model_id, watch_id, number, embedding, min_similarity, is_paused) FROM stdin;
\.


--
-- Data for Name: webhook; Type: TABLE DATA; Schema: clipsql_private; Owner: -
--

COPY clipsql_private.webhook (webhook_id, owner, address) FROM stdin;
\.


--
-- Name: alert_alert_id_seq; Type: SEQUENCE SET; Schema: clipsql; Owner: -
--

SELECT pg_catalog.setval('clipsql.alert_alert_id_seq', 1, false);


--
-- Name: caption_caption_id_seq; Type: SEQUENCE SET; Schema: clipsql; Owner: -
--

SELECT pg_catalog.setval('clipsql.caption_caption_id_seq', 116, true);


--
-- Name: fusion_fusion_id_seq; Type: SEQUENCE SET; Schema: clipsql; Owner: -
--

SELECT pg_catalog.setval('clipsql.fusion_fusion_id_seq', 1, false);


--
-- Name: image_image_id_seq; Type: SEQUENCE SET; Schema: clipsql; Owner: -
--

SELECT pg_catalog.setval('clipsql.image_image_id_seq', 120, true);


--
-- Name: image_region_region_id_seq; Type: SEQUENCE SET; Schema: clipsql; Owner: -
--

SELECT pg_catalog.setval('clipsql.image_region_region_id_seq', 1, false);


--
-- Name: model_model_id_seq; Type: SEQUENCE SET; Schema: clipsql; Owner: -
--

SELECT pg_catalog.setval('clipsql.model_model_id_seq', 1, true);


--
-- Name: model_query_query_id_seq; Type: SEQUENCE SET; Schema: clipsql; Owner: -
--

SELECT pg_catalog.setval('clipsql.model_query_query_id_seq', 1, false);


--
-- Name: watch_list_watch_id_seq; Type: SEQUENCE SET; Schema: clipsql; Owner: -
--

SELECT pg_catalog.setval('clipsql.watch_list_watch_id_seq', 1, false);


--
-- Name: attachment_attachment_id_seq; Type: SEQUENCE SET; Schema: clipsql_private; Owner: -
--

SELECT pg_catalog.setval('clipsql_private.attachment_attachment_id_seq', 1, false);


--
-- Name: attachment_problem_problem_id_seq; Type: SEQUENCE SET; Schema: clipsql_private; Owner: -
--

SELECT pg_catalog.setval('clipsql_private.attachment_problem_problem_id_seq', 1, false);


--
-- Name: code_basis_basis_id_seq; Type: SEQUENCE SET; Schema: clipsql_private; Owner: -
--

SELECT pg_catalog.setval('clipsql_private.code_basis_basis_id_seq', 1, true);


--
-- Name: percentile_sample_percentile_sample_id_seq; Type: SEQUENCE SET; Schema: clipsql_private; Owner: -
--

SELECT pg_catalog.setval('clipsql_private.percentile_sample_percentile_sample_id_seq', 1, false);


--
-- Name: queue_queue_id_seq; Type: SEQUENCE SET; Schema: clipsql_private; Owner: -
--

SELECT pg_catalog.setval('clipsql_private.queue_queue_id_seq', 1, false);


--
-- Name: search_tuning_tuning_id_seq; Type: SEQUENCE SET; Schema: clipsql_private; Owner: -
--

SELECT pg_catalog.setval('clipsql_private.search_tuning_tuning_id_seq', 1, false);


--
-- Name: shadow_shadow_id_seq; Type: SEQUENCE SET; Schema: clipsql_private; Owner: -
--

SELECT pg_catalog.setval('clipsql_private.shadow_shadow_id_seq', 1, false);


--
-- Name: shard_shard_id_seq; Type: SEQUENCE SET; Schema: clipsql_private; Owner: -
--

SELECT pg_catalog.setval('clipsql_private.shard_shard_id_seq', 0, false);


--
-- Name: webhook_webhook_id_seq; Type: SEQUENCE SET; Schema: clipsql_private; Owner: -
--

SELECT pg_catalog.setval('clipsql_private.webhook_webhook_id_seq', 1, false);


--
-- Name: alert alert_pkey; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.alert
    ADD CONSTRAINT alert_pkey PRIMARY KEY (alert_id);


--
-- Name: alert alert_watch_id_image_id_key; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.alert
    ADD CONSTRAINT alert_watch_id_image_id_key UNIQUE (watch_id, image_id);


--
-- Name: alert alert_watch_id_occasion_key; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.alert
    ADD CONSTRAINT alert_watch_id_occasion_key UNIQUE (watch_id, occasion);


--
-- Name: caption caption_pkey; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.caption
    ADD CONSTRAINT caption_pkey PRIMARY KEY (caption_id);


--
-- Name: fusion fusion_model_id_name_key; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.fusion
    ADD CONSTRAINT fusion_model_id_name_key UNIQUE (model_id, name);


--
-- Name: fusion fusion_pkey; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.fusion
    ADD CONSTRAINT fusion_pkey PRIMARY KEY (fusion_id);


--
-- Name: image image_pkey; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.image
    ADD CONSTRAINT image_pkey PRIMARY KEY (image_id);


--
-- Name: image_region image_region_image_id_box_label_key; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.image_region
    ADD CONSTRAINT image_region_image_id_box_label_key UNIQUE NULLS NOT DISTINCT (image_id, box, label);


--
-- Name: image_region image_region_pkey; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.image_region
    ADD CONSTRAINT image_region_pkey PRIMARY KEY (region_id);


--
-- Name: image_region image_region_region_id_image_id_key; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.image_region
    ADD CONSTRAINT image_region_region_id_image_id_key UNIQUE (region_id, image_id);


--
-- Name: model_answer model_answer_pkey; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.model_answer
    ADD CONSTRAINT model_answer_pkey PRIMARY KEY (query_id, image_id);


--
-- Name: model model_name_key; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.model
    ADD CONSTRAINT model_name_key UNIQUE (name);


--
-- Name: model model_pkey; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.model
    ADD CONSTRAINT model_pkey PRIMARY KEY (model_id);


--
-- Name: model_query model_query_kind_model_revision_query_key; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.model_query
    ADD CONSTRAINT model_query_kind_model_revision_query_key UNIQUE (kind, model, revision, query);


--
-- Name: model_query model_query_pkey; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.model_query
    ADD CONSTRAINT model_query_pkey PRIMARY KEY (query_id);


--
-- Name: settings settings_pkey; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (picture_folder);


--
-- Name: video_frame video_frame_pkey; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.video_frame
    ADD CONSTRAINT video_frame_pkey PRIMARY KEY (image_id);


--
-- Name: watch_list watch_list_name_key; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.watch_list
    ADD CONSTRAINT watch_list_name_key UNIQUE (name);


--
-- Name: watch_list watch_list_pkey; Type: CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.watch_list
    ADD CONSTRAINT watch_list_pkey PRIMARY KEY (watch_id);


--
-- Name: api_key api_key_name_key; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.api_key
    ADD CONSTRAINT api_key_name_key UNIQUE (name);


--
-- Name: api_key api_key_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.api_key
    ADD CONSTRAINT api_key_pkey PRIMARY KEY (digest);


--
-- Name: attached_column attached_column_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.attached_column
    ADD CONSTRAINT attached_column_pkey PRIMARY KEY (attachment_id, role, "position");


--
-- Name: attachment attachment_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.attachment
    ADD CONSTRAINT attachment_pkey PRIMARY KEY (attachment_id);


--
-- Name: attachment_problem attachment_problem_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.attachment_problem
    ADD CONSTRAINT attachment_problem_pkey PRIMARY KEY (problem_id);


--
-- Name: caption_embedding_1 caption_embedding_1_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.caption_embedding_1
    ADD CONSTRAINT caption_embedding_1_pkey PRIMARY KEY (caption_id, model_id);


--
-- Name: code_basis code_basis_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.code_basis
    ADD CONSTRAINT code_basis_pkey PRIMARY KEY (basis_id);


--
-- Name: code_direction code_direction_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.code_direction
    ADD CONSTRAINT code_direction_pkey PRIMARY KEY (basis_id, number);


--
-- Name: delivery delivery_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.delivery
    ADD CONSTRAINT delivery_pkey PRIMARY KEY (webhook_id, alert_id);


--
-- Name: encoded_with encoded_with_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.encoded_with
    ADD CONSTRAINT encoded_with_pkey PRIMARY KEY (model_id);


--
-- Name: fingerprint fingerprint_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.fingerprint
    ADD CONSTRAINT fingerprint_pkey PRIMARY KEY (image_id);


--
-- Name: fusion_row fusion_row_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.fusion_row
    ADD CONSTRAINT fusion_row_pkey PRIMARY KEY (fusion_id, layer, number);


--
-- Name: image_embedding_1 image_embedding_1_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.image_embedding_1
    ADD CONSTRAINT image_embedding_1_pkey PRIMARY KEY (image_id, model_id);


--
-- Name: model_task model_task_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.model_task
    ADD CONSTRAINT model_task_pkey PRIMARY KEY (query_id, image_id);


--
-- Name: percentile_sample_code percentile_sample_code_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.percentile_sample_code
    ADD CONSTRAINT percentile_sample_code_pkey PRIMARY KEY (percentile_sample_id, image_id);


--
-- Name: percentile_sample_embedding percentile_sample_embedding_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.percentile_sample_embedding
    ADD CONSTRAINT percentile_sample_embedding_pkey PRIMARY KEY (percentile_sample_id, image_id);


--
-- Name: percentile_sample percentile_sample_model_id_collection_key; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.percentile_sample
    ADD CONSTRAINT percentile_sample_model_id_collection_key UNIQUE NULLS NOT DISTINCT (model_id, collection);


--
-- Name: percentile_sample percentile_sample_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.percentile_sample
    ADD CONSTRAINT percentile_sample_pkey PRIMARY KEY (percentile_sample_id);


--
-- Name: queue queue_image_id_model_id_key; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.queue
    ADD CONSTRAINT queue_image_id_model_id_key UNIQUE (image_id, model_id);


--
-- Name: queue queue_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.queue
    ADD CONSTRAINT queue_pkey PRIMARY KEY (queue_id);


--
-- Name: region_embedding_1 region_embedding_1_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.region_embedding_1
    ADD CONSTRAINT region_embedding_1_pkey PRIMARY KEY (region_id, model_id);


--
-- Name: remembered_text remembered_text_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.remembered_text
    ADD CONSTRAINT remembered_text_pkey PRIMARY KEY (model_id, body);


--
-- Name: repeat repeat_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.repeat
    ADD CONSTRAINT repeat_pkey PRIMARY KEY (watch_id, image_id);


--
-- Name: revision revision_pkc; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.revision
    ADD CONSTRAINT revision_pkc PRIMARY KEY (version_num);


--
-- Name: search_cost search_cost_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.search_cost
    ADD CONSTRAINT search_cost_pkey PRIMARY KEY (model_id);


--
-- Name: search_row_1 search_row_1_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.search_row_1
    ADD CONSTRAINT search_row_1_pkey PRIMARY KEY (image_id, basis_id);


--
-- Name: search_tuning search_tuning_model_id_collection_key; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.search_tuning
    ADD CONSTRAINT search_tuning_model_id_collection_key UNIQUE NULLS NOT DISTINCT (model_id, collection);


--
-- Name: search_tuning search_tuning_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.search_tuning
    ADD CONSTRAINT search_tuning_pkey PRIMARY KEY (tuning_id);


--
-- Name: shadow shadow_model_id_collection_key; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.shadow
    ADD CONSTRAINT shadow_model_id_collection_key UNIQUE NULLS NOT DISTINCT (model_id, collection);


--
-- Name: shadow shadow_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.shadow
    ADD CONSTRAINT shadow_pkey PRIMARY KEY (shadow_id);


--
-- Name: shard shard_name_key; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.shard
    ADD CONSTRAINT shard_name_key UNIQUE (name);


--
-- Name: shard shard_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.shard
    ADD CONSTRAINT shard_pkey PRIMARY KEY (shard_id);


--
-- Name: shard shard_server_key; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.shard
    ADD CONSTRAINT shard_server_key UNIQUE (server);


--
-- Name: slot slot_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.slot
    ADD CONSTRAINT slot_pkey PRIMARY KEY (slot);


--
-- Name: text_added_token text_added_token_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.text_added_token
    ADD CONSTRAINT text_added_token_pkey PRIMARY KEY (model_id, body);


--
-- Name: text_matrix text_matrix_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.text_matrix
    ADD CONSTRAINT text_matrix_pkey PRIMARY KEY (model_id, layer, part);


--
-- Name: text_merge text_merge_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.text_merge
    ADD CONSTRAINT text_merge_pkey PRIMARY KEY (model_id, left_id, right_id);


--
-- Name: text_neuron text_neuron_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.text_neuron
    ADD CONSTRAINT text_neuron_pkey PRIMARY KEY (model_id, layer, part, neuron);


--
-- Name: text_position text_position_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.text_position
    ADD CONSTRAINT text_position_pkey PRIMARY KEY (model_id, "position");


--
-- Name: text_token text_token_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.text_token
    ADD CONSTRAINT text_token_pkey PRIMARY KEY (model_id, token_id);


--
-- Name: text_tower text_tower_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.text_tower
    ADD CONSTRAINT text_tower_pkey PRIMARY KEY (model_id);


--
-- Name: text_word text_word_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.text_word
    ADD CONSTRAINT text_word_pkey PRIMARY KEY (model_id, word);


--
-- Name: thumbnail thumbnail_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.thumbnail
    ADD CONSTRAINT thumbnail_pkey PRIMARY KEY (image_id);


--
-- Name: unembedded unembedded_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.unembedded
    ADD CONSTRAINT unembedded_pkey PRIMARY KEY (model_id, image_id);


--
-- Name: verdict verdict_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.verdict
    ADD CONSTRAINT verdict_pkey PRIMARY KEY (query_digest, image_id);


--
-- Name: watch_vector watch_vector_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.watch_vector
    ADD CONSTRAINT watch_vector_pkey PRIMARY KEY (model_id, watch_id, number);


--
-- Name: webhook webhook_owner_address_key; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.webhook
    ADD CONSTRAINT webhook_owner_address_key UNIQUE (owner, address);


--
-- Name: webhook webhook_pkey; Type: CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.webhook
    ADD CONSTRAINT webhook_pkey PRIMARY KEY (webhook_id);


--
-- Name: alert_image_id_idx; Type: INDEX; Schema: clipsql; Owner: -
--

CREATE INDEX alert_image_id_idx ON clipsql.alert USING btree (image_id);


--
-- Name: caption_image_id_idx; Type: INDEX; Schema: clipsql; Owner: -
--

CREATE INDEX caption_image_id_idx ON clipsql.caption USING btree (image_id);


--
-- Name: caption_words_idx; Type: INDEX; Schema: clipsql; Owner: -
--

CREATE INDEX caption_words_idx ON clipsql.caption USING gin (words);


--
-- Name: image_collection_url_key; Type: INDEX; Schema: clipsql; Owner: -
--

CREATE UNIQUE INDEX image_collection_url_key ON clipsql.image USING btree (collection, clipsql.url_digest(url));


--
-- Name: image_metadata_idx; Type: INDEX; Schema: clipsql; Owner: -
--

CREATE INDEX image_metadata_idx ON clipsql.image USING gin (metadata jsonb_path_ops);


--
-- Name: image_place_idx; Type: INDEX; Schema: clipsql; Owner: -
--

CREATE INDEX image_place_idx ON clipsql.image USING gist (point(longitude, latitude)) WHERE (longitude IS NOT NULL);


--
-- Name: image_region_label_idx; Type: INDEX; Schema: clipsql; Owner: -
--

CREATE INDEX image_region_label_idx ON clipsql.image_region USING btree (label);


--
-- Name: image_sha256_idx; Type: INDEX; Schema: clipsql; Owner: -
--

CREATE INDEX image_sha256_idx ON clipsql.image USING hash (sha256);


--
-- Name: image_taken_at_idx; Type: INDEX; Schema: clipsql; Owner: -
--

CREATE INDEX image_taken_at_idx ON clipsql.image USING btree (taken_at);


--
-- Name: model_answer_image_id_idx; Type: INDEX; Schema: clipsql; Owner: -
--

CREATE INDEX model_answer_image_id_idx ON clipsql.model_answer USING btree (image_id);


--
-- Name: model_is_default_key; Type: INDEX; Schema: clipsql; Owner: -
--

CREATE UNIQUE INDEX model_is_default_key ON clipsql.model USING btree (is_default) WHERE is_default;


--
-- Name: video_frame_video_idx; Type: INDEX; Schema: clipsql; Owner: -
--

CREATE INDEX video_frame_video_idx ON clipsql.video_frame USING btree (clipsql.url_digest(video), from_s);


--
-- Name: watch_list_model_id_idx; Type: INDEX; Schema: clipsql; Owner: -
--

CREATE INDEX watch_list_model_id_idx ON clipsql.watch_list USING btree (model_id);


--
-- Name: attachment_problem_attachment_id_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX attachment_problem_attachment_id_idx ON clipsql_private.attachment_problem USING btree (attachment_id);


--
-- Name: code_basis_model_id_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX code_basis_model_id_idx ON clipsql_private.code_basis USING btree (model_id);


--
-- Name: code_basis_ready_key; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE UNIQUE INDEX code_basis_ready_key ON clipsql_private.code_basis USING btree (model_id) WHERE (state = 'ready'::text);


--
-- Name: delivery_alert_id_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX delivery_alert_id_idx ON clipsql_private.delivery USING btree (alert_id);


--
-- Name: image_embedding_1_hnsw; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX image_embedding_1_hnsw ON clipsql_private.image_embedding_1 USING hnsw (((embedding)::public.halfvec(8)) public.halfvec_cosine_ops) WITH (m='16', ef_construction='200');


--
-- Name: model_task_image_id_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX model_task_image_id_idx ON clipsql_private.model_task USING btree (image_id);


--
-- Name: percentile_sample_basis_id_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX percentile_sample_basis_id_idx ON clipsql_private.percentile_sample USING btree (basis_id);


--
-- Name: percentile_sample_code_image_id_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX percentile_sample_code_image_id_idx ON clipsql_private.percentile_sample_code USING btree (image_id);


--
-- Name: percentile_sample_embedding_image_id_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX percentile_sample_embedding_image_id_idx ON clipsql_private.percentile_sample_embedding USING btree (image_id);


--
-- Name: queue_fresh_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX queue_fresh_idx ON clipsql_private.queue USING btree (model_id, queue_id) WHERE is_fresh;


--
-- Name: queue_model_id_collection_queue_id_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX queue_model_id_collection_queue_id_idx ON clipsql_private.queue USING btree (model_id, collection, queue_id);


--
-- Name: region_embedding_1_image_id_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX region_embedding_1_image_id_idx ON clipsql_private.region_embedding_1 USING btree (image_id);


--
-- Name: repeat_alert_id_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX repeat_alert_id_idx ON clipsql_private.repeat USING btree (alert_id);


--
-- Name: repeat_image_id_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX repeat_image_id_idx ON clipsql_private.repeat USING btree (image_id);


--
-- Name: search_row_1_collection_taken_at_image_id_left_out_code_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX search_row_1_collection_taken_at_image_id_left_out_code_idx ON clipsql_private.search_row_1 USING btree (collection, taken_at) INCLUDE (image_id, left_out, code);


--
-- Name: search_row_1_point_longitude_latitude_image_id_left_out_cod_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX search_row_1_point_longitude_latitude_image_id_left_out_cod_idx ON clipsql_private.search_row_1 USING gist (point(longitude, latitude)) INCLUDE (longitude, latitude, image_id, left_out, code) WHERE (longitude IS NOT NULL);


--
-- Name: search_row_1_taken_at_image_id_left_out_code_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX search_row_1_taken_at_image_id_left_out_code_idx ON clipsql_private.search_row_1 USING btree (taken_at) INCLUDE (image_id, left_out, code);


--
-- Name: unembedded_image_id_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX unembedded_image_id_idx ON clipsql_private.unembedded USING btree (image_id);


--
-- Name: verdict_image_id_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX verdict_image_id_idx ON clipsql_private.verdict USING btree (image_id);


--
-- Name: watch_vector_watch_id_idx; Type: INDEX; Schema: clipsql_private; Owner: -
--

CREATE INDEX watch_vector_watch_id_idx ON clipsql_private.watch_vector USING btree (watch_id);


--
-- Name: cameras_key; Type: INDEX; Schema: report; Owner: -
--

CREATE UNIQUE INDEX cameras_key ON report.cameras USING btree (camera);


--
-- Name: alert alerts_are_told; Type: TRIGGER; Schema: clipsql; Owner: -
--

CREATE TRIGGER alerts_are_told AFTER INSERT ON clipsql.alert REFERENCING NEW TABLE AS raised FOR EACH STATEMENT WHEN ((NOT clipsql_private.is_restoring())) EXECUTE FUNCTION clipsql_private.queue_deliveries();


--
-- Name: image_embedding alerts_of_changed; Type: TRIGGER; Schema: clipsql; Owner: -
--

CREATE TRIGGER alerts_of_changed AFTER UPDATE ON clipsql.image_embedding REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clipsql_private.raise_alerts();


--
-- Name: image_embedding alerts_of_new; Type: TRIGGER; Schema: clipsql; Owner: -
--

CREATE TRIGGER alerts_of_new AFTER INSERT ON clipsql.image_embedding REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clipsql_private.raise_alerts();


--
-- Name: image content_changes; Type: TRIGGER; Schema: clipsql; Owner: -
--

CREATE TRIGGER content_changes AFTER UPDATE OF sha256 ON clipsql.image FOR EACH ROW WHEN (((old.sha256 IS NOT NULL) AND (new.sha256 IS DISTINCT FROM old.sha256))) EXECUTE FUNCTION clipsql_private.forget_regions();


--
-- Name: image image_is_moved; Type: TRIGGER; Schema: clipsql; Owner: -
--

CREATE TRIGGER image_is_moved AFTER UPDATE OF collection ON clipsql.image FOR EACH ROW WHEN ((new.collection <> old.collection)) EXECUTE FUNCTION clipsql_private.move_queued_picture();


--
-- Name: image image_is_queued; Type: TRIGGER; Schema: clipsql; Owner: -
--

CREATE CONSTRAINT TRIGGER image_is_queued AFTER INSERT OR UPDATE OF status ON clipsql.image DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.status = 'pending'::text) AND (NOT clipsql_private.is_restoring()))) EXECUTE FUNCTION clipsql_private.queue_picture();


--
-- Name: image_region region_is_queued; Type: TRIGGER; Schema: clipsql; Owner: -
--

CREATE TRIGGER region_is_queued AFTER INSERT ON clipsql.image_region REFERENCING NEW TABLE AS written FOR EACH STATEMENT WHEN ((NOT clipsql_private.is_restoring())) EXECUTE FUNCTION clipsql_private.queue_regions();


--
-- Name: image search_rows_move; Type: TRIGGER; Schema: clipsql; Owner: -
--

CREATE TRIGGER search_rows_move AFTER UPDATE OF collection, taken_at, longitude, latitude ON clipsql.image FOR EACH ROW WHEN (((((old.collection IS DISTINCT FROM new.collection) OR (old.taken_at IS DISTINCT FROM new.taken_at)) OR (old.longitude IS DISTINCT FROM new.longitude)) OR (old.latitude IS DISTINCT FROM new.latitude))) EXECUTE FUNCTION clipsql_private.move_search_rows();


--
-- Name: image_embedding search_rows_of_changed; Type: TRIGGER; Schema: clipsql; Owner: -
--

CREATE TRIGGER search_rows_of_changed AFTER UPDATE ON clipsql.image_embedding REFERENCING OLD TABLE AS removed NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clipsql_private.keep_search_rows();


--
-- Name: image_embedding search_rows_of_new; Type: TRIGGER; Schema: clipsql; Owner: -
--

CREATE TRIGGER search_rows_of_new AFTER INSERT ON clipsql.image_embedding REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clipsql_private.keep_search_rows();


--
-- Name: image_embedding search_rows_of_removed; Type: TRIGGER; Schema: clipsql; Owner: -
--

CREATE TRIGGER search_rows_of_removed AFTER DELETE ON clipsql.image_embedding REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION clipsql_private.keep_search_rows();


--
-- Name: image_embedding search_rows_of_truncated; Type: TRIGGER; Schema: clipsql; Owner: -
--

CREATE TRIGGER search_rows_of_truncated AFTER TRUNCATE ON clipsql.image_embedding FOR EACH STATEMENT EXECUTE FUNCTION clipsql_private.empty_search_rows();


--
-- Name: caption_embedding shadows_of_new; Type: TRIGGER; Schema: clipsql; Owner: -
--

CREATE TRIGGER shadows_of_new AFTER INSERT ON clipsql.caption_embedding REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clipsql_private.queue_for_shadows();


--
-- Name: image_embedding shadows_of_new; Type: TRIGGER; Schema: clipsql; Owner: -
--

CREATE TRIGGER shadows_of_new AFTER INSERT ON clipsql.image_embedding REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clipsql_private.queue_for_shadows();


--
-- Name: watch_list watch_begins; Type: TRIGGER; Schema: clipsql; Owner: -
--

CREATE TRIGGER watch_begins BEFORE INSERT OR UPDATE OF model_id, filters, timezone, min_similarity, once_per, once_per_key, is_paused ON clipsql.watch_list FOR EACH STATEMENT WHEN ((NOT clipsql_private.is_restoring())) EXECUTE FUNCTION clipsql_private.begin_watch();


--
-- Name: watch_list watch_moves; Type: TRIGGER; Schema: clipsql; Owner: -
--

CREATE TRIGGER watch_moves AFTER UPDATE OF model_id ON clipsql.watch_list FOR EACH ROW WHEN (((old.model_id <> new.model_id) AND (NOT new.is_paused))) EXECUTE FUNCTION clipsql_private.raise_missed();


--
-- Name: image_embedding_1 alerts_of_changed; Type: TRIGGER; Schema: clipsql_private; Owner: -
--

CREATE TRIGGER alerts_of_changed AFTER UPDATE ON clipsql_private.image_embedding_1 REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clipsql_private.raise_alerts();


--
-- Name: image_embedding_1 alerts_of_new; Type: TRIGGER; Schema: clipsql_private; Owner: -
--

CREATE TRIGGER alerts_of_new AFTER INSERT ON clipsql_private.image_embedding_1 REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clipsql_private.raise_alerts();


--
-- Name: image_embedding_1 search_rows_of_changed; Type: TRIGGER; Schema: clipsql_private; Owner: -
--

CREATE TRIGGER search_rows_of_changed AFTER UPDATE ON clipsql_private.image_embedding_1 REFERENCING OLD TABLE AS removed NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clipsql_private.keep_search_rows();


--
-- Name: image_embedding_1 search_rows_of_new; Type: TRIGGER; Schema: clipsql_private; Owner: -
--

CREATE TRIGGER search_rows_of_new AFTER INSERT ON clipsql_private.image_embedding_1 REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clipsql_private.keep_search_rows();


--
-- Name: image_embedding_1 search_rows_of_removed; Type: TRIGGER; Schema: clipsql_private; Owner: -
--

CREATE TRIGGER search_rows_of_removed AFTER DELETE ON clipsql_private.image_embedding_1 REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION clipsql_private.keep_search_rows();


--
-- Name: image_embedding_1 search_rows_of_truncated; Type: TRIGGER; Schema: clipsql_private; Owner: -
--

CREATE TRIGGER search_rows_of_truncated AFTER TRUNCATE ON clipsql_private.image_embedding_1 FOR EACH STATEMENT EXECUTE FUNCTION clipsql_private.empty_search_rows();


--
-- Name: shadow shadow_begins; Type: TRIGGER; Schema: clipsql_private; Owner: -
--

CREATE TRIGGER shadow_begins BEFORE INSERT ON clipsql_private.shadow FOR EACH STATEMENT WHEN ((NOT clipsql_private.is_restoring())) EXECUTE FUNCTION clipsql_private.begin_watch();


--
-- Name: caption_embedding_1 shadows_of_new; Type: TRIGGER; Schema: clipsql_private; Owner: -
--

CREATE TRIGGER shadows_of_new AFTER INSERT ON clipsql_private.caption_embedding_1 REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clipsql_private.queue_for_shadows();


--
-- Name: image_embedding_1 shadows_of_new; Type: TRIGGER; Schema: clipsql_private; Owner: -
--

CREATE TRIGGER shadows_of_new AFTER INSERT ON clipsql_private.image_embedding_1 REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION clipsql_private.queue_for_shadows();


--
-- Name: webhook webhook_begins; Type: TRIGGER; Schema: clipsql_private; Owner: -
--

CREATE TRIGGER webhook_begins BEFORE INSERT ON clipsql_private.webhook FOR EACH STATEMENT WHEN ((NOT clipsql_private.is_restoring())) EXECUTE FUNCTION clipsql_private.begin_watch();


--
-- Name: alert alert_image_id_fkey; Type: FK CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.alert
    ADD CONSTRAINT alert_image_id_fkey FOREIGN KEY (image_id) REFERENCES clipsql.image(image_id) ON DELETE CASCADE;


--
-- Name: alert alert_watch_id_fkey; Type: FK CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.alert
    ADD CONSTRAINT alert_watch_id_fkey FOREIGN KEY (watch_id) REFERENCES clipsql.watch_list(watch_id) ON DELETE CASCADE;


--
-- Name: caption_embedding caption_embedding_caption_id_fkey; Type: FK CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE clipsql.caption_embedding
    ADD CONSTRAINT caption_embedding_caption_id_fkey FOREIGN KEY (caption_id) REFERENCES clipsql.caption(caption_id) ON DELETE CASCADE;


--
-- Name: caption_embedding caption_embedding_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE clipsql.caption_embedding
    ADD CONSTRAINT caption_embedding_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql.model(model_id) ON DELETE CASCADE;


--
-- Name: caption caption_image_id_fkey; Type: FK CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.caption
    ADD CONSTRAINT caption_image_id_fkey FOREIGN KEY (image_id) REFERENCES clipsql.image(image_id) ON DELETE CASCADE;


--
-- Name: fusion fusion_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.fusion
    ADD CONSTRAINT fusion_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql.model(model_id) ON DELETE CASCADE;


--
-- Name: image_embedding image_embedding_image_id_fkey; Type: FK CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE clipsql.image_embedding
    ADD CONSTRAINT image_embedding_image_id_fkey FOREIGN KEY (image_id) REFERENCES clipsql.image(image_id) ON DELETE CASCADE;


--
-- Name: image_embedding image_embedding_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE clipsql.image_embedding
    ADD CONSTRAINT image_embedding_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql.model(model_id) ON DELETE CASCADE;


--
-- Name: image_region image_region_image_id_fkey; Type: FK CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.image_region
    ADD CONSTRAINT image_region_image_id_fkey FOREIGN KEY (image_id) REFERENCES clipsql.image(image_id) ON DELETE CASCADE;


--
-- Name: model_answer model_answer_image_id_fkey; Type: FK CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.model_answer
    ADD CONSTRAINT model_answer_image_id_fkey FOREIGN KEY (image_id) REFERENCES clipsql.image(image_id) ON DELETE CASCADE;


--
-- Name: model_answer model_answer_query_id_fkey; Type: FK CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.model_answer
    ADD CONSTRAINT model_answer_query_id_fkey FOREIGN KEY (query_id) REFERENCES clipsql.model_query(query_id) ON DELETE CASCADE;


--
-- Name: region_embedding region_embedding_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE clipsql.region_embedding
    ADD CONSTRAINT region_embedding_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql.model(model_id) ON DELETE CASCADE;


--
-- Name: region_embedding region_embedding_region_id_fkey; Type: FK CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE clipsql.region_embedding
    ADD CONSTRAINT region_embedding_region_id_fkey FOREIGN KEY (region_id, image_id) REFERENCES clipsql.image_region(region_id, image_id) ON DELETE CASCADE;


--
-- Name: video_frame video_frame_image_id_fkey; Type: FK CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.video_frame
    ADD CONSTRAINT video_frame_image_id_fkey FOREIGN KEY (image_id) REFERENCES clipsql.image(image_id) ON DELETE CASCADE;


--
-- Name: watch_list watch_list_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql; Owner: -
--

ALTER TABLE ONLY clipsql.watch_list
    ADD CONSTRAINT watch_list_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql.model(model_id) ON DELETE SET NULL;


--
-- Name: attached_column attached_column_attachment_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.attached_column
    ADD CONSTRAINT attached_column_attachment_id_fkey FOREIGN KEY (attachment_id) REFERENCES clipsql_private.attachment(attachment_id) ON DELETE CASCADE;


--
-- Name: attachment attachment_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.attachment
    ADD CONSTRAINT attachment_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql.model(model_id) ON DELETE SET NULL;


--
-- Name: code_basis code_basis_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.code_basis
    ADD CONSTRAINT code_basis_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql.model(model_id) ON DELETE CASCADE;


--
-- Name: code_direction code_direction_basis_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.code_direction
    ADD CONSTRAINT code_direction_basis_id_fkey FOREIGN KEY (basis_id) REFERENCES clipsql_private.code_basis(basis_id) ON DELETE CASCADE;


--
-- Name: delivery delivery_alert_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.delivery
    ADD CONSTRAINT delivery_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES clipsql.alert(alert_id) ON DELETE CASCADE;


--
-- Name: delivery delivery_webhook_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.delivery
    ADD CONSTRAINT delivery_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES clipsql_private.webhook(webhook_id) ON DELETE CASCADE;


--
-- Name: encoded_with encoded_with_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.encoded_with
    ADD CONSTRAINT encoded_with_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql.model(model_id) ON DELETE CASCADE;


--
-- Name: fingerprint fingerprint_image_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.fingerprint
    ADD CONSTRAINT fingerprint_image_id_fkey FOREIGN KEY (image_id) REFERENCES clipsql.image(image_id) ON DELETE CASCADE;


--
-- Name: fusion_row fusion_row_fusion_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.fusion_row
    ADD CONSTRAINT fusion_row_fusion_id_fkey FOREIGN KEY (fusion_id) REFERENCES clipsql.fusion(fusion_id) ON DELETE CASCADE;


--
-- Name: model_task model_task_image_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.model_task
    ADD CONSTRAINT model_task_image_id_fkey FOREIGN KEY (image_id) REFERENCES clipsql.image(image_id) ON DELETE CASCADE;


--
-- Name: model_task model_task_query_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.model_task
    ADD CONSTRAINT model_task_query_id_fkey FOREIGN KEY (query_id) REFERENCES clipsql.model_query(query_id) ON DELETE CASCADE;


--
-- Name: percentile_sample percentile_sample_basis_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.percentile_sample
    ADD CONSTRAINT percentile_sample_basis_id_fkey FOREIGN KEY (basis_id) REFERENCES clipsql_private.code_basis(basis_id) ON DELETE SET NULL;


--
-- Name: percentile_sample_code percentile_sample_code_image_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.percentile_sample_code
    ADD CONSTRAINT percentile_sample_code_image_id_fkey FOREIGN KEY (image_id) REFERENCES clipsql.image(image_id) ON DELETE CASCADE;


--
-- Name: percentile_sample_code percentile_sample_code_percentile_sample_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.percentile_sample_code
    ADD CONSTRAINT percentile_sample_code_percentile_sample_id_fkey FOREIGN KEY (percentile_sample_id) REFERENCES clipsql_private.percentile_sample(percentile_sample_id) ON DELETE CASCADE;


--
-- Name: percentile_sample_embedding percentile_sample_embedding_image_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.percentile_sample_embedding
    ADD CONSTRAINT percentile_sample_embedding_image_id_fkey FOREIGN KEY (image_id) REFERENCES clipsql.image(image_id) ON DELETE CASCADE;


--
-- Name: percentile_sample_embedding percentile_sample_embedding_percentile_sample_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.percentile_sample_embedding
    ADD CONSTRAINT percentile_sample_embedding_percentile_sample_id_fkey FOREIGN KEY (percentile_sample_id) REFERENCES clipsql_private.percentile_sample(percentile_sample_id) ON DELETE CASCADE;


--
-- Name: percentile_sample percentile_sample_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.percentile_sample
    ADD CONSTRAINT percentile_sample_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql.model(model_id) ON DELETE CASCADE;


--
-- Name: queue queue_image_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.queue
    ADD CONSTRAINT queue_image_id_fkey FOREIGN KEY (image_id) REFERENCES clipsql.image(image_id) ON DELETE CASCADE;


--
-- Name: queue queue_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.queue
    ADD CONSTRAINT queue_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql.model(model_id) ON DELETE SET NULL;


--
-- Name: remembered_text remembered_text_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.remembered_text
    ADD CONSTRAINT remembered_text_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql.model(model_id) ON DELETE CASCADE;


--
-- Name: repeat repeat_alert_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.repeat
    ADD CONSTRAINT repeat_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES clipsql.alert(alert_id) ON DELETE CASCADE;


--
-- Name: repeat repeat_image_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.repeat
    ADD CONSTRAINT repeat_image_id_fkey FOREIGN KEY (image_id) REFERENCES clipsql.image(image_id) ON DELETE CASCADE;


--
-- Name: repeat repeat_watch_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.repeat
    ADD CONSTRAINT repeat_watch_id_fkey FOREIGN KEY (watch_id) REFERENCES clipsql.watch_list(watch_id) ON DELETE CASCADE;


--
-- Name: search_cost search_cost_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.search_cost
    ADD CONSTRAINT search_cost_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql.model(model_id) ON DELETE CASCADE;


--
-- Name: search_tuning search_tuning_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.search_tuning
    ADD CONSTRAINT search_tuning_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql.model(model_id) ON DELETE CASCADE;


--
-- Name: shadow shadow_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.shadow
    ADD CONSTRAINT shadow_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql.model(model_id) ON DELETE CASCADE;


--
-- Name: slot slot_shard_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.slot
    ADD CONSTRAINT slot_shard_id_fkey FOREIGN KEY (shard_id) REFERENCES clipsql_private.shard(shard_id);


--
-- Name: text_added_token text_added_token_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.text_added_token
    ADD CONSTRAINT text_added_token_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql_private.text_tower(model_id) ON DELETE CASCADE;


--
-- Name: text_matrix text_matrix_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.text_matrix
    ADD CONSTRAINT text_matrix_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql_private.text_tower(model_id) ON DELETE CASCADE;


--
-- Name: text_merge text_merge_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.text_merge
    ADD CONSTRAINT text_merge_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql_private.text_tower(model_id) ON DELETE CASCADE;


--
-- Name: text_neuron text_neuron_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.text_neuron
    ADD CONSTRAINT text_neuron_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql_private.text_tower(model_id) ON DELETE CASCADE;


--
-- Name: text_position text_position_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.text_position
    ADD CONSTRAINT text_position_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql_private.text_tower(model_id) ON DELETE CASCADE;


--
-- Name: text_token text_token_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.text_token
    ADD CONSTRAINT text_token_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql_private.text_tower(model_id) ON DELETE CASCADE;


--
-- Name: text_tower text_tower_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.text_tower
    ADD CONSTRAINT text_tower_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql.model(model_id) ON DELETE CASCADE;


--
-- Name: text_word text_word_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.text_word
    ADD CONSTRAINT text_word_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql_private.text_tower(model_id) ON DELETE CASCADE;


--
-- Name: thumbnail thumbnail_image_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.thumbnail
    ADD CONSTRAINT thumbnail_image_id_fkey FOREIGN KEY (image_id) REFERENCES clipsql.image(image_id) ON DELETE CASCADE;


--
-- Name: unembedded unembedded_image_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.unembedded
    ADD CONSTRAINT unembedded_image_id_fkey FOREIGN KEY (image_id) REFERENCES clipsql.image(image_id) ON DELETE CASCADE;


--
-- Name: unembedded unembedded_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.unembedded
    ADD CONSTRAINT unembedded_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql.model(model_id) ON DELETE CASCADE;


--
-- Name: verdict verdict_image_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.verdict
    ADD CONSTRAINT verdict_image_id_fkey FOREIGN KEY (image_id) REFERENCES clipsql.image(image_id) ON DELETE CASCADE;


--
-- Name: watch_vector watch_vector_model_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.watch_vector
    ADD CONSTRAINT watch_vector_model_id_fkey FOREIGN KEY (model_id) REFERENCES clipsql.model(model_id) ON DELETE CASCADE;


--
-- Name: watch_vector watch_vector_watch_id_fkey; Type: FK CONSTRAINT; Schema: clipsql_private; Owner: -
--

ALTER TABLE ONLY clipsql_private.watch_vector
    ADD CONSTRAINT watch_vector_watch_id_fkey FOREIGN KEY (watch_id) REFERENCES clipsql.watch_list(watch_id) ON DELETE CASCADE;


--
-- Name: alert; Type: ROW SECURITY; Schema: clipsql; Owner: -
--

ALTER TABLE clipsql.alert ENABLE ROW LEVEL SECURITY;

--
-- Name: alert is_owned; Type: POLICY; Schema: clipsql; Owner: -
--

CREATE POLICY is_owned ON clipsql.alert FOR UPDATE USING ((EXISTS ( SELECT
   FROM clipsql.watch_list w
  WHERE ((w.watch_id = alert.watch_id) AND clipsql_private.owns(w.owner)))));


--
-- Name: watch_list is_owned; Type: POLICY; Schema: clipsql; Owner: -
--

CREATE POLICY is_owned ON clipsql.watch_list USING (clipsql_private.owns(owner));


--
-- Name: alert is_seen; Type: POLICY; Schema: clipsql; Owner: -
--

CREATE POLICY is_seen ON clipsql.alert FOR SELECT USING (((NOT row_security_active('clipsql.image'::text)) OR ((EXISTS ( SELECT
   FROM clipsql.watch_list w
  WHERE (w.watch_id = alert.watch_id))) AND (EXISTS ( SELECT
   FROM clipsql.image i
  WHERE (i.image_id = alert.image_id))))));


--
-- Name: watch_list is_seen; Type: POLICY; Schema: clipsql; Owner: -
--

CREATE POLICY is_seen ON clipsql.watch_list FOR SELECT USING ((clipsql_private.owns(owner) OR (NOT row_security_active('clipsql.image'::text))));


--
-- Name: watch_list; Type: ROW SECURITY; Schema: clipsql; Owner: -
--

ALTER TABLE clipsql.watch_list ENABLE ROW LEVEL SECURITY;

--
-- Name: delivery; Type: ROW SECURITY; Schema: clipsql_private; Owner: -
--

ALTER TABLE clipsql_private.delivery ENABLE ROW LEVEL SECURITY;

--
-- Name: delivery is_owned; Type: POLICY; Schema: clipsql_private; Owner: -
--

CREATE POLICY is_owned ON clipsql_private.delivery USING (((EXISTS ( SELECT
   FROM clipsql_private.webhook h
  WHERE (h.webhook_id = delivery.webhook_id))) AND (EXISTS ( SELECT
   FROM clipsql.alert a
  WHERE (a.alert_id = delivery.alert_id)))));


--
-- Name: watch_vector is_owned; Type: POLICY; Schema: clipsql_private; Owner: -
--

CREATE POLICY is_owned ON clipsql_private.watch_vector USING ((EXISTS ( SELECT
   FROM clipsql.watch_list w
  WHERE ((w.watch_id = watch_vector.watch_id) AND clipsql_private.owns(w.owner)))));


--
-- Name: webhook is_owned; Type: POLICY; Schema: clipsql_private; Owner: -
--

CREATE POLICY is_owned ON clipsql_private.webhook USING (clipsql_private.owns(owner));


--
-- Name: watch_vector is_seen; Type: POLICY; Schema: clipsql_private; Owner: -
--

CREATE POLICY is_seen ON clipsql_private.watch_vector FOR SELECT USING ((EXISTS ( SELECT
   FROM clipsql.watch_list w
  WHERE (w.watch_id = watch_vector.watch_id))));


--
-- Name: watch_vector; Type: ROW SECURITY; Schema: clipsql_private; Owner: -
--

ALTER TABLE clipsql_private.watch_vector ENABLE ROW LEVEL SECURITY;

--
-- Name: webhook; Type: ROW SECURITY; Schema: clipsql_private; Owner: -
--

ALTER TABLE clipsql_private.webhook ENABLE ROW LEVEL SECURITY;

--
-- Name: cameras; Type: MATERIALIZED VIEW DATA; Schema: report; Owner: -
--

REFRESH MATERIALIZED VIEW report.cameras;


--
-- PostgreSQL database dump complete
--


