// Database of the tests that include this file: one server per executable, a new migrated database per case.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <map>
#include <string>

#include "store/migrations.hpp"
#include "testkit/servers.hpp"

namespace lamda::testkit {

struct TestDatabase {
    static testkit::PostgresServer& server() {
        static testkit::TempDir dir("pipeline");
        static testkit::PostgresServer server(dir.path());
        return server;
    }
    static std::string fresh() {
        static std::atomic<int> count = 0;
        return server().create_database("pipeline_" + std::to_string(++count));
    }
    std::string dsn = fresh();
    store::Database db{dsn, "pipeline-test", 8};

    TestDatabase() { store::migrate(db); }
};

/// Runs a hidden test of this executable with a crash point armed; true if it was killed there. Uses a new
/// process, because a fork is not possible after nats.c was opened.
inline bool run_and_crash(const std::string& tag, const std::string& point,
                          std::map<std::string, std::string> env) {
    testkit::ProcessSpec spec;
    spec.argv = {std::filesystem::read_symlink("/proc/self/exe").string(), tag};
    spec.env = std::move(env);
    spec.env["LAMDA_CRASH_AT"] = point;
    const auto finished = testkit::run(spec);
    UNSCOPED_INFO(finished.status << ": " << finished.output);
    return finished.status == 128 + SIGKILL;
}

}  // namespace lamda::testkit
