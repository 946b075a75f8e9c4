-- A day of a back-test.
create type clipsql.backtest_result as (
    day date,
    alarms bigint,
    alarms_low double precision,
    alarms_high double precision,
    best_image_id bigint);

comment on type clipsql.backtest_result is 'What a watch would have raised on a day.';
comment on column clipsql.backtest_result.day is 'The day, in the time zone of the watch.';
comment on column clipsql.backtest_result.alarms is 'How many alarms it would have raised; exact.';
comment on column clipsql.backtest_result.alarms_low is 'Least alarms of a day to come, in 95 of 100 cases, by all days of the back-test.';
comment on column clipsql.backtest_result.alarms_high is 'Most alarms of a day to come, in 95 of 100 cases, by all days of the back-test.';
comment on column clipsql.backtest_result.best_image_id is 'The most similar picture of the day; null without an alarm.';
