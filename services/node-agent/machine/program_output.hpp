// Runs a program and returns its output.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"

namespace lamda::agent {

struct ProgramOutput {
    int status = 0;  ///< exit status, or 128 + the number of the signal that ended the program
    bool timed_out = false;
    std::string text;  ///< stdout and stderr, at most 64 KiB
};

/// Runs the program, found on PATH; kills it after `timeout`. Returns within about a second more, even if a
/// driver keeps the program from ending. Absent: it could not be started.
/// @param arguments the program first
std::optional<ProgramOutput> program_output(const std::vector<std::string>& arguments, Millis timeout);

}  // namespace lamda::agent
