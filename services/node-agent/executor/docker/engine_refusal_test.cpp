#include "services/node-agent/executor/docker/engine_refusal.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::agent;

TEST_CASE("a registry's limit or outage is transient; a denial and an invalid name are not") {
    for (const auto* text :
         {"toomanyrequests: You have reached your pull rate limit.",
          "toomanyrequests: requested access to the resource is denied",
          "Get \"https://registry-1.docker.io/v2/\": net/http: request canceled (Client.Timeout exceeded)",
          "received unexpected HTTP status: 503 Service Unavailable",
          "Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
          "lookup registry.example on 10.0.0.2:53: no such host", "unexpected EOF",
          "failed to register layer: no space left on device", ""}) {
        INFO(text);
        CHECK(pull_fault(500, text) == PullFault::kTransient);
    }
    for (const auto* text :
         {"manifest for busybox:nope not found: manifest unknown: manifest unknown",
          "pull access denied for somebody/tool, repository does not exist or may require 'docker login'",
          "initializing source docker://somebody/tool:1: requested access to the resource is denied",
          "Head \"http://127.0.0.1:5000/v2/x/manifests/1\": no basic auth credentials",
          "no matching manifest for linux/arm64/v8 in the manifest list entries",
          "Head \"https://ghcr.io/v2/x/manifests/1\": unauthorized: authentication required"}) {
        INFO(text);
        CHECK(pull_fault(500, text) == PullFault::kDenied);
        CHECK(pull_fault(404, text) == PullFault::kDenied);
    }
    CHECK(pull_fault(400, "invalid reference format") == PullFault::kImpossible);
    CHECK(pull_fault(400, "anything that the engine does not take") == PullFault::kImpossible);
    CHECK(pull_fault(500, "parsing reference \"Lamda/x\": repository name must be lowercase") ==
          PullFault::kImpossible);
    CHECK(pull_fault(429, "Too Many Requests") == PullFault::kTransient);
}

TEST_CASE("a missing device is distinguished from other engine errors") {
    CHECK(lacks_device("could not select device driver \"\" with capabilities: [[gpu]]"));
    CHECK(lacks_device("setting up CDI devices: unresolvable CDI devices nvidia.com/gpu=all"));
    CHECK(lacks_device("nvidia-container-cli: initialization error: no such device"));
    CHECK_FALSE(lacks_device("exec: \"/no/such/program\": no such file or directory"));
}

TEST_CASE("a missing command or user is distinguished from a start that may succeed later") {
    for (const auto* text :
         {"OCI runtime create failed: runc create failed: unable to start container process: exec: "
          "\"nope\": executable file not found in $PATH: unknown",
          "error during container init: exec: \"/no/such/program\": stat /no/such/program: no such file or "
          "directory: unknown",
          "crun: executable file `nope` not found in $PATH: No such file or directory: OCI runtime attempted "
          "to invoke a command that was not found",
          "exec: \"/etc/passwd\": permission denied: unknown", "exec: \"/etc\": is a directory: unknown",
          "standard_init_linux.go:228: exec user process caused: exec format error",
          "unable to find user nobody2: no matching entries in passwd file"}) {
        INFO(text);
        CHECK(is_impossible_start(text));
    }
    for (const auto* text :
         {"error mounting \"/srv/jobs/1/output\" to rootfs at \"/output\": no such file or directory",
          "dial unix /run/containerd/containerd.sock: connect: no such file or directory",
          "open /sys/fs/cgroup/lamda: permission denied", "no space left on device",
          "context deadline exceeded", ""}) {
        INFO(text);
        CHECK_FALSE(is_impossible_start(text));
    }
}
