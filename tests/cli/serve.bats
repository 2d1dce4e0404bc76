#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031  # background sets pid; each test has its own variables
# cbx-serve as a black box: a real server over TCP, TLS and a Unix socket, asked by curl and ffprobe.

bats_require_minimum_version 1.5.0
load helpers
load media
load segment

setup() {
  cd "$(mktemp -d -p "$BATS_TEST_TMPDIR")" || return
  make_store
  cut_stream --device cam --start 2026-11-20T17:00:00+09:00 --length 4s "$(clip h264-b 8)"
  cbx-index add -q --catch-up
  account owner
  account stranger
  cbx-account -q device add cam --owner owner >made
}
teardown() { end_all; }

# account NAME: makes a user with a token, which stands in NAME.token.
account() {
  cbx-account -q user add "$1" --no-password >made
  cbx-account -q user token "$1" >"$1.token"
}

# serve [OPTION…]: a server at $base, or where the options say.
serve() {
  local port
  port=$(free_port)
  base=http://127.0.0.1:$port
  background cbx-serve --listen "127.0.0.1:$port" --ready-fd 4 "$@" 2>log 4>ready
  server=$pid
  wait_until 20 test -s ready
}

# ask PATH [CURL-OPTION…]: as the owner; the status on stdout, head and body in ./head and ./body.
ask() {
  local path=$1
  shift
  curl -s -o body -D head -w '%{http_code}' -H "Authorization: Bearer $(<"${who:-owner}.token")" "$@" "$base$path"
}
header() { sed -n "s/^$1: //Ip" head | tr -d '\r'; }

id_of() { date -d "$1" +%s%3N; }

@test "a day plays over HLS, and its bytes are those of the files" {
  serve
  ffprobe -v error -headers "Authorization: Bearer $(<owner.token)" -count_packets \
    -show_entries stream=codec_name,nb_read_packets -of csv=p=0 "$base/media/cam/hls/2026-11-20/main.m3u8" >probe
  cat probe
  grep -q h264,200 probe
  first=$(id_of 2026-11-20T17:00:00+09:00)
  [ "$(ask "/media/cam/$first/segment.mp4")" = 200 ]
  cmp body "$(segments store cam | head -n 1)"
  [ "$(ask "/media/cam/cut/2026-11-20/video.mp4" -OJ)" = 200 ]
}

@test "ranges, conditions and names of a download" {
  serve
  file=$(segments store cam | head -n 1) path=/media/cam/$(id_of 2026-11-20T17:00:00+09:00)/segment.mp4
  size=$(stat -c %s "$file")
  [ "$(ask "$path" -I)" = 200 ]
  [ "$(header content-length)" = "$size" ]
  [ ! -s body ] || [ "$(wc -c <body)" -lt 2000 ]
  etag=$(header etag)
  [ "$(ask "$path" -r 1000-1999)" = 206 ]
  cmp body <(tail -c +1001 "$file" | head -c 1000)
  [ "$(header content-range)" = "bytes 1000-1999/$size" ]
  [ "$(ask "$path" -r 0-9,20-29)" = 200 ] # several: the whole
  cmp body "$file"
  [ "$(ask "$path" -r "$size-,$((size + 5))-")" = 416 ]
  [ "$(ask "$path" -r "0-0$(printf ',%d-%d' {1..40})")" = 416 ] # too many
  [ "$(ask "$path" -r 0-9 -H "If-Range: $etag")" = 206 ]
  [ "$(ask "$path" -r 0-9 -H 'If-Range: "other"')" = 200 ]
  [ "$(ask "$path" -r "$size-")" = 416 ]
  [ "$(ask "$path" -H "If-None-Match: $etag")" = 304 ]
  [ "$(ask "$path?download=1" -I)" = 200 ]
  [[ $(header content-disposition) == *cam_2026-11-20_17-00-00_+0900.mp4* ]]
  # A download that broke off goes on where it was.
  head -c 5000 "$file" >resumed
  curl -s -C - -o resumed -H "Authorization: Bearer $(<owner.token)" "$base$path"
  cmp resumed "$file"
}

