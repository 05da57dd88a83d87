-- A certificate that does not count for a time.
alter table certificate add column suspended_on date;
alter table certificate add column suspension_reason text;
alter table certificate drop constraint certificate_state_check;
alter table certificate add constraint certificate_state_check check (state in ('VALID', 'SUSPENDED', 'WITHDRAWN'));
alter table certificate add constraint certificate_suspended_since check (
    (state = 'SUSPENDED') = (suspended_on is not null) and (state = 'SUSPENDED') = (suspension_reason is not null));

-- One that is suspended keeps its result's place: it may count again.
drop index certificate_in_force;
create unique index certificate_in_force on certificate (result_id) where state <> 'WITHDRAWN';

alter table register_entry drop constraint register_entry_change_check;
alter table register_entry add constraint register_entry_change_check check (change in (
    'ISSUED', 'IMPORTED', 'SCORES_CORRECTED', 'WITHDRAWN', 'REINSTATED', 'SUSPENDED', 'RESUMED', 'CORRECTED', 'REISSUED',
    'APPEALED', 'APPEAL_REJECTED', 'NOTED'));

alter table verification drop constraint verification_outcome_check;
alter table verification add constraint verification_outcome_check
    check (outcome in ('VALID', 'SUSPENDED', 'WITHDRAWN', 'NO_MATCH'));
