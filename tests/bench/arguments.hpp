// Command line parsing of the bench programs.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "runtime/exit_status.hpp"

namespace lamda::bench {

/// The exit status after --help or wrong usage. Absent: continue.
inline std::optional<int> parse(CLI::App& app, int argc, char** argv) {
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& wanted) {
        return app.exit(wanted) == 0 ? 0 : runtime::kExitUsage;
    }
    return std::nullopt;
}

}  // namespace lamda::bench
