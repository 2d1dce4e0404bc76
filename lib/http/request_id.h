// Names for requests, by which an answer is found again in the log.
#pragma once

#include <string>

namespace cbx::http {

// 16 hexadecimal digits, no two alike in a process, and not to be guessed from each other at sight.  Thread-safe.
std::string make_request_id();

}  // namespace cbx::http
