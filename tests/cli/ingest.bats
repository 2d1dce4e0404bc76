#!/usr/bin/env bats
# cbx-ingest against real publishers: ffmpeg, srt-live-transmit, GStreamer's srtsink, and the load generator.

load helpers

setup_file() {
  bats_require_minimum_version 1.5.0
  export CLIP="$BATS_FILE_TMPDIR/clip.ts" LONG="$BATS_FILE_TMPDIR/long.ts"
  ffmpeg -v error -nostdin -f lavfi -i testsrc2=size=320x180:rate=25 -f lavfi -i sine -t 3 \
    -c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p -c:a aac -f mpegts "$CLIP"
  ffmpeg -v error -nostdin -f lavfi -i testsrc2=size=480x270:rate=25 -f lavfi -i sine -t 8 \
    -c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p -c:a aac -f mpegts "$LONG"
}
setup() {
  cd "$(mktemp -d -p "$BATS_TEST_TMPDIR")" || return
  port=$(free_port)
}
teardown() { end_all; }

make_store() { # a store that cbx-account accepts
  export CBX_ROOT=$PWD/store
  mkdir -p store/media
  printf '{"version":1,"id":"%032d","utc_offset":"+00:00"}\n' 1 >store/store.json
}

# ingest OPTION…: starts cbx-ingest on $port, stdout to out, records to records; waits until it listens.
ingest() {
  background timeout 90 cbx-ingest --root "$PWD/store" --listen "srt://:$port${query:-}" -v "$@" --records records \
    >out 2>log
  # shellcheck disable=SC2154  # set by background
  ingest=$pid
  wait_until 10 has_line log 'listening on'
}
stop_ingest() {
  kill "$(pgrep -P "$ingest" || echo "$ingest")"
  wait_end "$ingest" 10
}

# publish FILE STREAMID [PORT] [URL-OPTIONS]: ffmpeg at the file's own pace.
publish() {
  timeout 60 ffmpeg -v error -nostdin -re -i "$1" -c copy -f mpegts \
    "srt://127.0.0.1:${3:-$port}?streamid=$2&linger=5${4:-}"
}
refused_with() { # CODE: what cam01 gets as an answer
  cbx-srtload send --port "$port" --seconds 0.1 --linger 0 --stream-id cam01 2>&1 | grep -q "($1)"
}

live_transmit() { # PORT: sends what comes in by the fifo `feed`
  timeout 60 srt-live-transmit -q -chunk:1316 file://con "srt://127.0.0.1:$1?streamid=cam01" <feed
}

# is_most_of PART WHOLE: PART is a beginning of WHOLE, at most its last 64 KiB missing (a sender that leaves takes what
# it hasn't sent yet along).
is_most_of() {
  local part whole
  part=$(stat -c %s "$1") whole=$(stat -c %s "$2")
  echo "$1: $part of $whole bytes"
  ((part > whole - 65536 && part <= whole)) && cmp -n "$part" "$1" "$2"
}

@test "--once hands on what ffmpeg sends, byte for byte" {
  ingest --once --register auto
  publish "$CLIP" cam01
  wait_end "$ingest" 10
  cmp out "$CLIP"
  grep -q '"type":"connection.open","device":"cam01".*"protocol":"srt","encryption":0' records
  grep -q '"type":"link","device":"cam01"' records
  grep -q '"type":"connection.close".*"cause":"peer_closed".*"lost":0' records
}

@test "all three syntaxes of the stream id, and frames on stdout" {
  background timeout 60 cbx-ingest --root "$PWD/store" --listen "srt://:$port" --register auto >out 2>log
  # shellcheck disable=SC2154  # set by background
  ingest=$pid
  wait_until 10 has_line log 'listening on'
  publish "$CLIP" cam01 & a=$!
  publish "$CLIP" publish:cam02 & b=$!
  publish "$CLIP" publish:cam03:someone:token & c=$!
  timeout 60 ffmpeg -v error -nostdin -re -i "$CLIP" -c copy -f mpegts -srt_streamid '#!::r=cam04,m=publish,u=me' \
    "srt://127.0.0.1:$port?linger=5" & d=$!
  wait $a; wait $b; wait $c; wait $d
  wait_until 10 has_lines log 4 ended
  stop_ingest
  python3 "$CBX_SOURCE/tests/tools/frames.py" check out
  for n in 1 2 3 4; do
    payload_of out cam0$n >ts
    cmp ts "$CLIP"
  done
  [ "$(records_of out | grep -c connection.open)" = 4 ]
  [ "$(records_of out | grep -c connection.close)" = 4 ]
}

