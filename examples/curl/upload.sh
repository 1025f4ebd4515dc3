#!/bin/sh
# Uploads a file to Intake and prints its record: upload.sh FILE [TYPE [DOCUMENT_ID]]
#
# TYPE is the file's MIME type; `file` finds it by default. Every request is repeated after a lost connection or a
# temporary error. The document's id, printed first, makes that safe; pass it to repeat an interrupted upload.
# Needs curl 7.71 or newer, jq, the variables of `make env`, and INTAKE_EMAIL and INTAKE_PASSWORD of a user.
set -eu

file=${1:?usage: upload.sh FILE [TYPE [DOCUMENT_ID]]}
type=${2:-$(file --brief --mime-type "$file")}
id=${3:-$(cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen | tr A-F a-f)}
echo "$id" >&2

response=$(mktemp)
trap 'rm -f "$response"' EXIT

# request ACCEPTED curl-arguments: sends a request; fails unless its status is below 300 or the accepted one.
request() {
  accepted=$1
  shift
  status=$(curl --silent --show-error --retry 5 --retry-all-errors --output "$response" --write-out '%{http_code}' "$@")
  if [ "$status" -ge 300 ] && [ "$status" != "$accepted" ]; then
    echo "$status $(cat "$response")" >&2
    return 1
  fi
}

jq --null-input '{AuthFlow: "USER_PASSWORD_AUTH", ClientId: env.INTAKE_USER_POOL_CLIENT_ID,
                  AuthParameters: {USERNAME: env.INTAKE_EMAIL, PASSWORD: env.INTAKE_PASSWORD}}' |
  request none "$INTAKE_COGNITO_URL" --data @- \
    --header "Content-Type: application/x-amz-json-1.1" \
    --header "X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth"
token=$(jq --raw-output .AuthenticationResult.IdToken "$response")

jq --null-input --arg id "$id" --arg name "$(basename "$file")" --arg type "$type" --argjson size "$(wc -c < "$file")" \
  '{documentId: $id, fileName: $name, fileType: $type, fileSize: $size}' |
  request none "${INTAKE_API_URL}uploads" --data @- \
    --header "Authorization: $token" --header "Content-Type: application/json"

# Without `upload` in the response, the file is stored already. --upload-file sends Content-Length, which S3 requires.
if jq --exit-status .upload "$response" >/dev/null; then
  url=$(jq --raw-output .upload.url "$response")
  jq --raw-output '.upload.headers | to_entries[] | "\(.key): \(.value)"' "$response" > "$response.headers"
  trap 'rm -f "$response" "$response.headers"' EXIT
  request 412 "$url" --upload-file "$file" --header "@$response.headers" # 412: an earlier attempt has stored it
fi

seconds=0
while [ "$seconds" -lt 300 ]; do
  request none "${INTAKE_API_URL}documents/$id" --header "Authorization: $token"
  case $(jq --raw-output .status "$response") in
    PROCESSED) jq . "$response"; exit 0 ;;
    FAILED) jq . "$response"; exit 2 ;;
  esac
  sleep 1
  seconds=$((seconds + 1))
done
echo "$id has no result after 300 s" >&2
exit 1
