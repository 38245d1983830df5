// Settings from a file: what systemd's EnvironmentFile= and a shell's `. ./.env` both understand.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace lamda::runtime {

using EnvFile = std::map<std::string, std::string>;

/// Lines of `NAME=value`; `export ` may stand before the name. The value may be in single or double quotes;
/// what is in them stands as it is (no `$`, no backquotes), but in double quotes \" is a quote and \\ a
/// backslash. Without quotes, a `#` after white space begins a comment. Empty lines, and lines that begin
/// with # or ;, are skipped; a byte order mark and carriage returns at the ends of lines are no part of
/// anything. The last line of a name counts. The error names the line and repeats none of it.
Result<EnvFile> parse_env_file(std::string_view text);

}  // namespace lamda::runtime