@test "strangers, nobody and wrong addresses" {
  serve
  for path in /media/cam/hls/2026-11-20/main.m3u8 /media/cam/hls/live/media.m3u8 /media/cam/cut/2026-11-20/video.mp4; do
    [ "$(who=stranger ask "$path")" = 404 ]
    jq -e '.detail == "no such camera"' body
    [ "$(curl -s -o body -w '%{http_code}' "$base$path")" = 401 ]
  done
  for path in /media/../store.json /media/cam/%2e%2e/x /media/cam/..%2f..%2fstate.db /media/cam/1/records.jsonl /state.db \
    /media/cam/0/0-10.m4s /media/cam/hls/2026-11-20/../../x; do
    status=$(ask "$path" --path-as-is)
    [[ $status == 404 || $status == 400 ]] || { echo "$path: $status"; return 1; }
  done
  [ "$(ask /media/cam/hls/tomorrow/main.m3u8)" = 400 ]
  # A share that ends is an end.
  cbx-account -q device share cam stranger >made
  wait_until 5 sees stranger
  cbx-account -q device unshare cam stranger >made
  wait_until 5 sees_not stranger
}
sees() { [ "$(who=$1 ask /media/cam/hls/2026-11-20/main.m3u8)" = 200 ]; }
sees_not() { [ "$(who=$1 ask /media/cam/hls/2026-11-20/main.m3u8)" = 404 ]; }

