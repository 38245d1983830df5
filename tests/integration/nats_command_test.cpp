// `lamda nats` as a process: init and rotate in a folder, orders against a database.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "natsauth/deployment.hpp"
#include "testkit/migrated_database.hpp"

using namespace lamda;

namespace {

testkit::Finished lamda_nats(const std::string& cwd, std::vector<std::string> arguments,
                             std::map<std::string, std::string> env = {}) {
    testkit::ProcessSpec spec;
    spec.argv = {testkit::binary_dir() + "/bin/lamda", "nats"};
    spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
    spec.env = std::move(env);
    spec.cwd = cwd;
    return testkit::run(spec);
}

std::string read(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::map<std::string, std::string> files_of(const std::string& dir) {
    std::map<std::string, std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(dir)) {
        out[entry.path().filename()] = read(entry.path());
    }
    return out;
}

}  // namespace

TEST_CASE("lamda nats init writes a deployment once, and rotate replaces its signing keys and logins") {
    const testkit::TempDir dir("nats_command");
    const auto bus = dir.path() + "/bus";
    const auto made = lamda_nats(dir.path(), {"init", bus});
    INFO(made.output);
    REQUIRE(made.status == 0);
    const auto first = files_of(bus);
    CHECK(first.size() == 8);
    for (const auto& [name, content] : first) {
        struct stat status{};
        REQUIRE(::stat((bus + "/" + name).c_str(), &status) == 0);
        INFO(name);
        CHECK((status.st_mode & 0777) == (name.ends_with(".conf") ? 0644 : 0600));
        CHECK(made.output.find(content) == std::string::npos);
    }
    CHECK(lamda_nats(dir.path(), {"init", bus}).status == 1);
    CHECK(files_of(bus) == first);

    CHECK(lamda_nats(dir.path(), {"rotate", "--finish", bus}).status == 1);  // nothing to finish
    CHECK(files_of(bus) == first);
    CHECK(lamda_nats(dir.path(), {"rotate", bus}).status == 0);
    const auto rotated = files_of(bus);
    for (const auto& [name, content] : first) {
        INFO(name);
        CHECK((rotated.at(name) != content) == (name != "nats.conf"));
    }
    const auto keys = [&] {
        return natsauth::parse_issuer_keys(read(bus + "/" + natsauth::kIssuerFile)).value().signing_keys();
    };
    CHECK(keys().size() == 2);
    CHECK(lamda_nats(dir.path(), {"rotate", "--finish", bus}).status == 0);
    CHECK(keys().size() == 1);
    CHECK(read(bus + "/dispatcher.creds") == rotated.at("dispatcher.creds"));

    std::ofstream(bus + "/" + natsauth::kIssuerFile) << "{\"operatorSigningSeed\":\"SOSECRET\"}";
    const auto damaged = lamda_nats(dir.path(), {"rotate", bus});
    CHECK(damaged.status == 1);
    CHECK(damaged.output.find("SOSECRET") == std::string::npos);
    CHECK(lamda_nats(dir.path(), {"rotate", dir.path() + "/nothing"}).status == 1);
}

TEST_CASE("lamda nats revoke and allow record orders, and report that no registry has carried them out") {
    const testkit::TempDir dir("nats_orders");
    testkit::PostgresServer postgres(dir.path());
    const std::map<std::string, std::string> env = {
        {"DATABASE_URL", testkit::migrated_database(postgres, "lamda", store::kOperatorRole)}};
    const std::string provider = "0x90F79bf6EB2c4f870365E785982E1f101E93b906";
    const auto run = [&](std::vector<std::string> arguments) {
        return lamda_nats(dir.path(), std::move(arguments), env);
    };
    CHECK(run({"access"}).output.find("no provider") != std::string::npos);
    CHECK(run({"allow", provider, "--wait", "0"}).status == 0);  // it was never revoked
    CHECK(run({"revoke", "0x12", "--wait", "0"}).status == 2);
    const auto revoked = run({"revoke", provider, "--wait", "0"});
    CHECK(revoked.status == 1);
    CHECK(revoked.output.find("NATS_ISSUER_FILE") != std::string::npos);
    const auto listed = run({"access"});
    CHECK(listed.status == 0);
    CHECK(listed.output.find(provider) != std::string::npos);
    CHECK(listed.output.find("revoked") != std::string::npos);
    CHECK(listed.output.find("waiting") != std::string::npos);
}