@test "IPv6" {
  background timeout 60 cbx-ingest --root "$PWD/store" --listen "srt://[::1]:$port" --register auto --once \
    --records records >out 2>log
  # shellcheck disable=SC2154  # set by background
  ingest=$pid
  wait_until 10 has_line log 'listening on \[::1\]'
  timeout 60 ffmpeg -v error -nostdin -re -i "$CLIP" -c copy -f mpegts "srt://[::1]:$port?streamid=cam01&linger=5"
  wait_end "$ingest" 10
  cmp out "$CLIP"
  grep -q '"peer":"\[::1\]:' records
}

@test "20 % loss and 40 ms delay cost nothing with ffmpeg" {
  query='?latency=1000' ingest --once --register auto
  relay=$(free_port)
  background cbx-udp-relay --listen "$relay" --to "$port" --loss 20 --delay 40 --for 60 >relay.out
  wait_until 5 has_line relay.out ready
  background publish "$LONG" cam01 "$relay"
  wait_until 30 is_most_of out "$LONG"
  stop_ingest
  is_most_of out "$LONG"
  grep -q '"type":"connection.close".*"lost":0' records
  grep -qE '"retransmitted":[1-9]' records
}

@test "20 % loss and 40 ms delay cost nothing with srt-live-transmit, which asks for no order" {
  query='?latency=1000' ingest --once --register auto
  relay=$(free_port)
  background cbx-udp-relay --listen "$relay" --to "$port" --loss 20 --delay 40 --for 60 >relay.out
  wait_until 5 has_line relay.out ready
  mkfifo feed
  background live_transmit "$relay"
  exec 7>feed
  wait_until 10 has_line records connection.open
  timeout 60 ffmpeg -v error -nostdin -re -i "$LONG" -c copy -f mpegts - >&7
  wait_until 10 is_most_of out "$LONG"
  exec 7>&-
  stop_ingest
  is_most_of out "$LONG"
  grep -q '"type":"connection.close".*"lost":0' records
}

@test "a line cut of 3 s costs nothing and is no reconnect, with ffmpeg" {
  ingest --once --register auto
  relay=$(free_port)
  background cbx-udp-relay --listen "$relay" --to "$port" --cut 2:3 --delay 10 --for 60 >relay.out
  wait_until 5 has_line relay.out ready
  publish "$LONG" cam01 "$relay"
  wait_end "$ingest" 25
  cmp out "$LONG"
  [ "$(grep -c connection.open records)" = 1 ]
}

@test "a line cut of 3 s costs nothing and is no reconnect, with srt-live-transmit" {
  ingest --once --register auto
  relay=$(free_port)
  background cbx-udp-relay --listen "$relay" --to "$port" --cut 2:3 --delay 10 --for 60 >relay.out
  wait_until 5 has_line relay.out ready
  mkfifo feed
  background live_transmit "$relay"
  exec 7>feed
  wait_until 10 has_line records connection.open
  timeout 60 ffmpeg -v error -nostdin -re -i "$LONG" -c copy -f mpegts - >&7
  wait_until 10 is_most_of out "$LONG"
  exec 7>&-
  stop_ingest
  [ "$(grep -c connection.open records)" = 1 ]
}

@test "GStreamer's srtsink, plain and encrypted" {
  mkdir store
  CBX_PASSPHRASE='gstreamer secret' ingest --once --register auto
  timeout 60 gst-launch-1.0 -q filesrc location="$CLIP" ! tsparse set-timestamps=true ! \
    srtsink uri="srt://127.0.0.1:$port" streamid=cam01 passphrase='gstreamer secret' pbkeylen=16 wait-for-connection=true
  wait_end "$ingest" 30
  grep -q '"encryption":128' records
  [ "$(ffprobe -v error -count_packets -select_streams v -show_entries stream=nb_read_packets -of csv=p=0 out | head -1)" -ge 70 ]
}

