#!/bin/sh
# A whole login with curl, without a merchant: sh curl.sh http://localhost:8001
set -eu
simulator="${1:-http://localhost:8001}"
api() { curl --silent --show-error --fail --header "Content-Type: application/json" "$@"; }
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }

# A fresh person like Kari
person=$(api "$simulator/control/persons" --data '{"like": "kari"}' | tr -d '\n' | field key)

# What your login button sends the browser to
redirect_uri="http://localhost:5000/callback"
url="$simulator/access-management-1.0/access/oauth2/auth?client_id=demo&response_type=code&scope=openid%20name&state=a-random-state&redirect_uri=$redirect_uri"

# The person logs in; the answer is the redirect to your callback
location=$(api "$simulator/control/authorize" --data "{\"person\": \"$person\", \"authorization_url\": \"$url\"}" | tr -d '\n' | field location)
code=$(printf %s "$location" | sed 's/.*code=\([^&]*\).*/\1/')

# What your callback does: code for token, token for the person's data
token=$(curl --silent --show-error --fail --user demo:demo-secret "$simulator/access-management-1.0/access/oauth2/token" \
  --data grant_type=authorization_code --data "code=$code" --data-urlencode "redirect_uri=$redirect_uri" | tr -d '\n' | field access_token)
curl --silent --show-error --fail --header "Authorization: Bearer $token" "$simulator/vipps-userinfo-api/userinfo"
