// Tests of a command's settings and secrets.
#include "tools/cli/context.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "runtime/setting_names.hpp"
#include "tools/cli/output/printing.hpp"

using namespace lamda;
using namespace lamda::cli;

TEST_CASE("lamda removes every secret from its environment, even one that no command reads") {
    for (const auto& name : runtime::secret_names()) {
        ::setenv(name.c_str(), "http://secret.invalid/", 1);
    }
    ::setenv("DATABASE_URL", "postgres://u:p@127.0.0.1/db", 1);
    Context context(false, {{"AGENT_PRIVATE_KEY", "x"}, {"JOB_MANAGER_CONTRACT_ADDRESS", "0x00"}});
    for (const auto& name : runtime::secret_names()) {
        INFO(name);
        CHECK(::getenv(name.c_str()) == nullptr);
    }
    CHECK(context.database_url() == "postgres://u:p@127.0.0.1/db");
    CHECK(context.urls("BSC_RPC_URL") == std::vector<std::string>{"http://secret.invalid/"});
}

TEST_CASE("printed JSON is one line of ASCII for any untrusted text") {
    CHECK(json_line({{"a", "\x1b[31m\xc2\x9b\xe2\x80\xae\x7f\n"}}) ==
          "{\"a\":\"\\u001b[31m\\u009b\\u202e\\u007f\\n\"}\n");
    CHECK(json_line("\xff") == "\"\\ufffd\"\n");
}
