# Secret and token go through pipes: other people of this machine can read command lines.
token=$(printf %s "$CASBAH_CLIENT_SECRET" |
  curl --silent --show-error --fail-with-body '{{ origin }}/{{ tenant }}/oauth2/v2.0/token' \
    --data grant_type=client_credentials \
    --data client_id='{{ client }}' \
    --data-urlencode client_secret@- \
    --data scope='{{ scope }}' |
  jq --raw-output '.access_token // error(.error_description)') &&
  printf 'Authorization: Bearer %s' "$token" |
  curl --silent --show-error --fail-with-body --header @- '{{ origin }}/api/v1/alerts/'
