#include "runtime/secret.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <type_traits>

#include "runtime/core_dumps.hpp"
#include "runtime/settings.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::runtime;

namespace {

/// The environment block, as other processes see it.
std::string environment_block() {
    std::ifstream file("/proc/self/environ", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("wipe overwrites the string's whole capacity") {
    std::string text = "a secret that is longer than the room within the string itself";
    const char* memory = text.data();
    const std::size_t size = text.size();
    text.resize(4);  // the rest is still in the buffer
    wipe(text);
    CHECK(text.empty());
    CHECK(std::all_of(memory, memory + size, [](char c) { return c == '\0'; }));
}

TEST_CASE("moving a secret leaves no copy, short or long") {
    for (const std::string& text : {std::string("short"), std::string(100, 'x')}) {
        Secret first{std::string(text)};
        Secret second(std::move(first));
        CHECK(first.empty());  // NOLINT(bugprone-use-after-move): this is tested
        // A short text is in the string object itself, 15 bytes at most.
        CHECK(std::string_view(first.reveal().data(), std::min(text.size(), 15UL)).find(text[0]) ==
              std::string_view::npos);
        CHECK(second.reveal() == text);
        first = second;
        CHECK(first.reveal() == text);
        std::string taken = text;
        const Secret third(std::move(taken));
        CHECK(taken.empty());  // NOLINT(bugprone-use-after-move)
        CHECK(third.reveal() == text);
    }
}

TEST_CASE("first_line keeps white space, trimmed removes it at both ends") {
    CHECK(first_line(Secret(" pass word \r\nsecond")).reveal() == " pass word ");
    CHECK(first_line(Secret("\nsecond")).empty());
    CHECK(first_line(Secret("whole")).reveal() == "whole");
    CHECK(trimmed(Secret(" \ta b\r\n")).reveal() == "a b");
    CHECK(trimmed(Secret(" \n ")).empty());
}

TEST_CASE("a secret's file is read completely, up to 64 KiB") {
    testkit::TempDir dir("secret");
    const auto put = [&](const std::string& text) {
        std::ofstream(dir.path() + "/f", std::ios::binary) << text;
        return dir.path() + "/f";
    };
    CHECK(read_secret_file(put("one\ntwo\n"))->reveal() == "one\ntwo\n");
    CHECK(read_secret_file(put(""))->empty());
    CHECK(read_secret_file(put(std::string(65'536, 'x')))->reveal().size() == 65'536);
    CHECK_FALSE(read_secret_file(put(std::string(65'537, 'x'))));
    CHECK_FALSE(read_secret_file(dir.path() + "/none"));
    CHECK_FALSE(read_secret_file(dir.path()));
}

TEST_CASE("a secret that was read is removed from the environment") {
    // In a process of its own: other processes see the block that existed at its start.
    const char* victim = std::getenv("SECRET_TEST_VICTIM");
    if (victim == nullptr) {
        testkit::ProcessSpec spec;
        spec.argv = {testkit::binary_dir() + "/bin/runtime_test",
                     "a secret that was read is removed from the environment"};
        spec.env = {{"SECRET_TEST_VICTIM", "1"},
                    {"SECRET_TEST_KEY", " correct-horse-battery "},
                    {"SECRET_TEST_KEY_2", "another"}};
        const auto done = testkit::run(spec);
        INFO(done.output);
        CHECK(done.status == 0);
        return;
    }
    REQUIRE(environment_block().find("correct-horse-battery") != std::string::npos);
    auto settings = Settings::from_environment();
    CHECK(settings.is_set("SECRET_TEST_KEY"));
    CHECK(settings.secret("SECRET_TEST_KEY", "").reveal() == "correct-horse-battery");
    CHECK(environment_block().find("correct-horse") == std::string::npos);
    CHECK(std::getenv("SECRET_TEST_KEY") == nullptr);
    CHECK_FALSE(settings.is_set("SECRET_TEST_KEY"));
    // A variable whose name begins alike is not affected.
    CHECK(environment_block().find("SECRET_TEST_KEY_2=another") != std::string::npos);
    CHECK(settings.secret("SECRET_TEST_KEY_2", "").reveal() == "another");
}

TEST_CASE("a process that forbids core dumps writes none, and its own user cannot inspect it") {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        forbid_core_dumps();
        rlimit limit{1, 1};
        getrlimit(RLIMIT_CORE, &limit);
        _exit(prctl(PR_GET_DUMPABLE) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0 ? 0 : 1);
    }
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}
