create table body (
    body_id uuid primary key,
    name text not null,
    body_class text not null check (body_class in ('EMPLOYER', 'SOCIAL')),
    code text not null unique,
    credit_code text not null,
    division text not null,
    status text not null check (status in ('ACTIVE', 'SUSPENDED', 'WITHDRAWN')),
    valid_from date not null,
    valid_to date not null check (valid_to >= valid_from),
    scope jsonb not null,
    project_ids uuid[] not null,
    site_codes text[] not null
);

-- The 13 characters that certificates' numbers begin with, each one body's for ever.
create table body_number_code (
    number_code text primary key,
    body_id uuid not null references body
);

-- Who changed what of a body, when and why.
create table body_history (
    id uuid primary key,
    body_id uuid not null references body,
    at timestamptz not null,
    actor text not null,
    change text not null,
    reason text
);
create index body_history_of_body on body_history (body_id, id);

create table project (
    project_id uuid primary key,
    code text not null unique,
    name text not null,
    category text not null,
    specification_version integer not null check (specification_version > 0),
    definition text not null,
    status text not null check (status in ('PUBLISHED', 'WITHDRAWN'))
);

create table plan (
    plan_id uuid primary key,
    plan_no text not null unique,
    body_id uuid not null references body,
    track text not null check (track in ('ENTERPRISE', 'SOCIAL', 'SPECIAL_ABILITY')),
    occupation_code text,
    occupation_name text,
    trade text,
    level smallint check (level between 1 and 5),
    standard_edition text,
    project_id uuid references project,
    scheme_key text not null,
    route text not null,
    subjects jsonb not null,
    site_code text not null,
    site_name text not null,
    division text not null,
    registration_from date not null,
    registration_to date not null,
    exam_from date not null,
    exam_to date not null,
    filed_on date not null,
    check ((project_id is null) = (occupation_code is not null and level is not null))
);
create index plan_of_body on plan (body_id, plan_id);

-- What changes with every entry, apart from the plan, so that the plan itself is not rewritten each time.
-- Its row is the plan's lock: whoever changes a plan, its state or its counts takes it.
create table plan_intake (
    plan_id uuid primary key references plan,
    state text not null check (state in ('OPEN', 'CLOSED', 'CANCELLED')),
    plan_version integer not null check (plan_version > 0),
    capacity integer not null check (capacity > 0),
    taken integer not null default 0,
    accepted integer not null default 0,
    frozen boolean not null default false,
    check (taken between 0 and capacity),
    check (accepted between 0 and taken)
) with (fillfactor = 20);

-- Last sequence of plan numbers per year and site.
create table plan_number (
    year smallint not null,
    site_code text not null,
    last smallint not null,
    primary key (year, site_code)
);

-- Who changed what of a plan, when and why.
create table plan_history (
    plan_id uuid not null references plan,
    plan_version integer not null,
    at timestamptz not null,
    actor text not null,
    change text not null,
    reason text,
    primary key (plan_id, at, change)
);

-- Personal data only sealed: sealed_person is PersonalData, sealed_profile the birth date and what is declared.
create table candidate (
    candidate_id uuid primary key,
    sealed_person bytea not null,
    sealed_profile bytea not null,
    source text not null check (source in ('SELF', 'ROSTER')),
    registered_at timestamptz not null,
    changed_at timestamptz not null
);

-- Every document a candidate has or had; a number belongs to one person for ever.
create table candidate_document (
    identity_hash bytea primary key,
    candidate_id uuid not null references candidate,
    sealed_person bytea not null,
    recorded_at timestamptz not null,
    replaced_at timestamptz
);
create unique index candidate_document_current on candidate_document (candidate_id) where replaced_at is null;
create index candidate_document_of_candidate on candidate_document (candidate_id);

-- No reference to plan: fifty clients that enter one plan at once would all lock its row. Plans are never removed.
create table entry (
    entry_id uuid primary key,
    plan_id uuid not null,
    candidate_id uuid not null references candidate,
    state text not null check (state in ('SUBMITTED', 'NEEDS_DECISION', 'ACCEPTED', 'REJECTED', 'WITHDRAWN', 'CANCELLED')),
    plan_version integer not null,
    source text not null check (source in ('SELF', 'ROSTER')),
    submitted_at timestamptz not null,
    decision jsonb not null,
    sealed_evidence bytea not null
);
create unique index entry_once_per_plan on entry (plan_id, candidate_id)
    where state in ('SUBMITTED', 'NEEDS_DECISION', 'ACCEPTED');
create index entry_of_candidate on entry (candidate_id, entry_id);
create index entry_of_plan on entry (plan_id, entry_id);

-- Every state an entry was in, with why and by whom. Only grows.
create table entry_history (
    entry_id uuid not null references entry,
    step smallint not null,
    at timestamptz not null,
    state text not null,
    reason_code text not null,
    zh text not null,
    en text not null,
    actor text not null,
    primary key (entry_id, step)
);

create table roster_upload (
    upload_id uuid primary key,
    plan_id uuid not null references plan,
    at timestamptz not null,
    actor text not null,
    sha256 bytea not null,
    rows integer not null,
    accepted integer not null,
    rejected integer not null,
    needs_decision integer not null
);

-- Level certificates of the province's own register; they count for eligibility without being declared.
create table prior_certificate (
    certificate_id uuid primary key,
    candidate_id uuid not null,
    certificate_no text not null,
    occupation_code text not null,
    occupation_name text not null,
    level smallint not null check (level between 1 and 5),
    issued_on date not null,
    withdrawn_on date
);
create index prior_certificate_of_candidate on prior_certificate (candidate_id);
