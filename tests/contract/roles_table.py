"""Who may call what. Written by hand: a route that is missing here, or says something else, fails the test."""

PUBLIC = "public"
CANDIDATE = "candidate"
BODY = "body_staff"
RATER = "rater"
AUTHOR = "item_author"
REVIEWER = "item_reviewer"
PROVINCE = "province_staff"
CITY = "city_staff"
INSPECTOR = "inspector"
EMPLOYER = "employer"
ROLES = (CANDIDATE, BODY, RATER, AUTHOR, REVIEWER, PROVINCE, CITY, INSPECTOR, EMPLOYER)

Endpoint = tuple[str, str]

KERNEL: dict[Endpoint, set[str]] = {
    (method, path): {PUBLIC} for path in ("/docs", "/healthz", "/openapi.json", "/readyz") for method in ("GET", "HEAD")
}

REGISTRATION: dict[Endpoint, set[str]] = {
    ("GET", "/v1/bodies"): {PUBLIC},
    ("POST", "/v1/bodies"): {PROVINCE},
    ("GET", "/v1/bodies/{body_id}"): {PUBLIC},
    ("PATCH", "/v1/bodies/{body_id}"): {PROVINCE},
    ("POST", "/v1/bodies/{body_id}/resume"): {PROVINCE},
    ("POST", "/v1/bodies/{body_id}/suspend"): {PROVINCE},
    ("POST", "/v1/bodies/{body_id}/withdraw"): {PROVINCE},
    ("GET", "/v1/candidates/me"): {CANDIDATE},
    ("PUT", "/v1/candidates/me"): {CANDIDATE},
    ("GET", "/v1/entries"): {CANDIDATE},
    ("POST", "/v1/entries"): {CANDIDATE},
    ("GET", "/v1/entries/{entry_id}"): {CANDIDATE, BODY, CITY, PROVINCE},
    ("POST", "/v1/entries/{entry_id}/decision"): {BODY, PROVINCE},
    ("POST", "/v1/entries/{entry_id}/withdraw"): {CANDIDATE},
    ("GET", "/v1/plans"): {PUBLIC},
    ("POST", "/v1/plans"): {BODY},
    ("GET", "/v1/plans/{plan_id}"): {PUBLIC},
    ("PATCH", "/v1/plans/{plan_id}"): {BODY},
    ("POST", "/v1/plans/{plan_id}/cancel"): {BODY},
    ("GET", "/v1/plans/{plan_id}/entries"): {BODY, CITY, PROVINCE},
    ("POST", "/v1/plans/{plan_id}/roster"): {BODY},
    ("GET", "/v1/plans/{plan_id}/roster-template"): {BODY},
    ("GET", "/v1/projects"): {PUBLIC},
    ("POST", "/v1/projects"): {PROVINCE},
    ("POST", "/v1/projects/{project_id}/withdraw"): {PROVINCE},
}

EXAM: dict[Endpoint, set[str]] = {
    ("POST", "/v1/banks/{bank}/imports"): {AUTHOR},
    ("GET", "/v1/imports/{import_id}"): {AUTHOR, REVIEWER},
    ("GET", "/v1/imports/{import_id}/items"): {AUTHOR, REVIEWER},
    ("POST", "/v1/imports/{import_id}/approve"): {REVIEWER},
    ("POST", "/v1/forms"): {PROVINCE},
    ("POST", "/v1/sittings"): {BODY},
    ("GET", "/v1/sittings/{sitting_id}/seats"): {BODY},
    ("POST", "/v1/sittings/{sitting_id}/seats"): {BODY},
    ("GET", "/v1/tickets"): {CANDIDATE},
    ("POST", "/v1/papers"): {CANDIDATE},
    ("GET", "/v1/papers/{paper_id}"): {CANDIDATE},
    ("PUT", "/v1/papers/{paper_id}/responses/{position}"): {CANDIDATE},
    ("POST", "/v1/papers/{paper_id}/submit"): {CANDIDATE},
    ("GET", "/v1/plans/{plan_id}/entries"): {BODY, RATER},
    ("PUT", "/v1/plans/{plan_id}/subjects/{code}/raters"): {BODY},
    ("GET", "/v1/plans/{plan_id}/subjects/{code}/marking"): {BODY},
    ("GET", "/v1/plans/{plan_id}/subjects/{code}/marks"): {RATER},
    ("PUT", "/v1/plans/{plan_id}/subjects/{code}/marks"): {RATER},
    ("GET", "/v1/plans/{plan_id}/results/template"): {BODY},
    ("POST", "/v1/plans/{plan_id}/results"): {BODY},
    ("POST", "/v1/plans/{plan_id}/results/file"): {BODY},
    ("POST", "/v1/plans/{plan_id}/results/draw-up"): {BODY},
    ("GET", "/v1/plans/{plan_id}/submissions"): {BODY, CITY, PROVINCE},
    ("POST", "/v1/submissions/{submission_id}/confirm"): {BODY},
    ("POST", "/v1/submissions/{submission_id}/discard"): {BODY},
    ("GET", "/v1/plans/{plan_id}/publicity"): {PUBLIC},
    ("POST", "/v1/plans/{plan_id}/objections"): {PUBLIC},
    ("GET", "/v1/plans/{plan_id}/objections"): {BODY, CITY, PROVINCE},
    ("POST", "/v1/objections/{objection_id}/decision"): {PROVINCE},
    ("GET", "/v1/results"): {CANDIDATE, BODY, CITY, PROVINCE},
    ("POST", "/v1/results/{result_id}/correction"): {PROVINCE},
}

