"""Item bank, forms, sittings, seats, papers, responses, panels and marks."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
create table item_bank (
    bank text primary key,
    version integer not null default 0   -- rises with every approved import
);

create table item_import (
    import_id uuid primary key,
    bank text not null references item_bank,
    format text not null,
    file_sha256 bytea not null,
    items integer not null check (items > 0),
    rejected jsonb not null,             -- [{row, code, zh, en}]
    author text not null,
    imported_at timestamptz not null,
    state text not null default 'PENDING' check (state in ('PENDING', 'APPROVED')),
    bank_version integer,
    reviewer text,
    approved_at timestamptz,
    check (reviewer <> author),
    check ((state = 'APPROVED') = (bank_version is not null and reviewer is not null and approved_at is not null))
);

-- One row per version of an item. In force in the bank's versions from_version .. until_version - 1;
-- pending without from_version.
create table item (
    item_id uuid not null,
    version integer not null check (version > 0),
    bank text not null references item_bank,
    import_id uuid not null references item_import,
    type text not null check (type in ('SINGLE', 'MULTIPLE', 'TRUE_FALSE')),
    stem text not null,
    stem_hash bytea not null,            -- SHA-256 of the stem without spaces
    options jsonb not null,              -- [{key, text}]
    key text not null,                   -- letters of the right options in order; T or F
    category text,
    difficulty smallint check (difficulty between 1 and 5),
    source text,
    from_version integer,
    until_version integer check (until_version > from_version),
    primary key (item_id, version)
);
create index item_of_import on item (import_id);
create index item_in_force on item (bank, from_version) where from_version is not null;
create unique index item_stem on item (bank, stem_hash) where from_version is not null and until_version is null;
create unique index item_one_in_force on item (item_id) where from_version is not null and until_version is null;
create view current_item as select * from item where from_version is not null and until_version is null;
create trigger item_never_changes before delete or truncate
    or update of item_id, version, bank, import_id, type, stem, stem_hash, options, key, category, difficulty, source
    on item for each statement execute function eventkit.refuse_change();

create table form (
    form_id uuid primary key,
    plan_id uuid not null references plan,
    subject_code text not null,
    bank text not null references item_bank,
    bank_version integer not null,
    seed text not null,
    minutes integer not null check (minutes > 0),
    blueprint jsonb not null,            -- [{type, count, points_tenths, category}]
    drawn_by text not null,
    drawn_at timestamptz not null
);
create table form_item (
    form_id uuid not null references form,
    position smallint not null,
    item_id uuid not null,
    item_version integer not null,
    points_tenths integer not null check (points_tenths > 0),
    primary key (form_id, position),
    unique (form_id, item_id),
    foreign key (item_id, item_version) references item
);
create trigger form_only_grows before update or delete or truncate on form
    for each statement execute function eventkit.refuse_change();
create trigger form_item_only_grows before update or delete or truncate on form_item
    for each statement execute function eventkit.refuse_change();

create table sitting (
    sitting_id uuid primary key,
    plan_id uuid not null references plan,
    subject_code text not null,
    form_id uuid references form,        -- null: the subject is not taken on this system
    starts_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > starts_at),
    room text not null,
    seats smallint not null check (seats > 0),
    state text not null default 'SCHEDULED' check (state in ('SCHEDULED', 'ENDED')),
    scheduled_by text not null
);
create index sitting_of_plan on sitting (plan_id);

-- The last sequence number given under the first 14 digits of a ticket: day, province, site.
create table ticket_counter (
    prefix text primary key check (length(prefix) = 14),
    last integer not null
);

create table seat (
    sitting_id uuid not null references sitting,
    seat_no smallint not null check (seat_no > 0),
    entry_id uuid not null references entry,
    subject_code text not null,
    ticket_no text not null unique check (length(ticket_no) = 19),
    primary key (sitting_id, seat_no),
    unique (entry_id, subject_code)
);

create table paper (
    paper_id uuid primary key,
    sitting_id uuid not null references sitting,
    entry_id uuid not null references entry,
    candidate_id uuid not null,
    form_id uuid not null references form,
    state text not null default 'OPEN' check (state in ('OPEN', 'SUBMITTED')),
    started_at timestamptz not null,
    ends_at timestamptz not null,
    submitted_at timestamptz,
    by_clock boolean not null default false,
    serial integer not null default 0,   -- of the last receipt
    score_tenths integer check (score_tenths between 0 and 1000),
    unique (sitting_id, entry_id),
    check ((state = 'SUBMITTED') = (submitted_at is not null))
) with (fillfactor = 50);

-- Apart from paper, whose row every saved response touches.
create table paper_layout (
    paper_id uuid primary key references paper,
    types text[] not null,
    form_positions smallint[] not null,
    letters text[] not null              -- per item: the bank's letters of its options as they are shown
);

create table response (
    paper_id uuid not null references paper,
    position smallint not null,          -- on the paper
    form_position smallint not null,
    response jsonb not null,             -- as the candidate sent it
    chosen text not null,                -- the bank's letters, sorted; T or F
    response_sha256 bytea not null,
    serial integer not null,
    saved_at timestamptz not null,
    primary key (paper_id, position)
) with (fillfactor = 80);

create table panel_rater (
    plan_id uuid not null references plan,
    subject_code text not null,
    rater_id uuid not null,
    named_by text not null,
    named_at timestamptz not null,
    primary key (plan_id, subject_code, rater_id)
);

create table mark (
    entry_id uuid not null references entry,
    subject_code text not null,
    rater_id uuid not null,
    score_tenths integer check (score_tenths between 0 and 1000),  -- null: absent
    marked_at timestamptz not null,
    primary key (entry_id, subject_code, rater_id)
);

-- Every mark that was changed after it was given.
create table mark_change (
    change_id uuid primary key,
    entry_id uuid not null references entry,
    subject_code text not null,
    rater_id uuid not null,
    old_tenths integer,
    new_tenths integer,
    reason text,                         -- stated whenever the panel was complete
    changed_at timestamptz not null
);
create trigger mark_change_only_grows before update or delete or truncate on mark_change
    for each statement execute function eventkit.refuse_change();
"""


def upgrade() -> None:
    """Makes the tables of the assessment itself."""
    op.get_bind().exec_driver_sql(TABLES.replace("%", "%%"))
