// Runs a program of this machine to its end, within a time limit.
#pragma once

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/clock.hpp"

namespace lamda::agent {

struct Program {
    std::vector<std::string> command;  ///< the program, found on PATH if it has no slash, and its arguments
    std::string input = {};            ///< its stdin
    enum class Errors { kDiscarded, kWithOutput } errors = Errors::kDiscarded;  ///< its stderr
    std::optional<std::vector<std::string>> environment = {};  ///< `NAME=value`; absent: that of this process
    std::size_t most_output = 64U << 10;                       ///< bytes kept of its output
};

struct ProgramEnd {
    enum class Kind {
        kExited,   ///< by itself
        kSignal,   ///< by a signal of another process
        kStopped,  ///< killed at the time limit or a stop request
    } kind = Kind::kStopped;
    int status = 0;  ///< exit status, or number of the signal
    std::string output;
};

/// Runs the program in a process group of its own, without a shell, and kills the whole group at the end, at
/// the time limit or within about 20 ms of a stop request. Returns within one second more: a driver may keep
/// a program from ending, which then is left to a thread of its own. Absent: it could not be started.
std::optional<ProgramEnd> run_program(const Program& program, Millis timeout,
                                      const std::stop_token& stop = {});

}  // namespace lamda::agent