@test "unknown, malformed and unwilling callers get the protocol's reject codes" {
  ingest
  for caller in 'cam01 1404' 'Cam01 1400' '../etc 1400' '#!::r=cam01 1405' '#!::r=cam01,m=request 1405' \
    'read:cam01 1405' '#!::m=publish 1400' '#!::r=a,r=b,m=publish 1400' '#!::r=cam01,m=publish,t=file 1415'; do
    run cbx-srtload send --port "$port" --seconds 0.2 --linger 0 --stream-id "${caller% *}"
    [ "$status" -eq 1 ]
    [[ $output == *"(${caller##* })"* ]] || { echo "$caller: $output"; false; }
  done
  run timeout 10 ffmpeg -v error -nostdin -re -i "$CLIP" -c copy -f mpegts "srt://127.0.0.1:$port?streamid=cam01"
  [ "$status" -ne 0 ]
  [ ! -s out ]
}

@test "a device's key: AES-128 and AES-256 come in, a wrong key or none doesn't" {
  make_store
  cbx-account device add cam01 >/dev/null
  cbx-account device add cam02 >/dev/null
  key=$(sqlite3 store/state.db "select key from device where id = 'cam01'")
  background timeout 60 cbx-ingest --root "$PWD/store" --listen "srt://:$port" --require-encryption -v >out 2>log
  # shellcheck disable=SC2154  # set by background
  ingest=$pid
  wait_until 10 has_line log 'listening on'
  CBX_PASSPHRASE='not the right key' run cbx-srtload send --port "$port" --seconds 0.2 --linger 0 --stream-id cam01
  [ "$status" -eq 1 ]
  run cbx-srtload send --port "$port" --seconds 0.2 --linger 0 --stream-id cam01
  [ "$status" -eq 1 ]
  CBX_PASSPHRASE=$key run cbx-srtload send --port "$port" --seconds 0.2 --linger 0 --stream-id cam02
  [ "$status" -eq 1 ]
  CBX_PASSPHRASE=$key run cbx-srtload send --port "$port" --seconds 0.2 --linger 0 \
    --stream-id '#!::r=cam01,m=publish,s=wrong'
  [[ $output == *'(1401)'* ]]
  publish "$CLIP" cam01 "$port" "&passphrase=$key&pbkeylen=32"
  publish "$CLIP" cam01 "$port" "&passphrase=$key&pbkeylen=16"
  wait_until 10 has_lines log 2 ended
  # The operator reads which camera has the wrong key, once.
  wait_until 10 has_line log "warning: caller .* did not get in as 'cam01': wrong key, or none"
  [ "$(grep -c "did not get in as 'cam01'" log)" -ge 2 ]
  [ "$(grep -c "warning: .*did not get in as 'cam01'" log)" = 1 ]
  stop_ingest
  records_of out >lines
  [ "$(grep -c connection.open lines)" = 2 ]
  grep -q '"encryption":256' lines
  grep -q '"encryption":128' lines
  run ! grep -q "$key" log lines
}

@test "a changed key ends the live connection, a disabled device stays out" {
  make_store
  cbx-account device add cam01 >/dev/null
  key=$(sqlite3 store/state.db "select key from device where id = 'cam01'")
  ingest --exec 'cat >/dev/null'
  background publish "$LONG" cam01 "$port" "&passphrase=$key"
  wait_until 10 has_line records connection.open
  cbx-account device key --new cam01 >/dev/null
  wait_until 10 has_line records '"cause":"revoked"'
  cbx-account device disable cam01
  wait_until 5 refused_with 1403
}

@test "devices are registered on first sight with --register auto" {
  mkdir store
  ingest --register auto --exec 'cat >/dev/null'
  publish "$CLIP" new-cam
  wait_until 5 has_line log "device 'new-cam' registered"
  [ "$(sqlite3 store/state.db 'select id from device')" = new-cam ]
}

@test "the newest publisher of a device replaces the older" {
  background timeout 60 cbx-ingest --root "$PWD/store" --listen "srt://:$port" --register auto -v >out 2>log
  # shellcheck disable=SC2154  # set by background
  ingest=$pid
  wait_until 10 has_line log 'listening on'
  background publish "$LONG" cam01
  wait_until 10 has_line log connected
  sleep 1
  publish "$CLIP" cam01
  wait_until 10 has_line log peer_closed
  stop_ingest
  python3 "$CBX_SOURCE/tests/tools/frames.py" check out
  records_of out | grep -o 'connection.open\|connection.close\|"cause":"[a-z_]*"' | tr '\n' ' ' >order
  [ "$(cat order)" = 'connection.open connection.close "cause":"replaced" connection.open connection.close "cause":"peer_closed" ' ]
}

