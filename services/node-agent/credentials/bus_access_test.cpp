#include "services/node-agent/credentials/bus_access.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "natsauth/market_accounts.hpp"
#include "services/node-agent/credentials/login_key.hpp"
#include "services/node-agent/state/durable_file.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::agent;

namespace {

Address address(std::uint8_t n) {
    Address out;
    out.array()[19] = n;
    return out;
}

wire::IssuedCredentials issued(const Address& provider, const std::string& nkey, const std::string& server) {
    const auto now = SystemClock().now();
    const auto signing = natsauth::Nkey::generate(natsauth::KeyKind::kAccount);
    const auto jwt = encode(natsauth::provider_user(provider, nkey, now, Millis(60'000)), signing);
    return {jwt, {server}, now, now + Millis(60'000)};
}

}  // namespace

TEST_CASE("the NKey is made once, for this user only; a damaged file is replaced") {
    const testkit::TempDir dir("login_key");
    const auto path = dir.path() + "/nats.seed";
    const auto key = open_login_key(path);
    CHECK(open_login_key(path).public_key() == key.public_key());
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    std::ofstream(path) << "SUAnonsense";
    const auto other = open_login_key(path);
    CHECK(other.public_key() != key.public_key());
    CHECK(open_login_key(path).public_key() == other.public_key());
}

TEST_CASE("credentials outlast a restart; those of another key or provider are not used") {
    const testkit::TempDir dir("bus_access");
    const auto path = dir.path() + "/nats.json";
    const auto key = natsauth::Nkey::generate(natsauth::KeyKind::kUser);
    BusAccess access(address(1), key, path);
    const auto login = access.login("");
    CHECK_FALSE(access.present());
    CHECK(login.name == address(1).hex());
    CHECK_THROWS_AS(login.jwt(), bus::Unavailable);
    CHECK(login.servers().empty());

    const auto first = issued(address(1), key.public_key(), "nats://one:4222");
    CHECK_FALSE(access.replace(first));
    CHECK(access.present());
    CHECK(login.jwt() == first.jwt);
    CHECK(login.servers() == "nats://one:4222");
    CHECK(access.login("nats://own:4222").servers() == "nats://own:4222");
    const auto claims = natsauth::parse_public_key(natsauth::KeyKind::kUser, key.public_key());
    const auto signature = login.sign("nonce");
    CHECK(crypto::ed25519_verify(*claims, as_bytes(std::string_view("nonce")), signature));
    CHECK_FALSE(access.replace(issued(address(1), key.public_key(), "nats://one:4222")));
    const auto moved = issued(address(1), key.public_key(), "nats://two:4222");
    CHECK(access.replace(moved));
    access.store(moved);

    BusAccess restarted(address(1), key, path);
    CHECK(restarted.login("").jwt() == moved.jwt);
    CHECK_FALSE(BusAccess(address(2), key, path).present());
    CHECK_FALSE(BusAccess(address(1), natsauth::Nkey::generate(natsauth::KeyKind::kUser), path).present());
    std::ofstream(path) << "{";
    CHECK_FALSE(BusAccess(address(1), key, path).present());

    std::filesystem::remove(path);
    std::filesystem::create_directory(path);  // as a full disk: the present ones stay in use
    CHECK_THROWS_AS(access.store(moved), DiskError);
    CHECK(login.jwt() == moved.jwt);

    access.withhold();
    CHECK_THROWS_AS(login.jwt(), bus::Unavailable);
    access.replace(moved);
    CHECK(login.jwt() == moved.jwt);
}
