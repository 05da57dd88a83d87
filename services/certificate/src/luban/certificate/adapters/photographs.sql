-- Photographs of holders, sealed; the newest one is printed, the others stay as what was printed before.
create table photograph (
    certificate_id uuid not null references certificate,
    version integer not null check (version >= 1),
    content bytea not null,               -- sealed, bound to the certificate
    at timestamptz not null,
    actor text not null,
    primary key (certificate_id, version)
);
