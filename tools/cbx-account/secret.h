// Passwords and keys from where they may come from: a file, standard input, or a terminal without echo.
#pragma once

#include <string>

#include "base/result.h"

namespace cbx::account {

// All of FILE ("-": standard input) but line ends behind it; at most 4 KiB.  Errors: no_input, data, io.
Result<std::string> read_secret(const std::string& file);

// Asks twice on the controlling terminal, whose echo is off meanwhile and on again afterwards, also when the process is
// interrupted.  Errors: usage without a terminal (the message names --password-file), data when the two differ.
Result<std::string> ask_new_password(const std::string& name);

// A line from the controlling terminal, with echo, without its end.  Error `data` when none comes.
Result<std::string> ask_line(const std::string& prompt);
// Error `usage`, which says `instead`, when there is no terminal to ask at.
Status must_have_terminal(const std::string& instead);

}  // namespace cbx::account
