create schema webkit;

-- The answer to every command that came with an Idempotency-Key, kept for seven days; sealed, as it may name somebody.
-- A row without status exists only inside the transaction that is making the answer.
create table webkit.idempotency (
    caller text not null,
    route text not null,
    key text not null check (length(key) between 1 and 128),
    request_digest bytea not null check (octet_length(request_digest) = 32),
    status smallint check (status between 200 and 399),
    media_type text,
    headers jsonb,
    sealed bytea,
    created_at timestamptz not null,
    primary key (caller, route, key)
);
create index idempotency_age on webkit.idempotency (created_at);

-- Which member of staff read whose personal data, when, what and why. Never changed, never removed.
create table webkit.personal_data_access (
    id uuid primary key,
    at timestamptz not null,
    actor text not null,
    role text not null,
    subject_id uuid not null,
    what text not null check (length(what) between 1 and 200),
    purpose text not null check (length(purpose) between 1 and 500),
    correlation_id uuid not null
);
create index personal_data_access_of_subject on webkit.personal_data_access (subject_id, at);

create trigger personal_data_access_only_grows before update or delete or truncate on webkit.personal_data_access
    for each statement execute function eventkit.refuse_change();

-- How often each caller did one thing on a Shanghai day: a credit code, or the keyed hash of a network address.
create table webkit.quota_use (
    day date not null,
    what text collate "C" not null,
    caller bytea not null,
    used integer not null,
    primary key (day, what, caller)
) with (fillfactor = 70);
