#!/usr/bin/env bats
# The examples of share/nginx and share/caddy, with their names and paths replaced, in front of a real server.

# shellcheck disable=SC2154  # set by the helpers and setup_file

setup_file() {
  bats_require_minimum_version 1.5.0
  load recorder
  load web
  load_recorder
  cbx-index init -q --utc-offset +09:00
  cbx-segment -q --device car --start 2026-11-20T08:01:00Z "$(clip h264 8)" | cbx-index -q add
  cbx-account -q device add car --no-key >/dev/null
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
    -addext 'subjectAltName = DNS:localhost, IP:127.0.0.1' -keyout "$root/key.pem" -out "$root/cert.pem" 2>/dev/null
  start_server --listen "unix:$root/serve.sock" --trust-proxy unix --access-log "$root/access.log"
  link=$(share_link car)
  path=${link#"$origin"}/media/car
  id=$(date -d 2026-11-20T08:01:00Z +%s%3N)
  export root CBX_ROOT path id background_pids
}
teardown_file() {
  load recorder
  unload_recorder
}
setup() {
  load recorder
  load web
  load ../cli/helpers
  load ../cli/media
  background_pids=
  proxy=$(free_port)
  site=https://localhost:$proxy
  : >"$root/access.log"
}
teardown() { end_all; }

# All that the proxy must pass on.
check_proxy() {
  fetch=(curl -sS --cacert "$root/cert.pem" --max-time 30)
  wait_until 20 "${fetch[@]}" -o "$root/hello" "$site/"
  file=$root/media/$(cbx-index list car --json | jq -r .path)
  # A whole file, over HTTP/2.
  [ "$("${fetch[@]}" --http2 -o "$root/whole" -w '%{http_version} %{http_code}' "$site$path/$id/segment.mp4")" = '2 200' ]
  cmp "$root/whole" "$file"
  # A range of it.
  [ "$("${fetch[@]}" -r 1000-2999 -o "$root/range" -w '%{http_code}' "$site$path/$id/segment.mp4")" = 206 ]
  cmp "$root/range" <(tail -c +1001 "$file" | head -c 2000)
  # A playlist is played through it.
  [ "$(picture_hashes "$site$path/hls/2026-11-20/main.m3u8" -tls_verify 0 | wc -l)" -eq 200 ]
  # The server knows who asks, and believes nobody who only says so.
  "${fetch[@]}" -o /dev/null -H 'X-Forwarded-For: 192.0.2.9' "$site$path/hls/2026-11-20/main.m3u8"
  wait_until 10 has_line "$root/access.log" 127.0.0.1
  run ! grep -E '192\.0\.2\.9|"unix"' "$root/access.log"
  # Nobody gets in without the link.
  [ "$("${fetch[@]}" -o /dev/null -w '%{http_code}' "$site/media/car/$id/segment.mp4")" = 401 ]
}

@test "nginx" {
  sed -e "s#/run/cbx/serve.sock#$root/serve.sock#; s#/etc/letsencrypt/live/cam.example.org/fullchain.pem#$root/cert.pem#" \
    -e "s#/etc/letsencrypt/live/cam.example.org/privkey.pem#$root/key.pem#; s#cam.example.org#localhost#" \
    -e "s#/var/log/nginx/cbx.log#$root/nginx.log#; s#listen 443 #listen 127.0.0.1:$proxy #" \
    -e "s#listen 80#listen 127.0.0.1:$(free_port)#; /listen \[/d" "$CBX_SOURCE/share/nginx/cbx.conf" >"$root/cbx.conf"
  temporary=
  for kind in client_body proxy fastcgi uwsgi scgi; do temporary+="${kind}_temp_path $root/nginx-$kind; "; done
  cat >"$root/nginx.conf" <<CONF
    daemon off; error_log stderr warn; pid $root/nginx.pid;
    $([[ $(id -u) -ne 0 ]] || echo 'user root;')
    events { }
    http { $temporary access_log off; include $root/cbx.conf; }
CONF
  /usr/sbin/nginx -t -q -p "$root" -c "$root/nginx.conf"
  background /usr/sbin/nginx -p "$root" -c "$root/nginx.conf"
  check_proxy
  # The log has what was asked for, without the secret in it.
  has_line "$root/nginx.log" '/t/\.\.\./media/car'
  run ! grep -F "$(cut -d / -f 3 <<<"$path")" "$root/nginx.log"
}

@test "Caddy" {
  command -v caddy >/dev/null || skip 'caddy is not installed'
  {
    printf '{\n admin off\n auto_https disable_redirects\n}\n'
    sed -e "s#/run/cbx/serve.sock#$root/serve.sock#" \
      -e "s#^cam.example.org {#$site {\n tls $root/cert.pem $root/key.pem#" "$CBX_SOURCE/share/caddy/Caddyfile"
  } >"$root/Caddyfile"
  export XDG_DATA_HOME=$root/caddy XDG_CONFIG_HOME=$root/caddy
  caddy validate --adapter caddyfile --config "$root/Caddyfile"
  background caddy run --adapter caddyfile --config "$root/Caddyfile"
  check_proxy
}
