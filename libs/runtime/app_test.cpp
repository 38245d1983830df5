#include "runtime/app.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "net/http_client.hpp"
#include "testkit/patience.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using nlohmann::json;
using testkit::Process;
using testkit::wait_until;

namespace {

const std::string kSecret = "hunter22";
const std::map<std::string, std::string> kGood = {
    {"TEST_PRIVATE_KEY", kSecret}, {"TEST_CONTRACT_ADDRESS", "0xd9264b533dd53198c7ae345c6afe8ef054303b53"}};

testkit::ProcessSpec spec(std::map<std::string, std::string> env, std::vector<std::string> arguments = {}) {
    testkit::ProcessSpec out;
    out.argv = {testkit::binary_dir() + "/bin/runtime_test_service"};
    out.argv.insert(out.argv.end(), arguments.begin(), arguments.end());
    out.env = std::move(env);
    return out;
}

/// The test service's process, its log and its endpoint.
class Service {
  public:
    explicit Service(const std::string& behaviour, const std::string& notify_socket = "")
        : dir_("runtime"), process_([&] {
              auto out = spec(kGood);
              out.env["TEST_LOOP"] = behaviour;
              out.log_file = dir_.path() + "/log";
              if (!notify_socket.empty()) {
                  out.env["NOTIFY_SOCKET"] = notify_socket;
              }
              return out;
          }()) {}

    std::vector<json> lines() const {
        std::ifstream file(dir_.path() + "/log");
        std::vector<json> out;
        for (std::string line; std::getline(file, line);) {
            if (line.starts_with("{")) {
                out.push_back(json::parse(line));
            }
        }
        return out;
    }
    /// Number of log lines with this message.
    std::ptrdiff_t count(const std::string& message) const {
        const auto all = lines();
        return std::count_if(all.begin(), all.end(),
                             [&](const json& line) { return line["msg"] == message; });
    }
    net::HttpResponse get(const std::string& path) {
        if (port_ == 0) {
            REQUIRE(wait_until([&] { return count("admin endpoint") == 1; }));
            for (const json& line : lines()) {
                port_ = line["msg"] == "admin endpoint" ? line["port"].get<int>() : port_;
            }
        }
        net::HttpRequest request;
        request.url = "http://127.0.0.1:" + std::to_string(port_) + path;
        request.timeout = testkit::kCallTimeout;
        return client_.send(request);
    }
    Process& process() { return process_; }
    std::string text() const {
        std::ifstream file(dir_.path() + "/log");
        std::stringstream out;
        out << file.rdbuf();
        return out.str();
    }

  private:
    testkit::TempDir dir_;
    Process process_;
    net::HttpClient client_;
    int port_ = 0;
};

}  // namespace

