// What a request line asks for, taken apart and checked (RFC 9112, 3.2; RFC 3986).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cbx::http {

struct Target {
  std::string path;  // decoded; as Request::path promises, but for a trailing '/'
  std::vector<std::pair<std::string, std::string>> query;
};

// Origin form ("/a?b=c") or absolute form ("http://host/a").  Errors: data, with what is wrong with it.
Result<Target> parse_target(std::string_view raw);

}  // namespace cbx::http
