-- Keys: what each may be used for, and until when one that was rotated still counts.
alter table api_key add column scopes text[] not null default '{verification}';
alter table api_key drop column scope;
alter table api_key alter column scopes drop default;
alter table api_key add constraint scopes_known
    check (cardinality(scopes) > 0 and scopes <@ '{verification,watch-lists}'::text[]);
alter table api_key add column expires_at timestamptz;
alter table api_key add column rotated_from uuid references api_key;
create index api_key_of_employer on api_key (credit_code, key_id);

-- What holders allow one employer to learn beyond the minimum. The token is random, and only its SHA-256 is here.
create table consent (
    consent_id uuid primary key,
    certificate_id uuid not null references certificate,
    token_hash bytea not null unique check (length(token_hash) = 32),
    credit_code text not null,
    fields text[] not null check (cardinality(fields) > 0 and fields <@ '{name,scores}'::text[]),
    purpose text not null,
    given_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > given_at),
    revoked_at timestamptz
);
create index consent_of_certificate on consent (certificate_id, consent_id);

alter table verification add column lawful_ground text
    check (lawful_ground in ('CONSENT', 'CONTRACT', 'STATUTORY_DUTY', 'DISCLOSED'));
alter table verification add column consent_id uuid references consent;

-- Certificates that an employer wants to hear of.
create table watch_list (
    list_id uuid primary key,
    credit_code text not null,
    name text not null,
    webhook_url text,
    webhook_secret bytea,   -- sealed, bound to list_id
    created_at timestamptz not null,
    ended_at timestamptz,
    check ((webhook_url is null) = (webhook_secret is null))
);
create index watch_list_of_employer on watch_list (credit_code, list_id);

create table watch_item (
    certificate_id uuid not null references certificate,
    list_id uuid not null references watch_list,
    added_at timestamptz not null,
    primary key (certificate_id, list_id)
);
create index watch_item_of_list on watch_item (list_id, certificate_id);

-- What a list is told. Read in the order of the transactions that wrote them, and only once all earlier ones have
-- ended: so a reader's cursor passes nothing that is committed later.
create table watch_notice (
    notice_id uuid primary key,
    list_id uuid not null references watch_list,
    certificate_id uuid not null references certificate,
    version integer not null,
    change text not null,
    at timestamptz not null,
    written_by xid8 not null default pg_current_xact_id(),
    unique (list_id, certificate_id, version)
);
create index watch_notice_feed on watch_notice (list_id, written_by, notice_id);

create table watch_delivery (
    notice_id uuid primary key references watch_notice,
    state text not null default 'WAITING' check (state in ('WAITING', 'DELIVERED', 'GIVEN_UP')),
    attempts smallint not null default 0,
    try_at timestamptz not null,
    outcome text,           -- of the last attempt: a status, or why there was none
    settled_at timestamptz,
    check ((state = 'WAITING') = (settled_at is null))
);
create index watch_delivery_due on watch_delivery (try_at) where state = 'WAITING';

-- The register over time. A change keeps what stood before it, so what stood at any moment is read backwards from now.
alter table certificate add column print_serial text unique;
-- What was issued elsewhere was entered by an import: its candidate, result and entry are the certificate itself, its plan
-- the import, for nobody here is behind them, and it is said in no event.
alter table certificate add column origin text not null default 'ISSUED' check (origin in ('ISSUED', 'IMPORTED'));
alter table certificate add column authority text not null default 'MOHRSS' check (authority in ('MOHRSS', 'MOE_1X'));

alter table register_entry drop constraint register_entry_change_check;
alter table register_entry add constraint register_entry_change_check check (change in (
    'ISSUED', 'IMPORTED', 'SCORES_CORRECTED', 'WITHDRAWN', 'REINSTATED', 'CORRECTED', 'REISSUED', 'APPEALED',
    'APPEAL_REJECTED', 'NOTED'));
alter table register_entry add column proof_ref text;
alter table register_entry add column decided_on date;
alter table register_entry add column before jsonb;             -- columns of the certificate that this change changed
alter table register_entry add column personal_before bytea;    -- sealed as in the certificate

create table appeal (
    appeal_id uuid primary key,
    certificate_id uuid not null references certificate,
    version integer not null,             -- of the entry that withdrew
    statement bytea not null,             -- sealed, bound to appeal_id
    filed_at timestamptz not null,
    filed_by text not null,
    outcome text check (outcome in ('REJECTED', 'GRANTED')),
    decided_at timestamptz,
    decided_by text,
    unique (certificate_id, version),
    check ((outcome is null) = (decided_at is null) and (outcome is null) = (decided_by is null))
);

create table register_import (
    import_id uuid primary key,
    authority text not null check (authority in ('MOHRSS', 'MOE_1X')),
    file_sha256 bytea not null,
    certificates integer not null check (certificates > 0),
    content bytea,                        -- sealed rows, bound to import_id; none once decided
    imported_by text not null,
    imported_at timestamptz not null,
    state text not null default 'PENDING' check (state in ('PENDING', 'CONFIRMED', 'DISCARDED')),
    decided_by text,
    decided_at timestamptz,
    check ((state = 'PENDING') = (content is not null) and (state = 'PENDING') = (decided_by is null)),
    check (state <> 'CONFIRMED' or decided_by <> imported_by)
);

-- What goes up to the national register: one batch is one body's.
create table upload_batch (
    batch_id uuid primary key,
    batch_no text not null unique,        -- 批次号, given by the local department
    body_id uuid not null,
    body_name text not null,
    certificates integer not null check (certificates > 0),
    made_by text not null,
    made_at timestamptz not null
);
create table upload_row (
    batch_id uuid not null references upload_batch,
    place integer not null,
    certificate_id uuid not null references certificate,
    state text not null default 'SENT' check (state in ('SENT', 'REFUSED', 'REGISTERED', 'OUTDATED')),
    reason text,
    registered_on date,
    answered_at timestamptz,
    primary key (batch_id, place),
    check ((state = 'REFUSED') = (reason is not null)),
    check (state <> 'REGISTERED' or registered_on is not null)
);
create unique index upload_row_counts on upload_row (certificate_id) where state in ('SENT', 'REGISTERED');
create index upload_row_of_certificate on upload_row (certificate_id, batch_id);
create index certificate_of_body on certificate (body_id, certificate_id) where origin = 'ISSUED';

-- Blank paper of each body.
create table blank_move (
    move_id uuid primary key,
    body_id uuid not null,
    kind text not null check (kind in ('DRAWN', 'RETURNED', 'PRINTED', 'VOID', 'DESTROYED')),
    sheets integer not null check (sheets > 0),
    reason text not null,
    at timestamptz not null,
    actor text not null
);
create index blank_move_of_body on blank_move (body_id, move_id);
create trigger blank_move_only_grows before update or delete or truncate on blank_move
    for each statement execute function eventkit.refuse_change();