TEST_CASE("a service serves metrics, liveness and readiness, and ends with 0 on SIGTERM and SIGINT") {
    for (const int signal : {SIGTERM, SIGINT}) {
        Service service("good");
        REQUIRE(wait_until([&] { return service.get("/readyz").status == 200; }));
        const json ready = json::parse(service.get("/readyz").body);
        CHECK(ready["status"] == "ready");
        CHECK(ready["checks"]["dependency"]["ok"] == true);
        CHECK(service.get("/livez").status == 200);
        REQUIRE(wait_until([&] {
            return service.get("/metrics").body.find("lamda_check_ok{check=\"dependency\"} 1") !=
                   std::string::npos;
        }));
        REQUIRE(wait_until([&] { return service.count("worker runs") == 1; }));
        const auto began = std::chrono::steady_clock::now();
        service.process().signal(signal);
        CHECK(service.process().wait(Millis(60'000)) == 0);
        CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(3) * testkit::patience());
        CHECK(service.count("closed") == 1);
    }
}

TEST_CASE("a failing check means not ready, with its reason, until it passes") {
    Service service("probe");
    const auto before = service.get("/readyz");
    CHECK(before.status == 503);
    const json body = json::parse(before.body);
    CHECK(body["status"] == "not ready");
    CHECK(body["checks"]["dependency"]["ok"] == false);
    REQUIRE(wait_until([&] { return service.count("check passes") >= 1; }));
    CHECK(wait_until([&] { return service.get("/readyz").status == 200; }));
    CHECK(service.count("check fails") == 1);
    CHECK(service.text().find("waiting for the dependency") != std::string::npos);
    CHECK(service.process().stop() == 0);
}

TEST_CASE("a start step is retried until it succeeds, and only then the loops start") {
    Service service("step");
    REQUIRE(wait_until([&] { return service.count("worker runs") == 1; }));
    std::vector<std::string> order;
    for (const json& line : service.lines()) {
        const auto message = line["msg"].get<std::string>();
        if (message == "worker runs" || message.starts_with("loop failed")) {
            order.push_back(message == "worker runs" ? "runs" : line["loop"].get<std::string>());
        }
    }
    CHECK(order == std::vector<std::string>{"step", "step", "runs"});
    CHECK(service.process().stop() == 0);
}

TEST_CASE("a loop that throws is restarted after a growing pause, and counted") {
    Service service("fail");
    REQUIRE(wait_until([&] { return service.count("worker runs") == 1; }));
    std::vector<int> pauses;
    for (const json& line : service.lines()) {
        if (line["msg"] == "loop failed; restarting") {
            CHECK(line["error"] == "broken pipe");
            pauses.push_back(line["after_ms"].get<int>());
        }
    }
    CHECK(pauses == std::vector<int>{200, 400, 800});
    CHECK(service.get("/metrics").body.find("lamda_loop_failures_total{loop=\"worker\"} 3") !=
          std::string::npos);
    CHECK(service.process().stop() == 0);
}

TEST_CASE("a service whose loop fails repeatedly is not ready, with the loop and the reason, until it runs") {
    Service service("fail_for_long");
    REQUIRE(wait_until([&] { return service.count("check fails") >= 1; }));
    CHECK(service.text().find("worker: permission denied") != std::string::npos);
    REQUIRE(wait_until([&] { return service.count("worker runs") == 1; }));
    REQUIRE(wait_until([&] { return service.get("/readyz").status == 200; }));
    const json body = json::parse(service.get("/readyz").body);
    CHECK(body["checks"]["loops"]["ok"] == true);
    CHECK(service.process().stop() == 0);
}

TEST_CASE("a loop that throws ConfigError ends the process with 78") {
    Service service("contradict");
    CHECK(service.process().wait(Millis(60'000)) == 78);
    CHECK(service.text().find("test-service: TEST_CONTRACT_ADDRESS: no contract there\n") !=
          std::string::npos);
    CHECK(service.count("closed") == 1);
}

TEST_CASE("a process with a hanging loop ends within 5 s of SIGTERM and names the loop") {
    Service service("hang");
    REQUIRE(wait_until([&] { return service.count("worker runs") == 1; }));
    const auto began = std::chrono::steady_clock::now();
    service.process().signal(SIGTERM);
    CHECK(service.process().wait(Millis(60'000)) == 1);
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5) * testkit::patience());
    const auto lines = service.lines();
    REQUIRE_FALSE(lines.empty());
    CHECK(lines.back()["msg"] == "did not stop in time");
    CHECK(lines.back()["loop"] == "worker");
}

TEST_CASE("the service manager is notified of the waiting reason, of readiness, and of the stop") {
    testkit::TempDir dir("notify");
    const std::string path = dir.path() + "/notify";
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof(name.sun_path));
    path.copy(name.sun_path, path.size());
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0);
    std::string notified;
    const auto notified_of = [&](const std::string& what) {
        return wait_until([&] {
            std::array<char, 4096> part{};
            for (ssize_t got = 0; (got = ::recv(fd, part.data(), part.size(), 0)) > 0;) {
                notified.append(part.data(), static_cast<std::size_t>(got)) += '\n';
            }
            return notified.find(what) != std::string::npos;
        });
    };
    Service service("probe", path);
    CHECK(notified_of("STATUS=waiting for dependency"));
    CHECK(notified_of("WATCHDOG=1"));
    CHECK(notified_of("READY=1"));
    CHECK(notified.find("STATUS=waiting") < notified.find("READY=1"));
    service.process().signal(SIGTERM);
    CHECK(notified_of("STOPPING=1"));
    CHECK(service.process().wait(Millis(60'000)) == 0);
    ::close(fd);
}

TEST_CASE("--check-config names every mistake at once, exits 78, and repeats no secret") {
    const auto bad = testkit::run(spec({{"TEST_PRIVATE_KEY", "hunter2-is-too-long"},
                                        {"TEST_PORT", "eighty"},
                                        {"TEST_CONTRACT_ADDRESS", "0x1234"},
                                        {"LOG_LEVEL", "loud"}},
                                       {"--check-config"}));
    INFO(bad.output);
    CHECK(bad.status == 78);
    for (const char* name : {"TEST_PRIVATE_KEY: ", "TEST_PORT: ", "TEST_CONTRACT_ADDRESS: ", "LOG_LEVEL: "}) {
        INFO(name);
        CHECK(("\n" + bad.output).find(std::string("\n") + name) != std::string::npos);
    }
    CHECK(bad.output.find("hunter2") == std::string::npos);

    const auto good = testkit::run(spec(kGood, {"--check-config"}));
    CHECK(good.status == 0);
    CHECK(good.output.empty());
    // A wrong configuration does not start without --check-config either.
    CHECK(testkit::run(spec({})).status == 78);
}

TEST_CASE("an action runs in place of the service, with its settings, and gives the exit status") {
    const auto first = [](std::vector<std::string> arguments) {
        return testkit::run(spec(kGood, std::move(arguments)));
    };
    const auto text = first({"--first"});
    CHECK(text.status == 0);
    CHECK(text.output == kGood.at("TEST_PRIVATE_KEY").substr(0, 1) + "\n");
    CHECK(first({"--first", "--json"}).output == "\"" + text.output.substr(0, 1) + "\"\n");
    CHECK(first({"--fail"}).status == 1);
    CHECK(first({"--fail", "--first"}).status == 2);
    CHECK(testkit::run(spec({}, {"--first"})).status == 78);
}

TEST_CASE(
    "--help lists every setting with default and help in columns; --version; a wrong argument is refused") {
    const auto help = testkit::run(spec({}, {"--help"}));
    INFO(help.output);
    CHECK(help.status == 0);
    std::vector<std::size_t> columns;
    for (const char* text : {"(required)", "8080", "127.0.0.1"}) {
        const std::size_t at = help.output.find(text);
        REQUIRE(at != std::string::npos);
        columns.push_back(at - help.output.rfind('\n', at));
    }
    CHECK(columns == std::vector<std::size_t>(3, columns[0]));
    CHECK(help.output.find(" signs nothing\n") != std::string::npos);
    for (const char* name : {"METRICS_PORT", "MIGRATE_ON_START", "TEST_PRIVATE_KEY_FILE", "TEST_LOOP"}) {
        CHECK(help.output.find(std::string("\n  ") + name + " ") != std::string::npos);
    }
    const auto version = testkit::run(spec({}, {"--version"}));
    CHECK(version.status == 0);
    CHECK(version.output == std::string("test-service ") + LAMDA_VERSION + "\n");
    CHECK(testkit::run(spec(kGood, {"--wrong"})).status == 2);
}
