#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031  # background sets pid; each test has its own variables
# Cameras set up, claimed, shared and removed over HTTP, by a real server beside a real recorder.

bats_require_minimum_version 1.5.0
load helpers
load media
load segment

setup() {
  cd "$(mktemp -d -p "$BATS_TEST_TMPDIR")" || return
  make_store
  cbx-index init -q 2>made
  account owner
  account friend
  account admin --admin
}
teardown() { end_all; }

account() { # NAME [OPTION…]: a user, whose token stands in NAME.token
  cbx-account -q user add "$@" --no-password >made
  cbx-account -q user token "$1" >"$1.token"
}

serve() { # [OPTION…]
  local port
  port=$(free_port)
  base=http://127.0.0.1:$port
  background cbx-serve --listen "127.0.0.1:$port" --ready-fd 4 "$@" 2>log 4>ready
  wait_until 30 test -s ready
}

record() { # the recorder of the store, at $srt
  srt=$(free_port)
  background "$CBX_SOURCE/examples/recorder.sh" --listen "srt://127.0.0.1:$srt" 2>recorder.log
  recorder=$pid
  wait_until 30 has_line recorder.log 'listening on'
}

# ask METHOD PATH [BODY]: as $who (owner); the status on stdout, the answer in ./body.
ask() {
  local json=()
  [[ $# -lt 3 ]] || json=(-H 'Content-Type: application/json' --data-binary "$3")
  curl -s -m 120 -o body -D head -w '%{http_code}' -X "$1" -H "Authorization: Bearer $(<"${who:-owner}.token")" \
    "${json[@]}" "$base/api/v1$2"
}
is() { # STATUS ask…
  local want=$1 got
  shift
  got=$("$@")
  [[ $got == "$want" ]] || { echo "$* says $got, not $want: $(<body)" >&2; return 1; }
}
as() { # USER COMMAND…
  local who=$1
  shift
  "$@"
}
state_is() { is 200 ask GET "/devices/$1" && jq -e --arg s "$2" '.state == $s' body; }

# publish ADDRESS: real ffmpeg, for ever, until it is refused.  The recorder looks once a second who may come.
publish() {
  sleep 2
  background ffmpeg -v error -nostdin -re -stream_loop -1 -i "$(clip h264 8)" -c copy -f mpegts "$1" 2>ffmpeg.log
  publisher=$pid
}
ffmpeg_address() { jq -r '.lines[] | select(.name == "ffmpeg").text' body | sed "s/.*'\(srt:.*\)'$/\1/"; }
files_of() { find "store/media/$1" -name '*.mp4*' 2>/dev/null; }

@test "a camera made over HTTP publishes with its key, until there is a new one" {
  record
  serve --publish-host "127.0.0.1:$srt"
  is 201 ask POST /devices '{"nickname":"Bus 7"}'
  jq -e --arg port "$srt" '.device == "bus-7" and .host == "127.0.0.1" and (.port | tostring) == $port
    and (.qr.rows | length) == .qr.size and ([.lines[].name] == ["ffmpeg", "OBS", "Larix"])' body
  publish "$(ffmpeg_address)"
  wait_until 30 state_is bus-7 live
  is 200 ask POST /devices/bus-7/key
  wait_end "$publisher" 20 || true
  grep -q '"cause":"revoked"' store/media/bus-7/*/records.jsonl
  publish "$(ffmpeg_address)" # the new one
  wait_until 30 state_is bus-7 live
  # The QR code says the address.
  if command -v zbarimg >/dev/null; then
    jq -r '.qr | .size as $n | "P1 \($n + 8) \($n + 8)", (range(4) | [range($n + 8) | "0"] | join(" ")),
      (.rows[] | "0 0 0 0 " + ((. / "") | join(" ")) + " 0 0 0 0"), (range(4) | [range($n + 8) | "0"] | join(" "))' \
      <(ask GET /devices/bus-7/key >/dev/null; cat body) >qr.pbm
    zbarimg -q --raw <(ffmpeg -v error -i qr.pbm -vf scale=iw*8:ih*8:flags=neighbor -f image2 -c:v png -) |
      grep -qF "$(jq -r .address body)"
  fi
}

@test "claimed by its key, renamed, shared, shown by a link" {
  serve
  cbx-account -q device add front >printed
  key=$(sqlite3 store/state.db "select key from device where id = 'front'")
  is 404 ask GET /devices/front
  is 404 ask POST /devices/claim '{"device":"front","key":"not the key of it"}'
  cp body wrong
  is 404 ask POST /devices/claim '{"device":"nowhere","key":"not the key of it"}'
  [ "$(jq -S . wrong)" = "$(jq -S . body)" ]
  is 200 ask POST /devices/claim "{\"device\":\"front\",\"key\":\"$key\"}"
  is 200 ask PATCH /devices/front '{"nickname":"<i>앞</i>","tags":["taxi"]}'
  jq -e '.nickname == "<i>앞</i>" and .tags == ["taxi"] and .role == "owner"' body
  as friend is 404 ask GET /devices/front
  is 204 ask PUT /devices/front/shares/friend '{}'
  as friend is 200 ask GET /devices/front
  as friend is 403 ask PATCH /devices/front '{"nickname":"mine"}'
  as friend is 403 ask GET /devices/front/key
  is 201 ask POST /devices/front/links '{"until":"2099-01-01"}'
  link=$(jq -r .path body)
  [ "$(curl -s -o body -w '%{http_code}' "$base${link}api/v1/devices/front")" = 200 ]
  # What was done over HTTP is there at the terminal, and the other way round.
  cbx-account device list --json | jq -e 'select(.device == "front") | .owner == "owner" and .shares[0].user == "friend"'
  cbx-account -q device unshare front friend
  wait_until 5 friend_sees_nothing
  run ! grep -F "$key" log
  run ! grep -F "${link:3:20}" log
}
friend_sees_nothing() { as friend is 404 ask GET /devices/front; }

@test "a camera that sends is removed with all it recorded, and another one goes on" {
  record
  serve --publish-host "127.0.0.1:$srt"
  is 201 ask POST /devices '{"device":"rear"}'
  publish "$(ffmpeg_address)"
  other=$publisher
  is 201 ask POST /devices '{"device":"front"}'
  publish "$(ffmpeg_address)"
  wait_until 30 state_is front live
  wait_until 30 state_is rear live
  is 400 ask DELETE /devices/front
  is 200 ask DELETE '/devices/front?footage=delete'
  jq -e '.files_deleted >= 1 and .footage == "deleted"' body
  wait_end "$publisher" 20 || true # it was disconnected
  [ -z "$(files_of front)" ]
  is 404 ask GET /devices/front
  sleep 3
  [ -z "$(files_of front)" ] # and nothing comes back
  kill -0 "$other"
  state_is rear live
  [ -n "$(files_of rear)" ]
  # Nobody else gets the id, whose journal is still there.
  as friend is 409 ask POST /devices '{"device":"front"}'
  # Neither a new index nor a look at the whole tree brings anything back.
  kill "$other"
  wait_end "$other" 20 || true
  kill -TERM "$recorder"
  wait_end "$recorder" 60
  cbx-verify --rebuild >found
  cbx-index list front >listed
  run ! grep -q mp4 listed
}

@test "recordings that are kept stay for administrators" {
  cut_stream --device front --start 2026-11-20T17:00:00+09:00 --length 4s "$(clip h264 8)"
  cbx-index add -q --catch-up
  cbx-account -q device add front --owner owner >printed
  serve
  is 200 ask DELETE '/devices/front?footage=keep'
  is 404 ask GET /devices/front
  as friend is 409 ask POST /devices '{"device":"front"}'
  as admin is 200 ask GET /devices/front/segments
  jq -e '.segments | length > 0' body
  as admin is 200 ask GET /store
  jq -e '.disk_bytes > .available_bytes and .available_bytes > 0 and .bytes > 0 and
    (.cameras[] | select(.device == "front") | .files > 0 and .bytes > 0)' body
}

@test "where cameras reach the recorder" {
  serve --publish-host '[2001:db8::1]:9000'
  is 201 ask POST /devices '{"device":"front"}'
  jq -e '.host == "2001:db8::1" and .port == 9000 and (.address | startswith("srt://[2001:db8::1]:9000?"))' body
  end_all
  serve # the name that whoever asks came by
  is 200 ask GET /devices/front/key
  jq -e '.host == "127.0.0.1" and .port == 8890' body
  curl -s -H 'Host: cam.example.org:8443' -H "Authorization: Bearer $(<owner.token)" "$base/api/v1/devices/front/key" |
    jq -e '.host == "cam.example.org" and .port == 8890'
  curl -s -H 'Host: [::1]:8443' -H "Authorization: Bearer $(<owner.token)" "$base/api/v1/devices/front/key" |
    jq -e '.address | startswith("srt://[::1]:8890?")'
  end_all
  cbx-index init -q --public-host store.example.org
  serve
  is 200 ask GET /devices/front/key
  jq -e '.host == "store.example.org"' body
  for wrong in 'a b' ':9000' 'host:' 'host:0' 'host:70000' '[::1' '[nothing]:1' 'srt://host' "host'"; do
    run cbx-serve --publish-host "$wrong"
    [ "$status" -eq 64 ] || { echo "$wrong: $status"; return 1; }
  done
}

@test "people and invitations, for administrators" {
  serve
  is 403 ask GET /users
  who='admin'
  is 200 ask GET /users
  jq -e '[.users[].name] == ["admin", "friend", "owner"]' body
  is 409 ask PATCH /users/admin '{"admin":false}'
  is 200 ask PATCH /users/friend '{"enabled":false}'
  as friend is 401 ask GET /me
  is 204 ask DELETE /users/friend
  is 201 ask POST /invites '{"email":"new@example.org"}'
  secret=$(jq -r .path body | sed 's/.*invite=//')
  is 200 ask GET /invites
  jq -e '.invites[0].email == "new@example.org"' body
  run ! grep -F "$secret" log body
}