@test "a thousand callers that send nothing leave a working camera untouched" {
  background timeout 80 cbx-ingest --root "$PWD/store" --listen "srt://:$port" --register auto --silent-timeout 5 \
    --max-connections 1200 --max-per-address 1200 --max-silent 600 >out 2>log
  # shellcheck disable=SC2154  # set by background
  ingest=$pid
  wait_until 10 has_line log 'listening on'
  background publish "$LONG" cam01
  wait_until 10 has_line log connected
  run cbx-srtload send --port "$port" --streams 1000 --silent --seconds 1 --linger 0 --stream-id 'silent%04d'
  [[ $output == *'(1402)'* ]]
  [[ $output == *'"failed":'* ]]
  wait_until 20 has_line log "'cam01' from .* ended: peer_closed"
  stop_ingest
  payload_of out cam01 >ts
  cmp ts "$LONG"
}

@test "a caller that sends nothing takes no device over, and of a made-up one nothing is recorded" {
  background timeout 60 cbx-ingest --root "$PWD/store" --listen "srt://:$port" --register auto --silent-timeout 1 \
    --records records >out 2>log
  # shellcheck disable=SC2154  # set by background
  ingest=$pid
  wait_until 10 has_line log 'listening on'
  background publish "$LONG" cam01
  wait_until 10 has_line log connected
  background cbx-srtload send --port "$port" --silent --seconds 3 --linger 0 --stream-id cam01
  background cbx-srtload send --port "$port" --silent --seconds 3 --linger 0 --stream-id made-up
  wait_until 30 has_line log "'cam01' from .* ended: peer_closed"
  stop_ingest
  payload_of out cam01 >ts
  cmp ts "$LONG"
  [ "$(grep -c connection.open records)" = 1 ]
  diff <(records_of out) records
}

@test "a caller that falls silent is closed" {
  make_store
  cbx-account device add quiet --no-key >/dev/null
  ingest --silent-timeout 1 --exec 'cat >/dev/null'
  background cbx-srtload send --port "$port" --silent --seconds 10 --linger 0 --stream-id quiet
  wait_until 6 has_line records '"cause":"silent"'
}

@test "--max-connections and --max-per-address" {
  ingest --register auto --max-per-address 2 --exec 'cat >/dev/null'
  run cbx-srtload send --port "$port" --streams 6 --seconds 1 --linger 0 --stagger 0
  [ "$status" -eq 1 ]
  wait_until 10 has_lines records 2 connection.close
  [ "$(grep -c connection.open records)" = 2 ]
}

