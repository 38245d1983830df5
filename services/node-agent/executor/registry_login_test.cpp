#include "services/node-agent/executor/registry_login.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::agent;
using runtime::Secret;

namespace {
// {"password":"pa:ss?>","serveraddress":"ghcr.io","username":"me"}, the password with - and _ of base64url.
constexpr auto kHeader =
    "eyJwYXNzd29yZCI6InBhOnNzPz4iLCJzZXJ2ZXJhZGRyZXNzIjoiZ2hjci5pbyIsInVzZXJuYW1lIjoibWUifQ==";
}  // namespace

TEST_CASE("logins are read in all forms that docker login writes") {
    const auto logins = parse_registry_logins(Secret(R"({"auths":{
        "ghcr.io":{"auth":"bWU6cGE6c3M/Pg=="},
        "https://index.docker.io/v1/":{"username":"me","password":"pa:ss?>"},
        "Registry.example:5000/team/":{"identitytoken":"abc"}},"HttpHeaders":{}})"));
    REQUIRE(logins);
    REQUIRE(logins->size() == 3);
    CHECK((*logins)[0].scope == "registry.example:5000/team");
    CHECK((*logins)[1].scope == "ghcr.io");
    CHECK((*logins)[1].header.reveal() == kHeader);
    CHECK((*logins)[2].scope == "docker.io");
}

TEST_CASE("an unusable file of logins is refused by its entry, without a value") {
    for (const char* text :
         {"", "[]", "{}", R"({"auths":[]})", R"({"auths":{"ghcr.io":{}},"credsStore":"x"})",
          R"({"auths":{"ghcr.io":"hidden"}})", R"({"auths":{"ghcr.io":{"auth":"h?dden"}}})",
          R"({"auths":{"ghcr.io":{"auth":"aGlkZGVu"}}})", R"({"auths":{"ghcr.io":{"username":"hidden"}}})"}) {
        INFO(text);
        const auto logins = parse_registry_logins(Secret(text));
        REQUIRE_FALSE(logins);
        CHECK(logins.error().code == "invalid_auth_file");
        CHECK(logins.error().message.find("dden") == std::string::npos);
    }
    CHECK(read_registry_logins("/nowhere").error().code == "unreadable");
}

TEST_CASE("a login is for its registry only, the longest path counts") {
    const auto logins = parse_registry_logins(Secret(R"({"auths":{
        "ghcr.io/acme":{"identitytoken":"a"}, "ghcr.io":{"identitytoken":"b"}, "docker.io/one/tool":{"identitytoken":"c"},
        "10.0.0.1":{"identitytoken":"d"}}})"))
                            .value();
    const auto scope = [&](const char* image) {
        const auto* login = login_for(image, logins);
        return login == nullptr ? "" : login->scope;
    };
    CHECK(scope("ghcr.io/acme/x:1") == "ghcr.io/acme");
    CHECK(scope("ghcr.io/acmeevil/x:1") == "ghcr.io");
    CHECK(scope("one/tool") == "docker.io/one/tool");
    CHECK(scope("one/toolbox").empty());
    CHECK(scope("busybox").empty());
    CHECK(scope("10.0.0.1:5000/x").empty());  // another port is another registry
    CHECK(scope("10.0.0.1/x") == "10.0.0.1");
    CHECK(scope("quay.io/ghcr.io/acme").empty());
}