@test "a Unix socket, TLS, its renewal, and a clean end" {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost 2>openssl.log
  serve --cert cert.pem --key key.pem --listen "unix:$PWD/sock" --access-log access.jsonl
  base=${base/http:\/\/127.0.0.1/https://localhost}
  [ "$(ask /media/cam/hls/2026-11-20/main.m3u8 --cacert cert.pem)" = 200 ]
  [ "$(stat -c %a sock)" = 660 ]
  mv cert.pem old.pem
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost 2>openssl.log
  kill -HUP "$server"
  wait_until 10 renewed
  kill -TERM "$server"
  wait_end "$server" 20
  [ ! -e sock ]
  jq -es 'length >= 2 and all(.status != null) and any(.user == "owner")' access.jsonl
  run -1 grep -F "$(<owner.token)" access.jsonl log
}
renewed() { [ "$(ask /media/cam/hls/2026-11-20/main.m3u8 --cacert cert.pem)" = 200 ]; }

@test "files are pruned while they are read" {
  serve
  file=$(segments store cam | head -n 1) path=/media/cam/$(id_of 2026-11-20T17:00:00+09:00)/segment.mp4
  cp "$file" copy
  ask "$path" --limit-rate 200k >status &
  reader=$!
  wait_until 10 test -s body
  cbx-index -q rm --yes cam 2026-11-20
  wait "$reader"
  cmp body copy # who had begun reads to the end
  [ "$(ask "$path")" = 404 ]
  [ "$(ask /media/cam/hls/2026-11-20/main.m3u8)" = 404 ]
  # What is deleted takes no room on the disk any more.
  wait_until 10 nothing_deleted_is_open
  kill -0 "$server"
}
nothing_deleted_is_open() { ! find "/proc/$server/fd" -lname '*.mp4 (deleted)' | grep -q .; }

@test "a cut, its manifest, and the signature that openssl checks" {
  openssl genpkey -algorithm ed25519 -out sign.pem
  openssl pkey -in sign.pem -pubout -out sign.pub
  serve --sign sign.pem
  cut=/media/cam/cut/2026-11-20T17:00:02%2B09:00..2026-11-20T17:00:06%2B09:00
  mkdir got && cd got && cp ../owner.token .
  curl -s -OJ -H "Authorization: Bearer $(<owner.token)" "$base$cut/video.mp4"
  curl -s -OJ -H "Authorization: Bearer $(<owner.token)" "$base$cut/manifest"
  curl -s -OJ -H "Authorization: Bearer $(<owner.token)" "$base$cut/manifest.sig"
  ls
  sha256sum -c cam_*.manifest
  openssl pkeyutl -verify -pubin -inkey ../sign.pub -rawin -in cam_*.manifest -sigfile cam_*.manifest.sig
  grep -q owner cam_*.manifest
  quiet ffmpeg -v warning -nostdin -xerror -i cam_*.mp4 -f null -
  # A download of it that broke off goes on, too.
  head -c 7000 cam_*.mp4 >part
  curl -s -C - -o part -H "Authorization: Bearer $(<owner.token)" "$base$cut/video.mp4"
  cmp part cam_*.mp4
}

@test "an index that is missing or is made again stops only what needs it" {
  serve
  path=/media/cam/$(id_of 2026-11-20T17:00:00+09:00)/segment.mp4
  rm store/index.db*
  [ "$(ask /media/cam/hls/2026-11-20/main.m3u8)" = 503 ]
  [ -n "$(header retry-after)" ]
  [ "$(ask "$path")" = 200 ]
  cbx-verify -q --rebuild >/dev/null
  [ "$(ask /media/cam/hls/2026-11-20/main.m3u8)" = 200 ]
}

@test "what the command line says wrong" {
  fails_with 64 cbx-serve --listen nowhere:99999
  fails_with 64 cbx-serve --cert cert.pem
  fails_with 64 cbx-serve --unix-mode 999
  fails_with 64 cbx-serve --allow-origin http://x/y
  fails_with 66 cbx-serve --sign nothing.pem
  fails_with 78 cbx-serve --root "$PWD/nothing"
  serve
  fails_with 69 cbx-serve --listen "${base#http://}"
  # Beyond this machine in the clear is said.
  port=$(free_port)
  background cbx-serve --listen "0.0.0.0:$port" --ready-fd 4 2>log2 4>ready2
  wait_until 20 test -s ready2
  has_line log2 'without TLS'
}

@test "pictures: of any time and now, upright, made once, gone with their recording" {
  serve
  [ "$(ask /media/cam/picture/2026-11-20T08:00:05.7Z.jpg)" = 200 ]
  [ "$(header content-type)" = image/jpeg ]
  shown=$(header x-cbx-time)
  [[ $shown == 2026-11-20T08:00:05* ]]
  cp body over_http.jpg
  cbx-picture cam "$shown" -w 320 -o at_the_terminal.jpg
  cmp over_http.jpg at_the_terminal.jpg
  [ "$(find store/derived -name '*.jpg' | wc -l)" = 1 ]
  [ "$(ask "/media/cam/picture/latest.jpg?width=64")" = 200 ]
  [ "$(ffprobe -v error -show_entries stream=width,height -of csv=p=0 body)" = 64,48 ]
  who=stranger run ask /media/cam/picture/latest.jpg
  [ "$output" = 404 ]
  # A second time it comes from the disk.
  mtime=$(stat -c %Y.%i store/derived/cam/2026-11-20/*-320.jpg)
  [ "$(ask "/media/cam/picture/$shown.jpg")" = 200 ]
  cmp body over_http.jpg
  [ "$(stat -c %Y.%i store/derived/cam/2026-11-20/*-320.jpg)" = "$mtime" ]
  cbx-index rm -q cam 2026-11-20 --yes
  [ -z "$(find store/derived -name '*.jpg')" ]
  [ "$(ask "/media/cam/picture/$shown.jpg")" = 404 ]
}

@test "a recording whose pictures are noise takes nothing else with it" {
  file=$(segments store cam | head -n 1)
  python3 - "$file" <<'PY'
import sys
# Behind the first NAL unit's header, from the first key frame on.
data = bytearray(open(sys.argv[1], "rb").read())
at = data.index(b"moof")
at = data.index(b"mdat", at) + 40
for i in range(at, len(data) - 1, 3):
    data[i] ^= 0x5a
open(sys.argv[1], "r+b").write(data)
PY
  serve
  status=$(ask /media/cam/picture/2026-11-20T08:00:01Z.jpg)
  [[ $status == 404 || $status == 200 ]] || { cat body; false; }
  [ "$(ask /media/cam/picture/latest.jpg)" = 200 ]
  [ "$(ask /api/v1/devices)" = 200 ]
}

@test "the page: of a folder, of none, and read anew at HUP" {
  mkdir -p web/views
  echo '<!doctype html><title>cbx</title>%NOTICE%<script type="module" src="%ASSETS%/app.js"></script>' >web/index.html
  seq 1000 | sed 's|^|// |' >web/app.js
  serve --web web
  curl -sf "$base/d/cam/2026-11-20" -o page -D head
  header content-security-policy | grep -q "script-src 'self'"
  app=$(grep -o '/assets/[^"]*' page)
  curl -sf --compressed "$base$app" | cmp - web/app.js
  curl -s -o /dev/null -w '%{http_code} %{content_type}' -H 'Accept: text/html' "$base/nothing" | grep -q '404 text/html'
  echo '// more' >>web/app.js
  kill -HUP "$server"
  is_new() { ! grep -qF "$app" <(curl -sf "$base/login"); }
  wait_until 10 is_new
  curl -sf "$base$app" | cmp - web/app.js
  fails_with 66 cbx-serve --listen 127.0.0.1:0 --web views
  fails_with 64 cbx-serve --listen 127.0.0.1:0 --web web --no-web
  end_all
  serve --no-web
  [ "$(ask /)" = 404 ]
  [ "$(ask /api/v1/devices)" = 200 ]
}
