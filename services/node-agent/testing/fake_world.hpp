// In-memory container engine and content store with configurable failures, for tests of the runner.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "core/cid.hpp"
#include "crypto/digest.hpp"
#include "net/transport.hpp"

namespace lamda::agent::test {

using Json = nlohmann::json;

/// The container engine and the content store behind one transport.
class FakeWorld final : public net::Transport {
  public:
    using Answer = std::function<net::HttpResponse(const net::HttpRequest&)>;

    net::HttpResponse send(const net::HttpRequest& request) override {
        return request.unix_socket.empty() ? store(request) : engine(request);
    }
    std::unique_ptr<net::Exchanges> exchanges() override { throw std::logic_error("not used here"); }

    // The engine
    bool engine_away = false;
    bool image_there = true;
    int image_status = 404;  ///< answer for an image that is missing
    std::string image_error = "No such image";
    std::string image_id = "sha256:aa";
    Json repo_digests = Json::array();
    Json stored_images = Json::array();       ///< as the engine lists them
    std::vector<std::string> deleted_images;  ///< references, percent-encoded
    int delete_status = 200;
    std::uint64_t memory = 8ULL << 30;
    Answer on_pull = [this](const auto& request) {
        image_there = true;
        return streamed(request, "{\"status\":\"Pulled\"}\r\n");
    };
    std::string info = R"({"NCPU":2,"Driver":"vfs"})";
    Answer on_create = [](const auto&) { return net::HttpResponse{201, {}, "{}"}; };
    std::string start_error;
    std::function<void()> on_start = [] {};
    Json device_requests = Json::array({Json::object()});  ///< of a container, as the engine reports them
    bool read_only_root = true;                            ///< of a container, as the engine reports it
    int failing_inspects = 0;                              ///< so many are answered with 500
    int pulls = 0;
    int starts = 0;
    int engine_calls = 0;
    std::map<std::string, std::string> containers;  ///< name → status
    Json listed = Json::array();                    ///< containers, as the engine lists them
    // The store and its gateway
    Answer on_put = [](const auto& request) { return net::HttpResponse{200, {}, put_keys(request)}; };
    Answer on_get = [](const auto&) { return net::HttpResponse{404, {}, ""}; };
    Answer on_pin = [](const auto&) { return net::HttpResponse{200, {}, "{}"}; };
    int puts = 0;
    int gets = 0;

    static net::HttpResponse streamed(const net::HttpRequest& request, const std::string& text) {
        request.on_data(as_bytes(text));
        return {200, {}, ""};
    }

  private:
    net::HttpResponse engine(const net::HttpRequest& request) {
        ++engine_calls;
        if (engine_away) {
            throw net::TransportError(net::TransportError::Kind::kConnect, "no engine");
        }
        const auto has = [&](const char* text) { return request.url.find(text) != std::string::npos; };
        if (has("/_ping")) {
            return {200, {{"Api-Version", "1.41"}}, "OK"};
        }
        if (has("/info")) {
            auto answer = Json::parse(info);
            answer["MemTotal"] = memory;
            return {200, {}, answer.dump()};
        }
        if (has("/networks/")) {
            return {404, {}, R"({"message":"network not found"})"};
        }
        if (request.url.ends_with("/images/json")) {
            return {200, {}, stored_images.dump()};
        }
        if (request.method == "DELETE" && has("/images/")) {
            deleted_images.push_back(request.url.substr(request.url.find("/images/") + 8));
            return {delete_status, {}, "[]"};
        }
        if (has("/images/create")) {
            ++pulls;
            return on_pull(request);
        }
        if (has("/images/")) {
            const Json found = {{"Id", image_id}, {"RepoDigests", repo_digests}, {"Config", Json::object()}};
            return image_there ? net::HttpResponse{200, {}, found.dump()}
                               : net::HttpResponse{image_status, {}, Json{{"message", image_error}}.dump()};
        }
        return container(request);
    }

    net::HttpResponse container(const net::HttpRequest& request) {
        const auto& url = request.url;
        if (const auto at = url.find("/containers/create?name="); at != std::string::npos) {
            auto answer = on_create(request);
            if (answer.status == 201) {
                containers[url.substr(at + 24)] = "created";
            }
            return answer;
        }
        if (url.find("/containers/json?") != std::string::npos) {
            return {200, {}, listed.dump()};
        }
        const auto begin = url.find("/containers/") + 12;
        const auto end = std::min(url.find_first_of("/?", begin), url.size());
        const auto found = containers.find(url.substr(begin, end - begin));
        if (found == containers.end()) {
            return {404, {}, R"({"message":"no such container"})"};
        }
        if (request.method == "DELETE") {
            containers.erase(found);
            return {204, {}, ""};
        }
        if (url.ends_with("/start")) {
            if (!start_error.empty()) {
                return {500, {}, Json{{"message", start_error}}.dump()};
            }
            ++starts;
            on_start();
            found->second = "exited";
            return {204, {}, ""};
        }
        if (url.ends_with("/changes")) {
            return streamed(request, "null");
        }
        if (url.find("/json") != std::string::npos) {
            if (failing_inspects > 0) {
                --failing_inspects;
                return {500, {}, R"({"message":"the engine is busy"})"};
            }
            return {200,
                    {},
                    Json{{"Id", "c"},
                         {"Image", "sha256:aa"},
                         {"SizeRw", 0},
                         {"HostConfig",
                          {{"DeviceRequests", device_requests}, {"ReadonlyRootfs", read_only_root}}},
                         {"State",
                          {{"Status", found->second},
                           {"ExitCode", 0},
                           {"StartedAt", "2026-11-20T10:00:00Z"},
                           {"FinishedAt", "2026-11-20T10:00:01Z"}}}}
                        .dump()};
        }
        return {200, {}, ""};
    }

    net::HttpResponse store(const net::HttpRequest& request) {
        if (request.url.starts_with("http://pinata/")) {
            return on_pin(request);
        }
        const bool put = request.url.find("/block/put") != std::string::npos;
        ++(put ? puts : gets);
        return put ? on_put(request) : on_get(request);
    }

    /// CIDs of the blocks in a multipart body.
    static std::string put_keys(const net::HttpRequest& request) {
        const bool raw = request.url.find("cid-codec=raw") != std::string::npos;
        const auto boundary = "--" + request.headers.at(0).second.substr(30);
        std::string out;
        for (auto at = request.body.find("\r\n\r\n"); at != std::string::npos;
             at = request.body.find("\r\n\r\n", at)) {
            at += 4;
            const auto end = request.body.find("\r\n" + boundary, at);
            const auto digest = crypto::sha256(as_bytes(request.body.substr(at, end - at)));
            out +=
                Json{{"Key", Cid(raw ? CidCodec::kRaw : CidCodec::kDagPb, digest).to_string()}}.dump() + "\n";
            at = end;
        }
        return out;
    }
};

}  // namespace lamda::agent::test
