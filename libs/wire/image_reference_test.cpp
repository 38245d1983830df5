#include "wire/image_reference.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace lamda;
using namespace lamda::wire;

TEST_CASE("image references that an engine resolves are accepted") {
    const std::string hex64(64, 'a');
    for (const std::string& text :
         {std::string("busybox"), std::string("lamda/busybox:1.35"), std::string("localhost/a"),
          std::string("localhost:5000/a/b:tag"), "ghcr.io/x/y@sha256:" + hex64,
          "registry.example.org:5000/x/y:1@sha256:" + hex64, std::string("a_b/c__d/e---f.g:_T.a-g"),
          std::string("registry:5000"), std::string("[2001:db8::1]:5000/a"), std::string("[::1]/a"),
          std::string("UPPER/a"), "a@sha512:" + std::string(128, '0'), "a:" + std::string(128, 't'),
          std::string(255, 'x'), std::string("127.0.0.1:1/a")}) {
        INFO(text);
        CHECK(check_image_reference(text));
    }
}

TEST_CASE("image references that no engine resolves are refused with a reason") {
    for (const std::string& text : {std::string(),
                                    std::string("Lamda/BusyBox:1.35"),
                                    std::string("BusyBox"),
                                    std::string("busybox:"),
                                    std::string("docker://busybox:1.35"),
                                    std::string("https://docker.io/library/busybox"),
                                    std::string("busy box"),
                                    std::string(" busybox"),
                                    std::string("busybox:1.35\n"),
                                    std::string("busybox\0", 8),
                                    std::string("busybox@sha256:1234"),
                                    std::string("busybox@"),
                                    "busybox@md5:" + std::string(32, 'a'),
                                    "busybox@sha256:" + std::string(64, 'A'),
                                    std::string("a//b"),
                                    std::string("/a"),
                                    std::string("a/"),
                                    std::string("a..b"),
                                    std::string("a___b"),
                                    std::string("a-"),
                                    std::string("-a"),
                                    std::string("a._b"),
                                    std::string("a:.t"),
                                    "a:" + std::string(129, 't'),
                                    std::string("a:b:c"),
                                    std::string("host:port/a"),
                                    std::string("-host.example/a"),
                                    std::string("a..example/b"),
                                    std::string("[::1/a"),
                                    std::string("[]/a"),
                                    std::string(64, 'a'),
                                    std::string(256, 'x'),
                                    std::string("caf\xc3\xa9")}) {
        INFO(text);
        const auto checked = check_image_reference(text);
        REQUIRE_FALSE(checked);
        CHECK(checked.error().code == "invalid_image");
    }
}

TEST_CASE("references of one image have the same normal form") {
    const std::string digest = "@sha256:" + std::string(64, 'a');
    struct Case {
        std::string reference;
        std::string registry;
        std::string normalized;
    };
    for (const auto& [reference, registry, normalized] : std::vector<Case>{
             {"busybox", "docker.io", "docker.io/library/busybox:latest"},
             {"library/busybox:latest", "docker.io", "docker.io/library/busybox:latest"},
             {"docker.io/busybox", "docker.io", "docker.io/library/busybox:latest"},
             {"index.docker.io/library/busybox", "docker.io", "docker.io/library/busybox:latest"},
             {"Docker.IO/library/busybox", "docker.io", "docker.io/library/busybox:latest"},
             {"lamda/busybox:1.35", "docker.io", "docker.io/lamda/busybox:1.35"},
             {"ghcr.io/a/b", "ghcr.io", "ghcr.io/a/b:latest"},
             {"localhost/a", "localhost", "localhost/a:latest"},
             {"127.0.0.1:5000/x/y:1", "127.0.0.1:5000", "127.0.0.1:5000/x/y:1"},
             {"[::1]:5000/x", "[::1]:5000", "[::1]:5000/x:latest"},
             {"busybox" + digest, "docker.io", "docker.io/library/busybox" + digest},
             {"quay.io/a:1" + digest, "quay.io", "quay.io/a:1" + digest}}) {
        INFO(reference);
        REQUIRE(check_image_reference(reference));
        CHECK(registry_of(reference) == registry);
        CHECK(normalize_image(reference) == normalized);
    }
}
