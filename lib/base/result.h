// Errors as values: every fallible call of cbx returns Result<T>.
//
// An Error carries a code that maps one-to-one to a process exit code (sysexits style, see exit codes in
// DESIGN: 64 usage … 78 configuration), a message written for the operator, and errno where the kernel said why.
// Context is added on the way up, the whole is reported once, in main.  Thread-safe as any value type is.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace cbx {

// The value of each code is the exit code of a tool that ends with it.
enum class ErrorCode : int {
  usage = 64,          // the command line is wrong
  data = 65,           // input does not follow its format
  no_input = 66,       // an input does not exist or cannot be read
  unavailable = 69,    // a service or peer cannot be reached
  internal = 70,       // a bug of ours
  cannot_create = 73,  // an output cannot be created
  io = 74,             // reading or writing failed
  try_again = 75,      // busy or locked: the same call may succeed later
  permission = 77,     // not allowed
  config = 78,         // the configuration or the store is wrong
};

class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string message, int os_error = 0)
      : code_(code), os_error_(os_error), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  int exit_code() const { return static_cast<int>(code_); }
  // errno of the failed system call, 0 if none was involved.
  int os_error() const { return os_error_; }
  const std::string& message() const { return message_; }

  // "what: message", what being lower case without a full stop.
  Error context(std::string_view what) && {
    message_ = std::string(what) + ": " + message_;
    return std::move(*this);
  }

 private:
  ErrorCode code_;
  int os_error_;
  std::string message_;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, int os_error = 0) {
  return tl::unexpected<Error>(Error(code, std::move(message), os_error));
}
inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

// The boundary to the C library: an Error for `os_error`, its code chosen by errno (ENOENT no_input, EACCES/EPERM
// permission, everything else `fallback`).  `what` names the failed action and object: "cannot open 'x'".
Error os_error(int os_error, std::string_view what, ErrorCode fallback = ErrorCode::io);

}  // namespace cbx

// Evaluates a Result expression; returns its error from the calling function, or goes on.
#define CBX_TRY(expr)                                                           \
  do {                                                                          \
    auto cbx_try_result = (expr);                                               \
    if (!cbx_try_result) return ::cbx::fail(std::move(cbx_try_result).error()); \
  } while (false)

#define CBX_CONCAT_INNER(a, b) a##b
#define CBX_CONCAT(a, b) CBX_CONCAT_INNER(a, b)
// CBX_ASSIGN(auto x, f()): declares or assigns from a Result's value, or returns its error.
#define CBX_ASSIGN(lhs, expr) CBX_ASSIGN_IMPL(CBX_CONCAT(cbx_assign_, __LINE__), lhs, expr)
#define CBX_ASSIGN_IMPL(tmp, lhs, expr)                 \
  auto tmp = (expr);                                    \
  if (!tmp) return ::cbx::fail(std::move(tmp).error()); \
  lhs = std::move(*tmp)
