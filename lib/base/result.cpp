#include "base/result.h"

#include <cerrno>
#include <system_error>

namespace cbx {

Error os_error(int os_error, std::string_view what, ErrorCode fallback) {
  ErrorCode code = fallback;
  switch (os_error) {
    case ENOENT:
    case ENOTDIR:
      code = fallback == ErrorCode::cannot_create ? fallback : ErrorCode::no_input;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = ErrorCode::permission;
      break;
    default:
      break;
  }
  // generic_category is thread-safe, strerror is not.
  return Error(code, std::string(what) + ": " + std::generic_category().message(os_error), os_error);
}

}  // namespace cbx
