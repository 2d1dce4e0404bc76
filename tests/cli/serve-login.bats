#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031  # background sets pid; each test has its own variables
# Signing up and logging in at cbx-serve, with a real mail server (Debian's aiosmtpd) that keeps the letters.

bats_require_minimum_version 1.5.0
load helpers
load segment

setup() {
  cd "$(mktemp -d -p "$BATS_TEST_TMPDIR")" || return
  make_store
  cbx-account -q user add root --admin --no-password --email root@example.org >made
}
teardown() { end_all; }

# mail_server [OPTION…]: letters go to ./box; sets $smtp_port, unless it is set, and $mail_pid.
mail_server() {
  smtp_port=${smtp_port:-$(free_port)}
  background "$CBX_SOURCE/tests/tools/smtp_server.py" box "$smtp_port" "$@" >mail.ready 2>mail.log
  mail_pid=$pid
  wait_until 20 test -s mail.ready
}

# serve [OPTION…]: a server at $base, in place of the one before.
serve() {
  local port
  [[ -z ${serving:-} ]] || { kill "$serving"; wait_end "$serving" 20 || true; }
  port=$(free_port)
  base=http://127.0.0.1:$port
  background cbx-serve --listen "127.0.0.1:$port" --ready-fd 4 "$@" 2>log 4>ready
  serving=$pid
  wait_until 20 test -s ready
}
serve_mail() {
  serve --smtp-url "smtp://127.0.0.1:$smtp_port" --mail-from 'cbx <cbx@example.org>' \
    --public-url https://cbx.example.org "$@"
}

