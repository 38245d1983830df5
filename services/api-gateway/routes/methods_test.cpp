// Tests of every path of proto/openapi.yaml with every method: HEAD, OPTIONS, and undocumented ones.
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <set>

#include "http/testing/raw_client.hpp"
#include "services/api-gateway/testing/gateway_scene.hpp"
#include "wire/job_spec.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

const std::vector<std::string> kMethods = {"GET",    "HEAD",    "POST",  "PUT",     "PATCH",
                                           "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"};

/// Reads the paths of openapi.yaml by its indentation, each with the methods that the server must allow.
std::map<std::string, std::set<std::string>> documented_paths() {
    std::ifstream file(testkit::source_dir() + "/proto/openapi.yaml");
    std::map<std::string, std::set<std::string>> out;
    std::string path;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("  /")) {
            path = line.substr(2, line.find(':') - 2);
            out[path] = {"OPTIONS"};
        }
        for (const auto& method : kMethods) {
            std::string lower = method;
            for (char& c : lower) {
                c = static_cast<char>(c + 32);
            }
            if (!path.empty() && line == "    " + lower + ":") {
                out[path].insert(method);
                if (method == "GET") {
                    out[path].insert("HEAD");
                }
            }
        }
    }
    return out;
}

std::string filled_in(std::string path) {
    Address seven;
    seven.array()[19] = 7;
    const std::map<std::string, std::string> values = {{"{id}", id_of(1)},
                                                       {"{address}", seven.hex()},
                                                       {"{session}", "0123456789abcdef"},
                                                       {"{key}", "0123456789abcdef"}};
    for (const auto& [name, value] : values) {
        if (const auto at = path.find(name); at != std::string::npos) {
            path.replace(at, name.size(), value);
        }
    }
    return path;
}

std::string joined(const std::set<std::string>& names) {
    std::string out;
    for (const auto& name : names) {
        out += (out.empty() ? "" : ", ") + name;
    }
    return out;
}

std::string header(const http::RawAnswer& answer, const std::string& name) {
    const auto at = answer.head.find("\r\n" + name + ": ");
    if (at == std::string::npos) {
        return "";
    }
    const auto from = at + name.size() + 4;
    return answer.head.substr(from, answer.head.find("\r\n", from) - from);
}

struct Requester {
    explicit Requester(int port) : client(port) {}
    http::RawAnswer request(const std::string& method, const std::string& path,
                            const std::string& more = "") {
        client.send(method + " " + path + " HTTP/1.1\r\nHost: x\r\nOrigin: " + kOrigin + "\r\n" + more +
                    "\r\n");
        return client.receive(method == "HEAD");
    }
    http::RawClient client;
};

/// Attaches a spec to job `n`.
void attach_spec(Gateway& gateway, unsigned n) {
    wire::JobSpec spec;
    spec.chain_id = ChainId{97};
    spec.job_manager = config().job_manager;
    spec.renter = kRenter;
    spec.provider = kProvider;
    spec.docker_image = "lamda/busybox:1.35";
    gateway.database.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO dispatch.attached_spec (job_id, spec_id, spec_cid, signature) "
            "VALUES ($1, api.put_spec($2), 'bafk', '0x')",
            {bytes_of(n), as_bytes(wire::canonical_json(spec))});
    });
}

}  // namespace

TEST_CASE(
    "Every documented path answers every method: with the documented answer, the path's methods, or 405") {
    Gateway gateway;
    gateway.add_job(1);
    gateway.add_receipt(1);
    attach_spec(gateway, 1);
    gateway.add_node(7, "1");
    Address seven;
    seven.array()[19] = 7;
    gateway.add_node_key(seven, Bytes(33, 2));
    Requester requester(gateway.port);
    const auto paths = documented_paths();
    REQUIRE(paths.size() > 10);
    for (const auto& [pattern, allowed] : paths) {
        const std::string path = filled_in(pattern);
        const std::string methods = joined(allowed);
        INFO(pattern << ": " << methods);
        const auto preflight = requester.request("OPTIONS", path, "Access-Control-Request-Method: GET\r\n");
        CHECK(preflight.status == 204);
        CHECK(preflight.body.empty());
        CHECK(header(preflight, "Allow") == methods);
        CHECK(header(preflight, "Access-Control-Allow-Methods") == methods);
        CHECK(header(preflight, "Access-Control-Allow-Origin") == kOrigin);
        CHECK(requester.request("OPTIONS", path).status == 204);

        // The live feed does not end, and has tests of its own.
        if (allowed.contains("GET") && pattern != "/api/events" && pattern != "/api/ws") {
            const auto whole = requester.request("GET", path);
            const auto head = requester.request("HEAD", path);
            // The challenge's query is required, and what the path is filled with is no CID.
            const bool is_invalid =
                pattern == "/api/agents/credentials/challenge" || pattern == "/api/files/{cid}";
            const bool is_open = includes(access_rule("GET", pattern).callers, Callers::kAnyone);
            CHECK(whole.status == (is_invalid ? 400 : is_open ? 200 : 401));
            CHECK(head.status == whole.status);
            for (const char* name : {"Content-Type", "Content-Length", "Access-Control-Allow-Origin",
                                     "X-Content-Type-Options", "Vary"}) {
                INFO(name);
                CHECK_FALSE(header(head, name).empty());
                CHECK(header(head, name) == header(whole, name));
            }
            CHECK(header(head, "ETag") == header(whole, "ETag"));
            if (whole.status == 200 && pattern != "/health" && pattern != "/api/session/nonce") {
                const auto same =
                    requester.request("GET", path, "If-None-Match: " + header(whole, "ETag") + "\r\n");
                CHECK(same.status == 304);
                CHECK(header(same, "ETag") == header(whole, "ETag"));
                CHECK(header(same, "Cache-Control") == "no-cache");
                CHECK(header(same, "Vary") == header(whole, "Vary"));
            } else {
                CHECK(header(whole, "Cache-Control") == "no-store");
            }
        }
        for (const auto& method : kMethods) {
            if (allowed.contains(method)) {
                continue;
            }
            INFO(method);
            const auto refused = requester.request(method, path);
            CHECK(refused.status == 405);
            CHECK(header(refused, "Allow") == methods);
            CHECK(header(refused, "Content-Type") == "application/problem+json");
            CHECK(header(refused, "Access-Control-Allow-Origin") == kOrigin);
            CHECK(header(refused, "Access-Control-Expose-Headers").find("Allow") != std::string::npos);
            CHECK_FALSE(header(refused, "X-Request-Id").empty());
            if (method == "HEAD") {
                CHECK(std::stoul(header(refused, "Content-Length")) > 0);
            } else {
                const auto problem = json::parse(refused.body);
                CHECK(problem["status"] == 405);
                CHECK(problem["code"] == "method_not_allowed");
                CHECK(problem["instance"] == path);
            }
        }
    }
}

TEST_CASE("A refused HEAD has the head of GET's answer and no body") {
    Gateway gateway;
    Requester requester(gateway.port);
    for (const std::string path : {"/nothing", "/api/jobs/1", "/api/jobs?limit=x", "/api/nodes/0x12"}) {
        INFO(path);
        const auto whole = requester.request("GET", path);
        const auto head = requester.request("HEAD", path);
        CHECK(whole.status >= 400);
        CHECK(head.status == whole.status);
        CHECK(header(head, "Content-Type") == "application/problem+json");
        CHECK(header(head, "Content-Length") == header(whole, "Content-Length"));
    }
}
