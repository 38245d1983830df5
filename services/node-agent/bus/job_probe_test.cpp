#include "services/node-agent/bus/job_probe.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "net/http_client.hpp"
#include "testkit/patience.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::agent;
using Kind = ProbeAnswer::Kind;

namespace {

struct Probes {
    testkit::TempDir dir{"probe"};
    net::HttpClient http;

    ProbeAnswer run(const std::string& script, const std::string& assignment = "{}",
                    Millis timeout = testkit::kCallTimeout) {
        const auto path = dir.path() + "/probe.sh";
        std::ofstream(path) << script;
        ProbeConfig config;
        config.command = {"/bin/sh", path, "an argument"};
        config.timeout = timeout;
        return JobProbe(config, http).ask(assignment, {});
    }
};

}  // namespace

TEST_CASE_METHOD(Probes, "a program decides by its exit status, with the assignment on its stdin") {
    const std::string large(200'000, 'x');
    CHECK(run("exit 0") == ProbeAnswer{});
    CHECK(run("test \"$(cat | wc -c)\" = 200000", large) == ProbeAnswer{});
    CHECK(run("test \"$1\" = 'an argument'") == ProbeAnswer{});
    CHECK(run("echo 'the room is too warm'; echo more; exit 1") ==
          ProbeAnswer{Kind::kRefuse, "the room is too warm"});
    CHECK(run("exit 1") == ProbeAnswer{Kind::kRefuse, "the provider does not take this job"});
    CHECK(run("exit 2").kind == Kind::kLater);
    CHECK(run("kill -9 $$").kind == Kind::kLater);
    // More than a pipe holds.
    CHECK(run("head -c 300000 /dev/zero; exit 1").kind == Kind::kRefuse);
    CHECK(run("test -z \"$HOME$AGENT_PRIVATE_KEY\"") == ProbeAnswer{});
}

TEST_CASE_METHOD(Probes, "a program that does not answer in time, or cannot be started, defers the job") {
    const auto answer = run("sleep 600 & echo $! > " + dir.path() + "/pid; sleep 600", "{}", Millis(1'000));
    CHECK(answer.kind == Kind::kLater);
    // Also what it has started is gone.
    std::string pid;
    std::ifstream(dir.path() + "/pid") >> pid;
    CHECK((pid.empty() || testkit::wait_until([&] {
               std::string state;
               std::string word;
               std::ifstream stat("/proc/" + pid + "/stat");
               stat >> word >> word >> state;
               return state.empty() || state == "Z";
           })));
    std::stop_source stopped;
    stopped.request_stop();
    ProbeConfig config;
    config.command = {"/bin/sleep", "600"};
    config.timeout = Millis(600'000);
    CHECK(JobProbe(config, http).ask("{}", stopped.get_token()).kind == Kind::kLater);
    config.command = {"/no/such/program"};
    CHECK(JobProbe(config, http).ask("{}", {}).kind == Kind::kLater);
}

TEST_CASE("a service decides by its HTTP status") {
    CHECK(answer_of_http(204, "") == ProbeAnswer{});
    CHECK(answer_of_http(403, "not today\nmore") == ProbeAnswer{Kind::kRefuse, "not today"});
    CHECK(answer_of_http(403, "") == ProbeAnswer{Kind::kRefuse, "the provider does not take this job"});
    for (const int status : {302, 400, 401, 402, 404, 408, 410, 422, 429, 451, 500, 503}) {
        INFO(status);
        CHECK(answer_of_http(status, "").kind == Kind::kLater);
    }
    net::HttpClient http;
    ProbeConfig config;
    config.url = "http://127.0.0.1:" + std::to_string(testkit::free_port());  // no server
    CHECK(JobProbe(config, http).ask("{}", {}).kind == Kind::kLater);
}

TEST_CASE("a published reason is one bounded line of text") {
    CHECK(first_line("  a\tb\x1b[31m \r\nsecond") == "a b [31m");
    CHECK(first_line("\xff") == "\xEF\xBF\xBD");
    CHECK(first_line(std::string(5'000, 'a')).size() == 200);
    CHECK(first_line(std::string(199, 'a') + "\xC3\xA9") == std::string(199, 'a'));
    CHECK(first_line("\n").empty());
}

TEST_CASE("a probe is a URL, or an absolute path with arguments") {
    CHECK(parse_probe("").value().command.empty());
    CHECK(parse_probe("https://probe.example/ask?x=1").value().url == "https://probe.example/ask?x=1");
    CHECK(parse_probe("/opt/probe  --strict a").value().command ==
          std::vector<std::string>{"/opt/probe", "--strict", "a"});
    CHECK_FALSE(parse_probe("probe.sh").ok());
    CHECK_FALSE(parse_probe("ftp://x").ok());
}
