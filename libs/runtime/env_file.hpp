// Reads settings from a file in the format of systemd's EnvironmentFile= and a shell's `. ./.env`.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace lamda::runtime {

using EnvFile = std::map<std::string, std::string>;

/// Lines of `NAME=value`, optionally after `export `. The value may be in single or double quotes. Text in
/// quotes is literal (no `$`, no backquotes), except that in double quotes \" is a quote and \\ a backslash.
/// Without quotes, a `#` after white space begins a comment. Empty lines and lines that begin with # or ; are
/// skipped; a byte order mark and carriage returns at line ends are ignored. The last line of a name counts.
/// The error names the line and repeats no part of it.
Result<EnvFile> parse_env_file(std::string_view text);

}  // namespace lamda::runtime
