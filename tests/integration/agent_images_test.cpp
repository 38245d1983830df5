// Images from a registry that requires a login: pulled with it, and removed when no longer used.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "integration/agent_fixture.hpp"
#include "testkit/server_process.hpp"

using namespace lamda;
using namespace lamda::agent_test;
using Env = Scenario::Env;
using wire::ErrorCode;
using wire::StatusKind;

namespace {

constexpr auto kPassword = "open sesame";
// "provider" with that password (bcrypt), and the same login in the forms of the engine and of config.json.
constexpr auto kHtpasswd = "provider:$2b$04$EpFwZccBlX6zllQSuWS/OuaqCcmZZvS1LprcX1D5HSOfqEk4l3j2K\n";
constexpr auto kHeader = "eyJ1c2VybmFtZSI6InByb3ZpZGVyIiwicGFzc3dvcmQiOiJvcGVuIHNlc2FtZSJ9";
constexpr auto kAuth = "cHJvdmlkZXI6b3BlbiBzZXNhbWU=";

/// Debian's docker-registry on a free port, with a login.
class Registry {
  public:
    Registry() {
        INFO("apt-get install docker-registry");
        REQUIRE(std::filesystem::exists("/usr/bin/docker-registry"));
        std::ofstream(dir_.path() + "/htpasswd") << kHtpasswd;
        std::ofstream(dir_.path() + "/config.yml")
            << "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: " << dir_.path()
            << "/data\nhttp:\n  addr: " << name()
            << "\nauth:\n  htpasswd:\n    realm: test\n    path: " << dir_.path() << "/htpasswd\n";
        const auto log = dir_.path() + "/log";
        process_.emplace(testkit::ProcessSpec{
            {"/usr/bin/docker-registry", "serve", dir_.path() + "/config.yml"}, {}, dir_.path(), log});
        testkit::wait_ready("docker-registry", *process_, log,
                            [&] { return testkit::accepts_connections(port_); });
    }
    std::string name() const { return "127.0.0.1:" + std::to_string(port_); }

    /// Stores a new image, which is not on the engine afterwards.
    std::string push_new_image(Servers& servers) const {
        const auto repo = name() + "/team/tool";
        const auto made = servers.engine(
            "POST", "/containers/create?name=tool",
            R"({"Image":"lamda/busybox:1.35","Cmd":["true"],"HostConfig":{"NetworkMode":"none"}})");
        REQUIRE(made.status == 201);
        REQUIRE(servers.engine("POST", "/commit?container=tool&repo=" + repo + "&tag=1", "{}").status == 201);
        REQUIRE(servers.engine("DELETE", "/containers/tool").status == 204);
        net::HttpRequest push;
        push.method = "POST";
        push.unix_socket = servers.docker.host().substr(std::string("unix://").size());
        push.url = "http://docker/images/" + repo + "/push?tag=1";
        push.headers = {{"X-Registry-Auth", kHeader}};
        push.timeout = testkit::kCallTimeout;
        const auto pushed = servers.http.send(push);
        INFO(pushed.body);
        REQUIRE(pushed.body.find("digest: sha256:") != std::string::npos);
        REQUIRE(servers.engine("DELETE", "/images/" + repo + ":1").status == 200);
        return repo + ":1";
    }

  private:
    testkit::TempDir dir_{"registry"};
    int port_ = testkit::free_port();
    std::optional<testkit::Process> process_;
};

bool has_image(const std::string& name) {
    return Servers::get().engine("GET", "/images/" + name + "/json").status == 200;
}

}  // namespace

TEST_CASE("an image is pulled with the provider's login, and removed once unused; others stay") {
    auto& servers = Servers::get();
    const Registry registry;
    const auto image = registry.push_new_image(servers);
    REQUIRE_FALSE(has_image(image));
    Scenario scenario(Env{{"AGENT_PRIVATE_REGISTRIES", registry.name()}});
    const auto run = [&] {
        auto job = scenario.job("echo done > /output/result");
        job.docker_image = image;
        scenario.assign(job);
        return job;
    };
    scenario.start();
    CHECK(scenario.wait_failure(run()) == ErrorCode::kImageUnavailable);
    scenario.process().stop();

    const auto auth_file = scenario.state_dir() + ".config.json";
    std::ofstream(auth_file) << R"({"auths":{")" << registry.name() << R"(":{"auth":")" << kAuth << R"("}}})";
    const Env with_login{{"AGENT_REGISTRY_AUTH_FILE", auth_file}, {"AGENT_IMAGE_KEEP", "1s"}};
    scenario.start(with_login);
    const auto job = run();
    scenario.wait_status(job, StatusKind::kCompleted, Millis(120'000));
    CHECK(has_image(image));
    REQUIRE(testkit::wait_until([&] { return !scenario.container_exists(job); }));
    scenario.process().stop();

    scenario.start(with_login);  // a start removes unused images at once
    CHECK(testkit::wait_until([&] { return !has_image(image); }));
    CHECK(has_image("lamda/busybox:1.35"));
    CHECK(testkit::wait_until([&] { return scenario.log().find("image removed") != std::string::npos; }));
    const auto log = scenario.log();
    for (const std::string secret : {kPassword, kAuth, kHeader}) {
        CHECK(log.find(secret) == std::string::npos);
    }
}

TEST_CASE("a runtime that the engine lacks refuses the job; wrong settings of images end the agent with 78") {
    Scenario scenario(Env{{"AGENT_RUNTIME", "runsc"}});
    scenario.start();
    const auto job = scenario.job("true");
    scenario.assign(job);
    CHECK(scenario.wait_failure(job) == ErrorCode::kRefused);
    scenario.process().stop();
    scenario.start({{"AGENT_REGISTRY_AUTH_FILE", "/nowhere"}, {"AGENT_RUNTIME", "run sc"}});
    CHECK(scenario.process().wait(Millis(60'000)) == 78);
    for (const auto* name : {"AGENT_REGISTRY_AUTH_FILE: ", "AGENT_RUNTIME: "}) {
        CHECK(scenario.log().find(name) != std::string::npos);
    }
}
