// Tests of `status` and of the check for a running network.
#include <unistd.h>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "testkit/servers.hpp"
#include "tools/devnet/daemon.hpp"
#include "tools/devnet/reach.hpp"

using namespace lamda;
using namespace lamda::devnet;

namespace {

void record(const std::string& dir, const std::string& places) {
    std::ofstream(dir + ".json") << R"({"pid":)" << ::getpid() << R"(,"places":[)" << places << "]}";
}

std::string place(const std::string& name, const std::string& address) {
    return R"({"name":")" + name + R"(","address":")" + address + R"(","ready_url":""})";
}

}  // namespace

TEST_CASE("a part is up if its address accepts connections") {
    const testkit::TempDir dir("reach");
    testkit::NatsServer nats(dir.path() + "/nats");
    CHECK(reachable(nats.url()));
    nats.stop();
    CHECK_FALSE(reachable(nats.url()));
    CHECK_FALSE(reachable("unix://" + dir.path() + "/none.sock"));
    CHECK_FALSE(reachable("http://127.0.0.1/"));
    CHECK(reachable("0xd9264b533dd53198c7ae345c6afe8ef054303b53"));
}

TEST_CASE("status returns 0 only if every part is up; a folder with a running network is recognized") {
    const testkit::TempDir dir("status");
    const std::string network = dir.path() + "/devnet";
    CHECK_FALSE(runs(network));
    CHECK(status(network) == 1);
    testkit::NatsServer nats(dir.path() + "/nats");
    record(network, place("nats", nats.url()) + "," + place("JobManager", "0x00"));
    CHECK(runs(network));
    CHECK(status(network) == 0);
    nats.stop();
    CHECK(status(network) == 1);
}

TEST_CASE("a network's folder is absolute and ends with its name, however it is written") {
    const auto here = std::filesystem::current_path().string();
    CHECK(network_folder("trial/net") == here + "/trial/net");
    CHECK(network_folder("./trial/../net/") == here + "/net");
    CHECK(network_folder("/tmp/net//") == "/tmp/net");
}