@test "--exec runs a command for each connection, which gets the stream and the names" {
  # shellcheck disable=SC2016  # expanded by the command's shell
  ingest --register auto --exec 'env | grep ^CBX_ >env.$CBX_DEVICE; cat >ts.$CBX_DEVICE'
  publish "$CLIP" cam01 & a=$!
  publish "$CLIP" cam02 & b=$!
  wait $a; wait $b
  wait_until 10 cmp ts.cam01 "$CLIP"
  wait_until 10 cmp ts.cam02 "$CLIP"
  grep -q '^CBX_PEER=127.0.0.1:' env.cam01
  grep -q '^CBX_PROTOCOL=srt$' env.cam01
  grep -q "^CBX_CONNECTION=$(grep connection.open records | grep cam01 | sed 's/.*"connection":"\([^"]*\)".*/\1/')\$" env.cam01
  run ! grep -q CBX_PASSPHRASE env.cam01
  stop_ingest
  [ "$(grep -c connection.close records)" = 2 ]
}

@test "--exec: a slow command stalls its own connection only, one that ends closes its" {
  # shellcheck disable=SC2016
  ingest --register auto --exec 'case $CBX_DEVICE in slow) sleep 5 ;; short) exit 3 ;; esac; cat >ts.$CBX_DEVICE'
  background publish "$LONG" slow
  background publish "$LONG" short
  publish "$CLIP" good
  wait_until 3 cmp ts.good "$CLIP"
  wait_until 5 has_line records '"device":"short".*"cause":"reader_closed","detail":"the command exited with 3"'
  wait_until 20 cmp ts.slow "$LONG"
}

@test "the reader of the frames is gone: exit 74 with a message" {
  (set +e; timeout 60 cbx-ingest --root "$PWD/store" --listen "srt://:$port" --register auto 2>log; echo $? >status) 3>&- |
    head -c 1000 >/dev/null 3>&- &
  wait_until 10 has_line log 'listening on'
  background publish "$LONG" cam01
  wait_until 15 test -s status
  [ "$(cat status)" = 74 ]
  grep -q 'the reader of standard output is gone' log
}

@test "a reader that stalls for 3 s loses nothing" {
  (timeout 60 cbx-ingest --root "$PWD/store" --listen "srt://:$port" --register auto 2>log) 3>&- |
    (sleep 6; cat >out) 3>&- &
  wait_until 10 has_line log 'listening on'
  cbx-srtload send --port "$port" --seconds 5 --bit-rate 16e6 --linger 3 --stream-id cam01 >sent
  wait_until 10 has_line log "ended: peer_closed"
  sleep 1
  payload_of out cam01 2>/dev/null >ts || true
  kill "$(pgrep -f "cbx-ingest --root $PWD/store" | head -1)"
  wait
  payload_of out cam01 >ts
  bytes=$(sed 's/.*"bytes":\([0-9]*\).*/\1/' sent)
  [ "$(stat -c %s ts)" = "$bytes" ]
}

@test "TERM closes the connections with a record and exits 0" {
  ingest --register auto --exec 'cat >ts'
  background publish "$LONG" cam01
  wait_until 10 test -s ts
  stop_ingest
  grep -q '"cause":"shutdown"' records
}

@test "fetching from a listener, with a passphrase and after a refusal" {
  background timeout 60 cbx-ingest "srt://127.0.0.1:$port?streamid=%23!::r=x&latency=300" --device cam07 --once \
    --passphrase-file secret >out 2>log --records records
  status=0
  wait_end "$pid" 10 || status=$?
  [ "$status" -eq 66 ]
  printf 'a long enough secret\n' >secret
  background timeout 60 cbx-ingest "srt://127.0.0.1:$port?latency=300" --device cam07 --passphrase-file secret \
    >out 2>log
  # shellcheck disable=SC2154  # set by background
  ingest=$pid
  wait_until 15 has_line log 'next attempt'
  timeout 60 ffmpeg -v error -nostdin -re -i "$CLIP" -c copy -f mpegts \
    "srt://127.0.0.1:$port?mode=listener&passphrase=a long enough secret&linger=5"
  wait_until 10 has_line log 'ended'
  stop_ingest
  payload_of out cam07 >ts
  cmp ts "$CLIP"
  records_of out | grep -q '"device":"cam07".*"encryption":128,"latency_ms":300'
}

@test "fetching over http, and again when it ends" {
  tcp=$(free_port)
  mkdir www
  cp "$CLIP" www/clip.ts
  background python3 -m http.server --bind 127.0.0.1 --directory www "$tcp" >/dev/null 2>&1
  background timeout 60 cbx-ingest "http://127.0.0.1:$tcp/clip.ts?token=hush" --device cam08 -v >out 2>log
  # shellcheck disable=SC2154  # set by background
  ingest=$pid
  wait_until 30 has_lines log 2 ended
  stop_ingest
  records_of out >lines
  grep -q '"device":"cam08".*"protocol":"http"' lines
  grep -q '"cause":"peer_closed"' lines
  run ! grep -q hush log lines
  payload_of out cam08 >ts
  [ "$(ffprobe -v error -count_packets -select_streams v -show_entries stream=nb_read_packets -of csv=p=0 ts | head -1)" -ge 150 ]
}

@test "wrong usage is told, and exits 64" {
  run cbx-ingest --listen "srt://:$port" http://127.0.0.1/x --device cam01
  [ "$status" -eq 64 ]
  [[ $output == *'exclude each other'* ]]
  run script -qec "cbx-ingest --listen srt://:$port" /dev/null
  [ "$status" -eq 64 ]
  [[ $output == *'is a terminal'* ]]
  run cbx-ingest
  [ "$status" -eq 64 ]
  run cbx-ingest --listen "http://:$port"
  [ "$status" -eq 64 ]
  run cbx-ingest --listen "srt://:$port?latency=fast"
  [ "$status" -eq 64 ]
  [[ $output == *milliseconds* ]]
  run cbx-ingest --listen "srt://:$port?passphrase=secretsecret"
  [ "$status" -eq 64 ]
  [[ $output != *secretsecret* ]]
  run cbx-ingest --listen "srt://:$port" --once --exec cat
  [ "$status" -eq 64 ]
  run cbx-ingest "srt://127.0.0.1:$port"
  [ "$status" -eq 64 ]
}
