create schema eventkit;

-- The demo's clock runs ahead by this much; a stack that is no demo has allowed = false and never moves.
create table eventkit.simulated_clock (
    only_row boolean primary key default true check (only_row),
    ahead interval not null default '0',
    allowed boolean not null default false,
    check (allowed or ahead = '0')
);
insert into eventkit.simulated_clock default values;

create function eventkit.now() returns timestamptz language sql volatile
    as 'select clock_timestamp() + ahead from eventkit.simulated_clock';

-- Every event this service ever recorded, as the bytes that are sent. Never changed, never removed.
create table eventkit.journal (
    seq bigint generated always as identity primary key,
    event_id uuid not null,
    topic text not null,
    partition smallint not null,
    key uuid not null,
    aggregate_type text not null,
    aggregate_id uuid not null,
    aggregate_version integer not null check (aggregate_version > 0),
    event_type text not null,
    occurred_at timestamptz not null,
    traceparent text,
    value bytea not null,
    unique (aggregate_id, aggregate_version)
);

create function eventkit.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% only grows', tg_table_schema, tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger journal_only_grows before update or delete or truncate on eventkit.journal
    for each statement execute function eventkit.refuse_change();

-- Pointers to what is not yet acknowledged by the broker. The relay empties it.
create table eventkit.outbox (
    seq bigint primary key,
    partition smallint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);

-- Which life of each topic the journal was sent to.
create table eventkit.relay_mark (
    topic text primary key,
    incarnation text not null
);

-- Up to where our own topic is known to hold nothing but this journal's events, as the broker acknowledged them. A
-- database that was restored from the past finds events beyond that it does not have.
create table eventkit.acknowledged (
    topic text not null,
    partition smallint not null,
    incarnation text not null,
    position bigint not null check (position >= 0),
    primary key (topic, partition)
);

-- Which life of its database a journal lives in: after a failover, and after any kind of restoring, it is another.
create function eventkit.life() returns text language sql stable as $$
    select concat_ws('/', pg_postmaster_start_time(), oid, 'eventkit.journal'::regclass::oid)
    from pg_database where datname = current_database()
$$;

-- In which life the journal was last compared with its topic. No row: never, because the service is new.
create table eventkit.comparison (
    only_row boolean primary key default true check (only_row),
    life text not null,
    behind text -- what the journal lacks, null where nothing
);

create function eventkit.refuse_unless_compared() returns trigger language plpgsql as $$
begin
    if not exists (select from eventkit.comparison where behind is not null or life <> eventkit.life())
        or current_setting('luban.recovering', true) = 'on'
    then
        return null;
    end if;
    -- The code of a server that is starting up: whoever gets it tries again.
    raise exception 'the journal must be compared with its topic first' using errcode = 'cannot_connect_now';
end $$;
create trigger journal_was_compared before insert on eventkit.journal
    for each statement execute function eventkit.refuse_unless_compared();

create table eventkit.consumer_offset (
    consumer text not null,
    topic text not null,
    partition smallint not null,
    incarnation text not null,
    position bigint not null check (position >= 0),
    primary key (consumer, topic, partition)
);

-- The last event of each aggregate that was applied.
create table eventkit.inbox (
    consumer text not null,
    aggregate_id uuid not null,
    version integer not null,
    event_id uuid not null,
    primary key (consumer, aggregate_id)
);

-- Events that wait: for a predecessor, for a new version of this service, for another try, or for a person.
create table eventkit.parked (
    consumer text not null,
    aggregate_id uuid not null,
    version integer not null,
    event_id uuid not null,
    event_type text not null,
    reason text not null check (reason in ('gap', 'newer-type', 'other-history', 'refused', 'dead')),
    detail text not null,
    attempts integer not null,
    next_attempt_at timestamptz,
    parked_at timestamptz not null,
    topic text not null,
    partition smallint not null,
    incarnation text not null,
    position bigint not null,
    key bytea,
    headers jsonb not null,
    value bytea not null,
    primary key (consumer, aggregate_id, version, event_id)
);
create index parked_due on eventkit.parked (next_attempt_at) where next_attempt_at is not null;

create table eventkit.dead_letter (
    id uuid primary key,
    consumer text not null,
    at timestamptz not null,
    topic text not null,
    partition smallint not null,
    incarnation text not null,
    position bigint not null,
    aggregate_id uuid,
    aggregate_version integer,
    event_type text,
    reason text not null,
    detail text not null,
    attempts integer not null,
    consumer_version text not null,
    headers jsonb not null,
    key bytea,
    value bytea,
    published_in text,
    replayed_at timestamptz
);
create index dead_letter_unpublished on eventkit.dead_letter (at) where published_in is null;
create index dead_letter_open on eventkit.dead_letter (aggregate_id) where replayed_at is null;

create table eventkit.timer (
    kind text not null,
    subject_id uuid not null,
    due_at timestamptz not null,
    done_at timestamptz,
    attempts integer not null default 0,
    try_at timestamptz not null,
    correlation_id uuid not null default gen_random_uuid(),
    traceparent text,
    primary key (kind, subject_id)
);
create index timer_due on eventkit.timer (try_at) where done_at is null;
