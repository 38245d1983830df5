#include "services/node-registry/credentials/issuer_settings.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "natsauth/deployment.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::registry;

namespace {

struct Read {
    std::optional<IssuerConfig> issuer;
    std::string mistakes;  ///< names
};

Read read(const std::map<std::string, std::string>& values) {
    runtime::Settings settings([values](const std::string& name) {
        const auto found = values.find(name);
        return found == values.end() ? std::nullopt : std::optional(found->second);
    });
    Read out{read_issuer(settings, runtime::Secret("nats://registry:s3cret@one:4222,nats://two:4222")), ""};
    for (const auto& mistake : settings.mistakes()) {
        out.mistakes += mistake.name + " ";
        CHECK(mistake.message.find("s3cret") == std::string::npos);
    }
    return out;
}

}  // namespace

TEST_CASE("the issuer's settings: a file of lamda nats init, the public servers, the validity") {
    const testkit::TempDir dir("issuer");
    const auto path = dir.path() + "/issuer.json";
    CHECK_FALSE(read({}).issuer);
    CHECK(read({}).mistakes.empty());
    CHECK(read({{"NATS_ISSUER_FILE", path}}).mistakes == "NATS_ISSUER_FILE ");
    std::ofstream(path) << "s3cret";
    CHECK(read({{"NATS_ISSUER_FILE", path}}).mistakes == "NATS_ISSUER_FILE ");
    const auto deployment = natsauth::make_deployment(SystemClock().now());
    std::ofstream(path) << natsauth::to_text(deployment.issuer);

    const auto defaults = read({{"NATS_ISSUER_FILE", path}});
    CHECK(defaults.mistakes.empty());
    REQUIRE(defaults.issuer);
    CHECK(defaults.issuer->keys.agents_key.public_key() == deployment.issuer.agents_key.public_key());
    // Without the registry's own login.
    CHECK(defaults.issuer->servers == std::vector<std::string>{"nats://one:4222", "nats://two:4222"});
    CHECK(defaults.issuer->lifetime == std::chrono::hours(24));

    const auto set = read({{"NATS_ISSUER_FILE", path},
                           {"NATS_PUBLIC_URL", "tls://bus.example:4222"},
                           {"NATS_CREDENTIALS_LIFETIME", "1h"}});
    REQUIRE(set.issuer);
    CHECK(set.issuer->servers == std::vector<std::string>{"tls://bus.example:4222"});
    CHECK(set.issuer->lifetime == std::chrono::hours(1));

    CHECK(read({{"NATS_PUBLIC_URL", "nats://user:s3cret@x:4222"}}).mistakes == "NATS_PUBLIC_URL ");
    CHECK(read({{"NATS_PUBLIC_URL", "http://x"}}).mistakes == "NATS_PUBLIC_URL ");
    CHECK(read({{"NATS_CREDENTIALS_LIFETIME", "9s"}}).mistakes == "NATS_CREDENTIALS_LIFETIME ");
    CHECK(read({{"NATS_CREDENTIALS_LIFETIME", "721h"}}).mistakes == "NATS_CREDENTIALS_LIFETIME ");
}
