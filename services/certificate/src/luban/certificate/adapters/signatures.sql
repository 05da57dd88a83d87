-- Which key signed what a holder keeps of a certificate (paper or credential), and when last: whom a compromise touches.
create table signed_certificate (
    key_id text not null check (length(key_id) = 43),
    certificate_id uuid not null references certificate,
    signed_at timestamptz not null,
    renewed_at timestamptz,               -- when the register took it up to be signed anew; none if signed again since
    primary key (key_id, certificate_id)
);
create index signed_not_renewed on signed_certificate (key_id, signed_at) where renewed_at is null;

alter table register_entry drop constraint register_entry_change_check;
alter table register_entry add constraint register_entry_change_check check (change in (
    'ISSUED', 'IMPORTED', 'SCORES_CORRECTED', 'WITHDRAWN', 'REINSTATED', 'SUSPENDED', 'RESUMED', 'CORRECTED', 'REISSUED',
    'APPEALED', 'APPEAL_REJECTED', 'NOTED', 'SIGNED_ANEW'));