CERTIFICATE: dict[Endpoint, set[str]] = {
    ("GET", "/v1/api-keys"): {PROVINCE, EMPLOYER},
    ("GET", "/v1/api-keys/use"): {PROVINCE, EMPLOYER},
    ("POST", "/v1/api-keys"): {PROVINCE},
    ("POST", "/v1/api-keys/{key_id}/revoke"): {PROVINCE, EMPLOYER},
    ("POST", "/v1/api-keys/{key_id}/rotation"): {PROVINCE, EMPLOYER},
    ("GET", "/v1/certificates"): {CANDIDATE, BODY, PROVINCE},
    ("GET", "/v1/certificates/{certificate_id}"): {CANDIDATE, BODY, PROVINCE},
    ("GET", "/v1/certificates/{certificate_id}/verifications"): {CANDIDATE},
    ("POST", "/v1/appeals/{appeal_id}/decision"): {PROVINCE},
    ("POST", "/v1/certificates/{certificate_id}/appeals"): {CANDIDATE},
    ("POST", "/v1/certificates/{certificate_id}/correction"): {PROVINCE},
    ("GET", "/v1/certificates/{certificate_id}/entries"): {CANDIDATE, BODY, PROVINCE},
    ("POST", "/v1/certificates/{certificate_id}/reissue"): {BODY, PROVINCE},
    ("GET", "/v1/certificates/{certificate_id}/consents"): {CANDIDATE},
    ("POST", "/v1/certificates/{certificate_id}/consents"): {CANDIDATE},
    ("POST", "/v1/certificates/{certificate_id}/suspension"): {PROVINCE},
    ("POST", "/v1/certificates/{certificate_id}/resumption"): {PROVINCE},
    ("POST", "/v1/certificates/{certificate_id}/withdrawal"): {PROVINCE},
    ("GET", "/.well-known/did.json"): {PUBLIC},
    ("GET", "/vc-api/did.json"): {PUBLIC},
    ("POST", "/vc-api/credentials/issue"): {PROVINCE, EMPLOYER},
    ("POST", "/vc-api/credentials/verify"): {PUBLIC},
    ("POST", "/vc-api/presentations/verify"): {PUBLIC},
    ("GET", "/status/{purpose}/{number}"): {PUBLIC},
    ("GET", "/v1/trust"): {PUBLIC},
    ("POST", "/v1/certificates/{certificate_id}/credentials"): {CANDIDATE, BODY, PROVINCE},
    ("GET", "/v1/certificates/{certificate_id}/paper"): {CANDIDATE, BODY, PROVINCE},
    ("PUT", "/v1/certificates/{certificate_id}/photograph"): {BODY, PROVINCE},
    ("GET", "/v1/certificates/{certificate_id}/photograph"): {CANDIDATE, BODY, PROVINCE},
    ("GET", "/V"): {PUBLIC},
    ("GET", "/v"): {PUBLIC},
    ("GET", "/v/{file}"): {PUBLIC},
    ("GET", "/log/checkpoint"): {PUBLIC},
    ("GET", "/log/keys"): {PUBLIC},
    ("GET", "/log/proofs/consistency"): {PUBLIC},
    ("GET", "/log/proofs/inclusion"): {PUBLIC},
    ("GET", "/log/tile/{path}"): {PUBLIC},
    ("POST", "/log/cosignatures"): {PUBLIC},
    ("POST", "/log/disclosures"): {PUBLIC},
    ("POST", "/v1/consents/{consent_id}/revoke"): {CANDIDATE},
    ("GET", "/v1/blanks"): {BODY, PROVINCE},
    ("POST", "/v1/blanks"): {BODY, PROVINCE},
    ("GET", "/v1/certificates/{certificate_id}/national-register"): {CANDIDATE, BODY, PROVINCE},
    ("POST", "/v1/imports"): {PROVINCE},
    ("GET", "/v1/imports/{import_id}"): {PROVINCE},
    ("POST", "/v1/imports/{import_id}/confirm"): {PROVINCE},
    ("POST", "/v1/imports/{import_id}/discard"): {PROVINCE},
    ("GET", "/v1/keys"): {PUBLIC},
    ("HEAD", "/v1/keys"): {PUBLIC},
    ("GET", "/v1/upload-batches"): {PROVINCE},
    ("POST", "/v1/upload-batches"): {PROVINCE},
    ("GET", "/v1/upload-batches/{batch_id}"): {PROVINCE},
    ("POST", "/v1/upload-batches/{batch_id}/answer"): {PROVINCE},
    ("GET", "/v1/upload-batches/{batch_id}/file"): {PROVINCE},
    ("POST", "/v1/verifications"): {PUBLIC},
    ("GET", "/v1/watch-lists"): {EMPLOYER},
    ("POST", "/v1/watch-lists"): {EMPLOYER},
    ("GET", "/v1/watch-lists/{list_id}"): {EMPLOYER},
    ("POST", "/v1/watch-lists/{list_id}/certificates"): {EMPLOYER},
    ("GET", "/v1/watch-lists/{list_id}/deliveries"): {EMPLOYER},
    ("POST", "/v1/watch-lists/{list_id}/deliveries/{notice_id}/again"): {EMPLOYER},
    ("POST", "/v1/watch-lists/{list_id}/end"): {EMPLOYER},
    ("GET", "/v1/watch-lists/{list_id}/notices"): {EMPLOYER},
    ("POST", "/v1/watch-lists/{list_id}/removals"): {EMPLOYER},
    ("PUT", "/v1/watch-lists/{list_id}/webhook"): {EMPLOYER},
    ("POST", "/v1/verifications:batch"): {PUBLIC},
}

TABLE = {
    "registration": {**KERNEL, **REGISTRATION},
    "exam": {**KERNEL, **EXAM},
    "certificate": {**KERNEL, **CERTIFICATE},
}
