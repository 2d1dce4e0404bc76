#include "web/letters.h"

#include <fmt/format.h>

namespace cbx::web {
namespace {

struct Text {
  const char *subject, *body;
};

// {code}, {user}, {address} and {link} are filled in; a paragraph whose word is empty is left out.
Text english(LetterKind kind) {
  switch (kind) {
    case LetterKind::sign_up_code:
      return {"Your code to sign up",
              "Your code to sign up is:\n\n    {code}\n\nIt is valid for 10 minutes, for one use.\n\n"
              "If you have not asked for it, somebody has typed your address by mistake: without the code nothing "
              "happens.\n"};
    case LetterKind::login_code:
      return {"Your code to log in",
              "Hello {user},\n\nyour code to log in is:\n\n    {code}\n\nIt is valid for 10 minutes, for one use. "
              "Nobody from here will ever ask you for it.\n\nIt was asked for from {address}, with your password.\n\n"
              "If that was not you, somebody knows your password: change it.\n"};
    case LetterKind::reset_code:
      return {"Your code to set a new password",
              "Hello {user},\n\nyour code to set a new password is:\n\n    {code}\n\nIt is valid for 10 minutes, for "
              "one use.\n\nIt was asked for from {address}.\n\nIf that was not you, ignore this letter: without the "
              "code nothing happens.\n"};
    case LetterKind::email_code:
      return {"Your code for this e-mail address",
              "Your code to make this the e-mail address of your account is:\n\n    {code}\n\nIt is valid for 10 "
              "minutes, for one use.\n\nIf you have not asked for it, ignore this letter: without the code nothing "
              "happens.\n"};
    case LetterKind::have_account:
      return {"You already have an account",
              "Hello {user},\n\nsomebody, perhaps you, has given this e-mail address to sign up or for another "
              "account. It already belongs to your account '{user}', so nothing was changed.\n\nIf you have forgotten "
              "your password, choose \"Forgot password\" where you log in.\n\nIt was asked for from {address}.\n"};
    case LetterKind::password_changed:
      return {"Your password was changed",
              "Hello {user},\n\nthe password of your account was changed, and your other sessions have ended.\n\nIt "
              "was changed from {address}.\n\nIf that was not you, set a new password at once and tell whoever runs "
              "this server.\n"};
    case LetterKind::email_changed:
      return {"The e-mail address of your account was changed",
              "Hello {user},\n\nyour account has another e-mail address now; this one gets no letters any more.\n\nIt "
              "was changed from {address}.\n\nIf that was not you, tell whoever runs this server at once.\n"};
    case LetterKind::factor_changed:
      return {"How you log in was changed",
              "Hello {user},\n\nthe authenticator app of your account was set up or removed.\n\nIt was changed from "
              "{address}.\n\nIf that was not you, change your password at once and tell whoever runs this server.\n"};
    case LetterKind::invite:
      return {"You are invited",
              "You are invited to make an account here:\n\n    {link}\n\nThe invitation is for this "
              "e-mail address alone and ends by itself.\n"};
  }
  return {"", ""};
}

Text korean(LetterKind kind) {
  switch (kind) {
    case LetterKind::sign_up_code:
      return {"가입 인증 코드",
              "가입 인증 코드는 다음과 같습니다.\n\n    {code}\n\n10분 동안 한 번만 사용할 수 있습니다.\n\n"
              "요청하신 적이 없다면 누군가 주소를 잘못 입력한 것입니다. 코드 없이는 아무 일도 일어나지 않습니다.\n"};
    case LetterKind::login_code:
      return {
          "로그인 인증 코드",
          "{user} 님, 안녕하세요.\n\n로그인 인증 코드는 다음과 같습니다.\n\n    {code}\n\n10분 동안 한 번만 사용할 수 "
          "있습니다. 저희는 이 코드를 절대 묻지 않습니다.\n\n{address}에서 올바른 비밀번호로 요청했습니다.\n\n본인이 "
          "아니라면 누군가 비밀번호를 알고 있는 것이니 비밀번호를 변경하세요.\n"};
    case LetterKind::reset_code:
      return {"비밀번호 재설정 코드",
              "{user} 님, 안녕하세요.\n\n비밀번호 재설정 코드는 다음과 같습니다.\n\n    {code}\n\n10분 동안 한 번만 "
              "사용할 수 "
              "있습니다.\n\n{address}에서 요청했습니다.\n\n본인이 아니라면 이 메일을 무시하세요. 코드 없이는 아무 일도 "
              "일어나지 않습니다.\n"};
    case LetterKind::email_code:
      return {"이메일 주소 인증 코드",
              "이 주소를 계정의 이메일 주소로 등록하기 위한 코드는 다음과 같습니다.\n\n    {code}\n\n10분 동안 한 번만 "
              "사용할 수 "
              "있습니다.\n\n요청하신 적이 없다면 이 메일을 무시하세요. 코드 없이는 아무 일도 일어나지 않습니다.\n"};
    case LetterKind::have_account:
      return {
          "이미 계정이 있습니다",
          "{user} 님, 안녕하세요.\n\n누군가(본인일 수도 있습니다) 이 이메일 주소로 가입하거나 다른 계정에 등록하려고 "
          "했습니다. 이 주소는 이미 '{user}' 계정의 것이므로 아무것도 변경되지 않았습니다.\n\n비밀번호를 잊으셨다면 "
          "로그인 "
          "화면에서 \"비밀번호 찾기\"를 선택하세요.\n\n{address}에서 요청했습니다.\n"};
    case LetterKind::password_changed:
      return {
          "비밀번호가 변경되었습니다",
          "{user} 님, 안녕하세요.\n\n계정의 비밀번호가 변경되었고 다른 로그인은 모두 종료되었습니다.\n\n{address}에서 "
          "변경했습니다.\n\n본인이 아니라면 즉시 새 비밀번호를 설정하고 서버 운영자에게 알리세요.\n"};
    case LetterKind::email_changed:
      return {"계정의 이메일 주소가 변경되었습니다",
              "{user} 님, 안녕하세요.\n\n계정의 이메일 주소가 변경되어 이 주소로는 더 이상 메일이 오지 않습니다.\n\n"
              "{address}에서 변경했습니다.\n\n본인이 아니라면 즉시 서버 운영자에게 알리세요.\n"};
    case LetterKind::factor_changed:
      return {
          "로그인 방법이 변경되었습니다",
          "{user} 님, 안녕하세요.\n\n계정의 인증 앱이 등록되었거나 해제되었습니다.\n\n{address}에서 변경했습니다.\n\n"
          "본인이 아니라면 즉시 비밀번호를 변경하고 서버 운영자에게 알리세요.\n"};
    case LetterKind::invite:
      return {"초대합니다",
              "아래 주소에서 계정을 만들 수 있습니다.\n\n    {link}\n\n이 초대는 이 이메일 주소로만 사용할 수 있으며 "
              "기한이 지나면 만료됩니다.\n"};
  }
  return {"", ""};
}

// One paragraph, filled in; "" when a word of it is empty.
std::string paragraph(std::string_view text, const LetterWords& words) {
  const std::pair<std::string_view, const std::string&> known[] = {
      {"{code}", words.code}, {"{user}", words.user}, {"{address}", words.address}, {"{link}", words.link}};
  std::string out(text);
  for (const auto& [name, value] : known)
    for (size_t at = 0; (at = out.find(name, at)) != std::string::npos; at += value.size()) {
      if (value.empty()) return "";
      out.replace(at, name.size(), value);
    }
  return out;
}

}  // namespace

net::Letter make_letter(LetterKind kind, std::string_view language, net::Mailbox to, const LetterWords& words) {
  const Text text = language == "ko" ? korean(kind) : english(kind);
  std::string body;
  for (std::string_view left = text.body; !left.empty();) {
    const size_t end = std::min(left.find("\n\n"), left.size());
    const std::string part = paragraph(left.substr(0, end), words);
    left.remove_prefix(std::min(end + 2, left.size()));
    if (part.empty()) continue;
    body += (body.empty() ? "" : "\n\n") + part;
  }
  // RFC 3676, 4.3: what stands below is no part of the letter.
  body += words.link.empty() ? "\n-- \ncbx\n" : "\n-- \ncbx " + words.link + "\n";
  return {std::move(to), std::string("cbx: ") + text.subject, std::move(body)};
}

bool is_language(std::string_view text) {
  return text == "en" || text == "ko";
}

std::string language_of(const http::Request& request, std::string_view known) {
  if (is_language(known)) return std::string(known);
  // The first that is wanted and there; weights hardly ever contradict the order.
  std::string_view left = request.header("accept-language").value_or("");
  while (!left.empty()) {
    const size_t end = std::min(left.find(','), left.size());
    std::string_view one = left.substr(0, end);
    left.remove_prefix(std::min(end + 1, left.size()));
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    const std::string_view primary = one.substr(0, one.find_first_of("-; "));
    if (is_language(primary)) return std::string(primary);
  }
  return "en";
}

}  // namespace cbx::web
