-- Register entries that the public log does not hold yet, in the order they were written. Filled by the database
-- itself, so that nobody who writes the register can forget it.
create table log_queue (
    seq bigint generated always as identity primary key,
    certificate_id uuid not null,
    version integer not null
);

create function log_later() returns trigger language plpgsql as $$
begin
    insert into log_queue (certificate_id, version) select certificate_id, version from entered order by version;
    return null;
end $$;
create trigger register_is_logged after insert on register_entry
    referencing new table as entered for each statement execute function log_later();

insert into log_queue (certificate_id, version)
select certificate_id, version from register_entry order by at, version;

-- The log's entries beside what opens them: lost salts open nothing any more.
create table log_entry (
    index bigint primary key check (index >= 0),
    certificate_id uuid not null,
    version integer not null,
    logged_at timestamptz not null,
    tag bytea not null check (length(tag) = 32),
    salt bytea not null check (length(salt) = 32),
    facts bytea not null,
    unique (certificate_id, version)
);
create trigger log_only_grows before update or delete or truncate on log_entry
    for each statement execute function eventkit.refuse_change();

-- Tiles (C2SP tlog-tiles), one row for each place, full or as far as it is filled; level -1 holds bundles of entries.
create table log_tile (
    level smallint not null check (level >= -1),
    index bigint not null,
    content bytea not null,
    primary key (level, index)
);
alter table log_tile alter column content set storage external;

-- The few that stop to count: what a status list is made of.
create index certificate_not_valid on certificate (certificate_id) where state <> 'VALID';

create table log_checkpoint (
    size bigint primary key,
    root bytea not null check (length(root) = 32),
    note text not null,
    at timestamptz not null
);
create trigger checkpoints_stay before update or delete or truncate on log_checkpoint
    for each statement execute function eventkit.refuse_change();

create table log_cosignature (
    size bigint not null references log_checkpoint,
    witness text not null,
    line text not null,
    at timestamptz not null,
    primary key (size, witness)
);
