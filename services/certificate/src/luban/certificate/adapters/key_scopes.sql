-- A key may be allowed to have credentials issued by the VC-API.
alter table api_key drop constraint scopes_known;
alter table api_key add constraint scopes_known
    check (cardinality(scopes) > 0 and scopes <@ '{verification,watch-lists,credentials}'::text[]);
