#!/usr/bin/env bash
# Healthy: the broker answers an ApiVersions request on its internal listener. The same question as
# kafka-broker-api-versions.sh asks, without two seconds of a JVM's start each time.
set -euo pipefail

exec 3<>"/dev/tcp/${1:-localhost}/${2:-9092}"
# Length 10, API key 18 (ApiVersions) version 0, correlation id 0x4c55424e, no client id.
printf '\0\0\0\012\0\022\0\0\x4c\x55\x42\x4e\377\377' >&3
# The answer: length (4 bytes), the correlation id again, error code 0.
answer=$(timeout 3 head -c 10 <&3 | od -An -v -tx1 | tr -d ' \n')
[ "${answer:8}" = 4c55424e0000 ]
