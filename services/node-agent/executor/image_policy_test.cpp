#include "services/node-agent/executor/image_policy.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::agent;

namespace {
const ImagePolicy kPolicy{.registries = {"docker.io", "ghcr.io"},
                          .private_registries = {"registry.lan:5000"},
                          .local_images = {"lamda/busybox:1.35"}};
}

TEST_CASE("an image is allowed if its registry or the image itself is listed") {
    CHECK(image_source("busybox", kPolicy).value() == ImageSource::kPublicRegistry);
    CHECK(image_source("docker.io/a/b:1", kPolicy).value() == ImageSource::kPublicRegistry);
    CHECK(image_source("ghcr.io/a/b", kPolicy).value() == ImageSource::kPublicRegistry);
    CHECK(image_source("registry.lan:5000/a", kPolicy).value() == ImageSource::kPrivateRegistry);
    CHECK(image_source("lamda/busybox:1.35", kPolicy).value() == ImageSource::kLocal);
    CHECK(image_source("docker.io/lamda/busybox:1.35", kPolicy).value() == ImageSource::kLocal);
    // Another tag, or the same tag with a digest, is another image.
    CHECK(image_source("lamda/busybox:1.36", kPolicy).value() == ImageSource::kPublicRegistry);
    CHECK(image_source("lamda/busybox:1.35@sha256:" + std::string(64, 'a'), kPolicy).value() ==
          ImageSource::kPublicRegistry);
}

TEST_CASE("any other registry is refused by name, in whatever form its host is written") {
    for (const auto* image :
         {"127.0.0.1:4222/x/y", "localhost/x", "localhost:5000/x", "registry.lan/x", "registry.lan:5001/x",
          "ghcr.io:443/x", "ghcr.io.example/x", "docker.io.lan/x", "[::1]:5000/x", "169.254.169.254/latest",
          "10.0.0.1/x", "127.1/x", "2130706433:80/x", "0x7f.1/x", "sub.ghcr.io/x"}) {
        INFO(image);
        const auto source = image_source(image, kPolicy);
        REQUIRE_FALSE(source);
        CHECK(source.error().code == "registry_not_allowed");
        CHECK(source.error().message.find("use one of docker.io, ghcr.io") != std::string::npos);
    }
}

TEST_CASE("special-purpose addresses are not public") {
    for (const auto* address : {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255",
                                "100.128.0.0", "126.255.255.255", "128.0.0.0", "172.15.255.255", "172.32.0.0",
                                "192.167.255.255", "192.169.0.0", "223.255.255.255", "2606:4700:4700::1111",
                                "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::808:808"}) {
        INFO(address);
        CHECK(is_public_address(address));
    }
    for (const auto* address : {"0.0.0.0",
                                "10.0.0.1",
                                "100.64.0.1",
                                "127.0.0.1",
                                "127.255.255.255",
                                "169.254.169.254",
                                "172.16.0.1",
                                "172.31.255.255",
                                "192.0.0.8",
                                "192.0.2.1",
                                "192.168.1.1",
                                "198.18.0.1",
                                "198.51.100.1",
                                "203.0.113.9",
                                "224.0.0.1",
                                "240.0.0.1",
                                "255.255.255.255",
                                "::",
                                "::1",
                                "fe80::1",
                                "fc00::1",
                                "fd12:3456::1",
                                "ff02::1",
                                "2001:db8::1",
                                "2001::1",
                                "2002:7f00:1::",
                                "::ffff:127.0.0.1",
                                "::ffff:10.0.0.1",
                                "64:ff9b::7f00:1",
                                "64:ff9b:1::1",
                                "::127.0.0.1",
                                "",
                                "localhost",
                                "8.8.8.8:80"}) {
        INFO(address);
        CHECK_FALSE(is_public_address(address));
    }
}

TEST_CASE("the looked-up host of a registry is the host that a pull connects to") {
    CHECK(pull_host("docker.io") == "registry-1.docker.io");
    CHECK(pull_host("ghcr.io") == "ghcr.io");
    CHECK(pull_host("registry.lan:5000") == "registry.lan");
    CHECK(pull_host("[::1]:5000") == "::1");
}

TEST_CASE("a required digest must be one of the image's digests") {
    const auto digest = "sha256:" + std::string(64, 'a');
    CHECK(missing_digest("busybox:1", {}).empty());
    CHECK(missing_digest("busybox@" + digest, {"busybox@" + digest}).empty());
    CHECK(missing_digest("busybox:1@" + digest, {"docker.io/library/busybox@" + digest}).empty());
    CHECK(missing_digest("busybox@" + digest, {}) == digest);
    CHECK(missing_digest("busybox@" + digest, {"busybox@sha256:" + std::string(64, 'b')}) == digest);
}

TEST_CASE("lists of registries and images are checked, and the error names the wrong entry") {
    CHECK(check_registries({"docker.io", "registry.lan:5000", "localhost", "[::1]:5000"}));
    for (const auto* wrong :
         {"https://ghcr.io", "ghcr.io/lamda", "GHCR.io", "busybox", "index.docker.io", ""}) {
        INFO(wrong);
        const auto checked = check_registries({"docker.io", wrong});
        REQUIRE_FALSE(checked);
        CHECK(checked.error().where == wrong);
    }
    CHECK(check_images({"lamda/busybox:1.35"}));
    CHECK(check_images({"a", "a/B"}).error().where == "a/B");
}
