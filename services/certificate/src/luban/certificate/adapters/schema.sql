-- Numbers given so far under each prefix (body × year × level). Rows are locked in the order of their prefixes.
create table counter (
    prefix text collate "C" primary key,
    last integer not null check (last > 0)
);

create table certificate (
    certificate_id uuid primary key,
    certificate_no text collate "C" not null unique,
    number_prefix text collate "C" not null,
    candidate_id uuid not null,
    result_id uuid not null,
    confirmation_no integer not null,
    entry_id uuid not null,
    plan_id uuid not null,
    track text not null check (track in ('ENTERPRISE', 'SOCIAL', 'SPECIAL_ABILITY')),
    kind text not null check (kind in ('LEVEL', 'SPECIAL_ABILITY')),
    occupation_code text,
    occupation_name text,
    trade text,
    level smallint check (level between 1 and 5),
    standard_edition text,
    project_code text,
    project_name text,
    specification_version integer,
    body_id uuid not null,
    body_code text not null,
    body_name text not null,
    issued_on date not null,
    state text not null check (state in ('VALID', 'WITHDRAWN')),
    withdrawn_on date,
    withdrawal_reason text,
    register_version integer not null check (register_version > 0),
    scores jsonb not null,
    personal bytea not null,
    name_hash bytea not null,
    id_hash bytea not null,
    unique (result_id, confirmation_no),
    check ((kind = 'LEVEL') = (level is not null) and (kind = 'LEVEL') = (project_code is null)),
    check ((state = 'WITHDRAWN') = (withdrawn_on is not null and withdrawal_reason is not null))
);
create unique index certificate_in_force on certificate (result_id) where state = 'VALID';
create index certificate_of_candidate on certificate (candidate_id, certificate_id);
create index certificate_of_plan on certificate (plan_id, certificate_id);
create trigger certificate_is_permanent before delete or truncate on certificate
    for each statement execute function eventkit.refuse_change();

-- Every change of every certificate, in order. No foreign key: the certificate's row is written and locked by the
-- same statements, and a check per row would cost a tenth of issuing.
create table register_entry (
    certificate_id uuid not null,
    version integer not null check (version > 0),
    at timestamptz not null,
    actor text not null,
    change text not null check (change in ('ISSUED', 'SCORES_CORRECTED', 'WITHDRAWN', 'NOTED')),
    reason_code text,
    reason text,
    decision_ref text,
    primary key (certificate_id, version)
);
create trigger register_only_grows before update or delete or truncate on register_entry
    for each statement execute function eventkit.refuse_change();

-- Employers' keys; the key itself is random, and only its SHA-256 is here.
create table api_key (
    key_id uuid primary key,
    key_hash bytea not null unique check (length(key_hash) = 32),
    scope text not null check (scope in ('verification')),
    credit_code text not null,
    employer_name text not null,
    daily_quota integer not null check (daily_quota > 0),
    created_at timestamptz not null,
    created_by text not null,
    revoked_at timestamptz,
    revoked_by text
);

-- Every check that was answered. Nothing personal of the asked, and of the asker only the key.
create table verification (
    verification_id uuid primary key,
    at timestamptz not null,
    certificate_id uuid,
    caller_kind text not null check (caller_kind in ('EMPLOYER', 'PUBLIC')),
    key_id uuid references api_key,
    credit_code text,
    purpose text not null,
    factor text not null check (factor in ('name', 'id_no')),
    outcome text not null check (outcome in ('VALID', 'WITHDRAWN', 'NO_MATCH')),
    check ((outcome = 'NO_MATCH') = (certificate_id is null)),
    check ((caller_kind = 'EMPLOYER') = (key_id is not null and credit_code is not null))
);
create index verification_of_certificate on verification (certificate_id, verification_id)
    where certificate_id is not null;
create trigger verification_only_grows before update or delete or truncate on verification
    for each statement execute function eventkit.refuse_change();