# page METHOD PATH [BODY]: as the page asks, with the cookie in ./$jar; the status on stdout, the answer in ./body.
page() {
  local options=(-s -o body -D head -w '%{http_code}' -X "$1" -H 'Sec-Fetch-Site: same-origin'
    -H 'X-Requested-With: cbx' -H "Cookie: $(cat "${jar:-jar}" 2>/dev/null)")
  [[ $# -lt 3 ]] || options+=(-H 'Content-Type: application/json' -d "$3")
  curl "${options[@]}" "$base/api/v1/$2"
  local cookie
  cookie=$(sed -n 's/^Set-Cookie: \(__Host-cbx=[^;]*\);.*/\1/Ip' head)
  [[ -z $cookie ]] || printf '%s' "$cookie" >"${jar:-jar}"
}
answer() { jq -er "$1" body; }

# letter N: the text of the N-th letter; waits for it.
letter() {
  local name
  name=box/$(printf %03d "$1").eml
  wait_until 20 test -e "$name" || { cat log; return 1; }
  python3 - "$name" <<'PY'
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
print("To:", m["to"])
print("Subject:", m["subject"])
print("Auto:", m["auto-submitted"])
print(m.get_content().replace("\r\n", "\n"))
PY
}
code_in() { letter "$1" | grep -oE '^    [0-9]{6}$' | tr -d ' '; }
letters() { find box -name '*.eml' | wc -l; }
# a code that is another one
other() { printf %06d $(((10#$1 + 1) % 1000000)); }

# sign_up NAME: by an invitation, up to being logged in, by the first letter.
sign_up() {
  local invite
  invite=$(cbx-account user invite --json | jq -r .secret)
  [ "$(page POST signup '{"name":"'"$1"'","email":"'"$1"'@example.org","password":"a good password","invite":"'"$invite"'"}')" = 202 ]
  [ "$(page POST signup/confirm '{"challenge":"'"$(answer .challenge)"'","code":"'"$(code_in 1)"'"}')" = 200 ]
}

# log_in NAME [PASSWORD]: the password alone; the challenge is in ./challenge.
log_in() {
  page POST login '{"name":"'"$1"'","password":"'"${2:-a good password}"'"}'
  jq -r .challenge body >challenge
}
prove() { page POST "${2:-login/code}" '{"challenge":"'"$(<challenge)"'","code":"'"$1"'"}'; } # CODE [PATH]

# totp SECRET [STEPS-AHEAD]: what an authenticator shows (RFC 6238).
totp() {
  python3 - "$1" "${2:-0}" <<'PY'
import base64, hashlib, hmac, struct, sys, time
secret = sys.argv[1] + "=" * (-len(sys.argv[1]) % 8)
step = struct.pack(">Q", int(time.time()) // 30 + int(sys.argv[2]))
digest = hmac.new(base64.b32decode(secret), step, hashlib.sha1).digest()
at = digest[-1] & 15
print("%06d" % ((struct.unpack(">I", digest[at:at + 4])[0] & 0x7FFFFFFF) % 10**6))
PY
}

@test "sign-up by invitation, the code from the mail, log-out, log-in" {
  mail_server
  serve_mail
  [ "$(page GET welcome)" = 200 ]
  answer '.signup == "invite" and .mail and .secure and .user == null'
  [ "$(page POST signup '{"name":"kim","email":"kim@example.org","password":"a good password"}')" = 403 ]
  answer '.code == "invite_needed"'
  invite=$(cbx-account user invite --json | jq -r .secret)
  [ "$(page POST signup '{"name":"kim","email":"kim@example.org","password":"a good password","language":"ko","invite":"'"$invite"'"}')" = 202 ]
  answer '.sent_to == "k•••@example.org"'
  answer .challenge >challenge
  code=$(code_in 1)
  letter 1 | tee text
  grep -q '^To: kim@example.org' text
  grep -q '가입 인증 코드' text
  grep -q '^Auto: auto-generated' text
  grep -q 'https://cbx.example.org' text
  [ "$(prove "$(other "$code")" signup/confirm)" = 401 ]
  answer '.code == "wrong_code" and .tries_left == 4'
  [ "$(prove "$code" signup/confirm)" = 200 ]
  answer '.name == "kim" and .email_proven and .language == "ko" and (.session.id | length) == 12'
  grep -qi '^set-cookie: __Host-cbx=[A-Za-z0-9_-]\{43\}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=7776000' head
  [ "$(page GET account)" = 200 ]
  [ "$(page GET welcome)" = 200 ]
  answer '.user.name == "kim"'
  cp jar old
  [ "$(page POST logout '{}')" = 204 ]
  [ "$(jar=old page GET account)" = 401 ]
  run ! grep -qi 'www-authenticate: basic' head
  # The invitation was for one.
  [ "$(page POST signup '{"name":"lee","email":"lee@example.org","password":"a good password","invite":"'"$invite"'"}')" = 403 ]
  [ "$(log_in kim 'a wrong password')" = 401 ]
  answer '.code == "wrong_login"'
  [ "$(log_in KIM@example.org)" = 200 ]
  answer '.factor == "email" and .sent_to == "k•••@example.org"'
  [ "$(prove "$(code_in 2)")" = 200 ]
  [ "$(page GET account)" = 200 ]
  # Nothing secret is in the log.
  run ! grep -q "$code\|a good password\|$(cut -d= -f2 jar)" log
}

@test "five wrong codes and it is gone; a code is good once, for what it was asked for" {
  mail_server
  serve_mail
  sign_up kim
  rm jar
  [ "$(log_in kim)" = 200 ]
  code=$(code_in 2)
  for left in 4 3 2 1 0; do
    [ "$(prove "$(other "$code")")" = 401 ]
    answer ".tries_left == $left"
  done
  [ "$(prove "$code")" = 410 ]
  answer '.code == "gone"'
  [ "$(log_in kim)" = 200 ]
  # Another log-in's code.
  [ "$(prove "$code")" = 401 ] || [ "$code" = "$(code_in 3)" ]
  first=$(<challenge)
  # Another code of the same log-in takes its place.
  [ "$(page POST challenge/resend '{"challenge":"'"$first"'"}')" = 202 ]
  answer '.sends_left == 2'
  code=$(code_in 4)
  [ "$(prove "$(code_in 3)")" = 401 ] || [ "$code" = "$(code_in 3)" ]
  [ "$(prove "$code" reset/code)" = 410 ]
  [ "$(prove "$code" signup/confirm)" = 410 ]
  [ "$(prove "$code")" = 200 ]
  [ "$(prove "$code")" = 410 ]
}

@test "codes end after ten minutes" {
  mail_server
  serve_mail
  sign_up kim
  [ "$(log_in kim)" = 200 ]
  code=$(code_in 2)
  sqlite3 store/state.db 'UPDATE challenge SET created_ms = created_ms - 600000, until_ms = until_ms - 600000'
  [ "$(prove "$code")" = 410 ]
}

@test "an authenticator: set up, asked for, not passed by a reset, taken away" {
  mail_server
  serve_mail
  sign_up kim
  [ "$(page POST account/totp '{"password":"wrong"}')" = 401 ]
  answer '.code == "wrong_password"'
  [ "$(page POST account/totp '{"password":"a good password"}')" = 200 ]
  secret=$(answer .secret)
  answer '.uri | startswith("otpauth://totp/")'
  answer '(.qr.rows | length) == .qr.size and (.qr.rows[0] | length) == .qr.size'
  [ "$(page POST account/totp/confirm '{"code":"'"$(other "$(totp "$secret")")"'"}')" = 401 ]
  [ "$(page POST account/totp/confirm '{"code":"'"$(totp "$secret" -1)"'"}')" = 200 ]
  answer '.recovery_codes | length == 10'
  recovery=$(answer '.recovery_codes[0]') second=$(answer '.recovery_codes[1]')
  letter 2 | grep -q authenticator
  rm jar
  [ "$(log_in kim)" = 200 ]
  answer '.factor == "totp" and .sent_to == null'
  code=$(totp "$secret")
  [ "$(prove "$code")" = 200 ]
  [ "$(log_in kim)" = 200 ]
  [ "$(prove "$code")" = 401 ] # once
  [ "$(page POST challenge/resend '{"challenge":"'"$(<challenge)"'"}')" = 410 ]
  # Who reads the mail alone does not get in.
  [ "$(page POST reset '{"email":"kim@example.org"}')" = 202 ]
  answer .challenge >challenge
  code=$(code_in 3)
  new() { page POST reset/password '{"challenge":"'"$(<challenge)"'","password":"another password"'"${1:+,\"code\":\"$1\"}"'}'; }
  [ "$(new)" = 410 ] # not proven
  [ "$(prove "$code" reset/code)" = 200 ]
  answer '.factor == "totp"'
  [ "$(new)" = 400 ]
  answer '.code == "code_needed"'
  [ "$(new "$code")" = 401 ]
  [ "$(new "$recovery")" = 204 ]
  [ "$(page GET account)" = 401 ] # all sessions have ended
  letter 4 | grep -q 'password of your account was changed'
  [ "$(log_in kim 'another password')" = 200 ]
  answer '.factor == "totp"'
  [ "$(prove "$recovery")" = 401 ] # used up
  [ "$(prove "$(totp "$secret" 1)")" = 200 ]
  remove() { page POST account/totp/remove '{"password":"another password","code":"'"$1"'"}'; }
  [ "$(remove 000000)" = 401 ]
  [ "$(remove "$second")" = 204 ]
  [ "$(page GET account)" = 200 ]
  answer '.second_factor == "email"'
}

@test "a reset: the same for an address that nobody has; sessions end; a letter tells" {
  mail_server
  serve_mail
  sign_up kim
  [ "$(page POST reset '{"email":"nobody@example.org"}')" = 202 ]
  jq -S 'del(.challenge, .expires, .sent_to)' body >nobody
  answer .challenge >challenge
  [ "$(prove 123456 reset/code)" = 401 ]
  [ "$(page POST reset '{"email":"Kim@example.org"}')" = 202 ]
  jq -S 'del(.challenge, .expires, .sent_to)' body >kim
  cmp nobody kim
  answer '.sent_to == "K•••@example.org"'
  answer .challenge >challenge
  [ "$(prove "$(code_in 2)" reset/code)" = 200 ]
  answer '.factor == "none"'
  [ "$(page POST reset/password '{"challenge":"'"$(<challenge)"'","password":"short"}')" = 400 ]
  [ "$(page POST reset/password '{"challenge":"'"$(<challenge)"'","password":"another password"}')" = 204 ]
  [ "$(page POST reset/password '{"challenge":"'"$(<challenge)"'","password":"another password"}')" = 410 ]
  [ "$(page GET account)" = 401 ]
  letter 3 | grep -q 'password of your account was changed'
  [ "$(log_in kim)" = 401 ]
  [ "$(log_in kim 'another password')" = 200 ]
  [ "$(letters)" = 3 ] || [ "$(letters)" = 4 ] # none went to nobody
  run ! grep -q nobody@ box/log
}

@test "an address that has an account signs up to a letter, not to a code" {
  mail_server
  serve_mail --signup open
  sign_up kim
  rm jar
  [ "$(page POST signup '{"name":"kim2","email":"KIM@example.org","password":"a good password"}')" = 202 ]
  answer '.sent_to == "K•••@example.org"'
  answer .challenge >challenge
  letter 2 | tee text
  grep -q 'already have an account' text
  [ -z "$(code_in 2)" ]
  # A name that is taken is told with the code only, and the sign-up goes on with another.
  [ "$(page POST signup '{"name":"kim","email":"lee@example.org","password":"a good password"}')" = 202 ]
  answer .challenge >challenge
  [ "$(prove "$(code_in 3)" signup/confirm)" = 409 ]
  answer '.code == "name_taken"'
  [ "$(page POST signup/confirm '{"challenge":"'"$(<challenge)"'","name":"lee"}')" = 200 ]
  answer '.name == "lee"'
}

@test "other sites' pages, tokens and forms change nothing" {
  mail_server
  serve_mail
  sign_up kim
  cookie=$(<jar)
  ask() { curl -s -o body -D head -w '%{http_code}' "$@"; }
  post=(-X PATCH -H 'Content-Type: application/json' -d '{"language":"en"}' "$base/api/v1/account")
  [ "$(ask -H "Cookie: $cookie" "${post[@]}")" = 403 ]
  [ "$(ask -H "Cookie: $cookie" -H 'Sec-Fetch-Site: cross-site' "${post[@]}")" = 403 ]
  [ "$(ask -H "Cookie: $cookie" -H 'Sec-Fetch-Site: same-site' -H "Origin: $base" "${post[@]}")" = 403 ]
  [ "$(ask -H "Cookie: $cookie" -H 'Origin: https://evil.example' "${post[@]}")" = 403 ]
  [ "$(ask -H "Cookie: $cookie" -H 'Origin: null' "${post[@]}")" = 403 ]
  [ "$(ask -H "Cookie: $cookie" -H "Origin: $base" "${post[@]}")" = 200 ]
  [ "$(ask -H "Cookie: $cookie" -H 'Sec-Fetch-Site: same-origin' "${post[@]}")" = 200 ]
  [ "$(ask -H "Cookie: $cookie" "$base/api/v1/account")" = 200 ] # looking is no change
  # A foreign page can't log its visitors in as somebody else either.
  login=(-d '{"name":"kim","password":"a good password"}' "$base/api/v1/login")
  [ "$(ask -H 'Content-Type: application/json' "${login[@]}")" = 403 ]
  [ "$(ask -H 'Sec-Fetch-Site: same-origin' -H 'Content-Type: text/plain' "${login[@]}")" = 415 ]
  # Elsewhere than on this machine a session needs https.
  [ "$(ask -H 'Host: cbx.example.org' -H 'Sec-Fetch-Site: same-origin' -H 'Content-Type: application/json' "${login[@]}")" = 400 ]
  jq -e '.code == "needs_https"' body
  # A token is for scripts.
  cbx-account -q user token kim >bearer
  by_token() { [ "$(ask -H "Authorization: Bearer $(<bearer)" "$base/api/v1/account")" = 200 ]; }
  wait_until 3 by_token
  [ "$(ask -H "Authorization: Bearer $(<bearer)" -H 'Sec-Fetch-Site: same-origin' "${post[@]}")" = 403 ]
  jq -e '.code == "session_needed"' body
}

@test "sessions are listed and ended, here and at the terminal; a new password ends the others" {
  mail_server
  serve_mail
  sign_up kim
  [ "$(jar=second log_in kim)" = 200 ]
  [ "$(jar=second prove "$(code_in 2)")" = 200 ]
  [ "$(jar=third log_in kim)" = 200 ]
  [ "$(jar=third prove "$(code_in 3)")" = 200 ]
  [ "$(page GET account/sessions)" = 200 ]
  answer '(.sessions | length) == 3 and ([.sessions[] | select(.current)] | length) == 1'
  answer '.sessions[0].address == "127.0.0.1" and (.sessions[0].agent | startswith("curl"))'
  id=$(answer '[.sessions[] | select(.current | not)][0].id')
  [ "$(page DELETE "account/sessions/$id")" = 204 ]
  [ "$(page DELETE "account/sessions/$id")" = 404 ]
  [ "$(jar=second page GET account)" = 401 ]
  [ "$(jar=third page GET account)" = 200 ]
  [ "$(page POST account/password '{"current":"wrong password","password":"another password"}')" = 401 ]
  answer '.code == "wrong_password"'
  [ "$(page POST account/password '{"current":"a good password","password":"another password"}')" = 204 ]
  [ "$(jar=third page GET account)" = 401 ]
  [ "$(page GET account)" = 200 ]
  letter 4 | grep -q 'password of your account was changed'
  # At the terminal, which counts within a second.
  cbx-account -q user logout kim
  ended() { [ "$(page GET account)" = 401 ]; }
  wait_until 3 ended
}

@test "another e-mail address, once its code has come back" {
  mail_server
  serve_mail
  sign_up kim
  [ "$(page POST account/email '{"email":"new@example.org","password":"a good password"}')" = 202 ]
  answer .challenge >challenge
  letter 2 | grep -q '^To: new@example.org'
  [ "$(prove "$(other "$(code_in 2)")" account/email/confirm)" = 401 ]
  [ "$(prove "$(code_in 2)" account/email/confirm)" = 200 ]
  answer '.email == "new@example.org" and .email_proven'
  letter 3 | tee text
  grep -q '^To: kim@example.org' text
  # One that is somebody's gets a letter that says so.
  [ "$(page POST account/email '{"email":"root@example.org","password":"a good password"}')" = 202 ]
  letter 4 | grep -q 'already have an account'
}

@test "letters to one mailbox are few" {
  mail_server
  serve_mail --signup open
  for i in 1 2 3 4 5; do
    [ "$(page POST signup '{"name":"kim","email":"kim+'"$i"'@example.org","password":"a good password"}')" = 202 ]
  done
  [ "$(page POST signup '{"name":"kim","email":"KIM@example.org","password":"a good password"}')" = 429 ]
  grep -qi '^retry-after: [0-9]' head
  [ "$(page POST signup '{"name":"kim","email":"lee@example.org","password":"a good password"}')" = 202 ]
  letter 6 >text
  [ "$(letters)" = 6 ]
}

@test "codes of the operator, where no letters are sent" {
  serve
  [ "$(page GET welcome)" = 200 ]
  answer '.mail == false'
  [ "$(page POST reset '{"email":"root@example.org"}')" = 503 ]
  answer '.code == "no_mail"'
  printf 'a good password' | cbx-account -q user passwd root --password-file - >made
  # A running server notices within a second.
  is_let_in() { [ "$(log_in root)" = 200 ]; }
  wait_until 5 is_let_in
  answer '.factor == "operator" and .sent_to == null'
  [ "$(prove 12345678)" = 401 ]
  [ "$(prove "$(cbx-account -q user code root)")" = 200 ]
  answer .admin
}

@test "STARTTLS that is stripped, and a certificate of somebody else, send nothing" {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost 2>openssl.log
  # It offers none.
  mail_server
  serve --smtp-url "smtp://localhost:$smtp_port" --smtp-starttls --smtp-ca cert.pem --mail-from cbx@example.org --signup open
  [ "$(page POST signup '{"name":"kim","email":"kim@example.org","password":"a good password"}')" = 202 ]
  wait_until 10 has_line log 'offers no STARTTLS'
  [ ! -e box/log ]
  # It offers TLS that nobody vouches for.
  kill "$mail_pid"
  wait_end "$mail_pid" 10 || true
  : >mail.ready
  mail_server --cert cert.pem --key key.pem --require-starttls
  serve --smtp-url "smtp://localhost:$smtp_port" --smtp-starttls --mail-from cbx@example.org --signup open
  [ "$(page POST signup '{"name":"kim","email":"kim@example.org","password":"a good password"}')" = 202 ]
  wait_until 10 has_line log 'letters cannot be sent'
  [ ! -e box/log ]
  # And with the certificate it goes.
  serve --smtp-url "smtp://localhost:$smtp_port" --smtp-starttls --smtp-ca cert.pem --mail-from cbx@example.org --signup open
  [ "$(page POST signup '{"name":"kim","email":"kim@example.org","password":"a good password"}')" = 202 ]
  [ -n "$(code_in 1)" ]
  has_line box/log 'rcpt kim@example.org tls=True'
}

@test "a mail server that wants a password, over TLS from the first byte" {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost 2>openssl.log
  mail_server --cert cert.pem --key key.pem --tls --auth 'cbx@example.org:mail secret'
  url=smtps://cbx%40example.org@localhost:$smtp_port
  run cbx-serve --listen 127.0.0.1:0 --smtp-url "$url" --mail-from cbx@example.org
  [ "$status" -eq 64 ]
  run cbx-serve --listen 127.0.0.1:0 --smtp-url smtp://user:secret@localhost --mail-from cbx@example.org
  [ "$status" -eq 64 ]
  [[ $output != *user:secret* ]]
  printf 'mail secret\n' >password
  serve --smtp-url "$url" --smtp-password-file password --smtp-ca cert.pem --mail-from cbx@example.org --signup open
  [ "$(page POST signup '{"name":"kim","email":"kim@example.org","password":"a good password"}')" = 202 ]
  [ -n "$(code_in 1)" ]
  has_line box/log 'auth .* right'
  CBX_SMTP_PASSWORD=wrong serve --smtp-url "$url" --smtp-ca cert.pem --mail-from cbx@example.org --signup open
  [ "$(page POST signup '{"name":"kim","email":"kim@example.org","password":"a good password"}')" = 202 ]
  wait_until 10 has_line log 'letters cannot be sent'
  run ! grep -q 'mail secret' log
}

@test "a mail server that is away for a while" {
  smtp_port=$(free_port)
  serve_mail --signup open
  [ "$(page POST signup '{"name":"kim","email":"kim@example.org","password":"a good password"}')" = 202 ]
  wait_until 10 has_line log 'letters cannot be sent'
  mail_server
  [ -n "$(code_in 1)" ]
  has_line log 'answers again'
  # One that refuses the address for good.
  kill "$mail_pid"
  wait_end "$mail_pid" 10 || true
  : >mail.ready
  mail_server --reply 550
  [ "$(page POST signup '{"name":"lee","email":"lee@example.org","password":"a good password"}')" = 202 ]
  wait_until 20 has_line log "a letter to 'l•••@example.org' was refused"
}
