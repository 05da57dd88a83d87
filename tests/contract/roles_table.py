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
ROLES = (CANDIDATE, BODY, RATER, AUTHOR, REVIEWER, PROVINCE, CITY, INSPECTOR)

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
    ("GET", "/v1/api-keys"): {PROVINCE},
    ("POST", "/v1/api-keys"): {PROVINCE},
    ("POST", "/v1/api-keys/{key_id}/revoke"): {PROVINCE},
    ("GET", "/v1/certificates"): {CANDIDATE, BODY, PROVINCE},
    ("GET", "/v1/certificates/{certificate_id}"): {CANDIDATE, BODY, PROVINCE},
    ("GET", "/v1/certificates/{certificate_id}/verifications"): {CANDIDATE},
    ("POST", "/v1/certificates/{certificate_id}/withdrawal"): {PROVINCE},
    ("GET", "/v1/keys"): {PUBLIC},
    ("HEAD", "/v1/keys"): {PUBLIC},
    ("POST", "/v1/verifications"): {PUBLIC},
}

TABLE = {
    "registration": {**KERNEL, **REGISTRATION},
    "exam": {**KERNEL, **EXAM},
    "certificate": {**KERNEL, **CERTIFICATE},
}
