#include "ipfs/file_upload.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "ipfs/file_reader.hpp"
#include "ipfs/testing/answering_server.hpp"
#include "ipfs/testing/some_bytes.hpp"
#include "ipfs/unixfs.hpp"
#include "net/http_client.hpp"
#include "testkit/process.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::ipfs;

namespace {

Cid cid_of(const std::string& content) {
    FileBuilder builder;
    builder.write(as_bytes(content));
    return builder.finish().cid;
}

}  // namespace

TEST_CASE("a file that arrives in parts is stored under the CID of its content, and can be read back") {
    testkit::TempDir dir("upload");
    testkit::ContentStore server(dir.path());
    net::HttpClient http;
    ContentStore store({.api_url = server.url(), .gateways = {}}, http);
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{262'145}, std::size_t{5U << 20}}) {
        const auto content = some_bytes(size);
        FileUpload upload(store);
        for (std::size_t at = 0; at < size; at += 100'000) {
            upload.write(as_bytes(std::string_view(content).substr(at, 100'000)));
        }
        const Cid cid = upload.finish();
        INFO(size);
        CHECK(cid == cid_of(content));
        FileReader reader(store, cid);
        std::string back;
        for (Bytes part = reader.next(); !part.empty(); part = reader.next()) {
            back += as_string(part);
        }
        CHECK(back == content);
    }
}

TEST_CASE("a store with another CID, without one, or that is absent stores nothing that is returned") {
    net::HttpClient http;
    const auto answered = [&](const std::string& body) {
        AnsweringServer server([&](const auto&) -> AnsweringServer::Answer { return {200, body}; });
        ContentStore store({.api_url = server.url(), .gateways = {}}, http);
        FileUpload upload(store);
        upload.write(as_bytes(std::string_view("text")));
        return upload.finish();
    };
    const std::string right = R"({"Key":")" + cid_of("text").to_string() + "\"}";
    CHECK(answered(right) == cid_of("text"));
    CHECK_THROWS_AS(answered(R"({"Key":")" + cid_of("other").to_string() + "\"}"), Mismatch);
    CHECK_THROWS_AS(answered("{}"), Unavailable);
    ContentStore none({.api_url = "", .gateways = {}}, http);
    CHECK_THROWS_AS(FileUpload(none), Unavailable);
}

TEST_CASE("an upload that is given up pins nothing, and holds no more than a batch back") {
    net::HttpClient http;
    std::vector<std::string> heads;
    std::size_t largest = 0;
    AnsweringServer server([&](const AnsweringServer::Request& request) -> AnsweringServer::Answer {
        heads.push_back(request.head);
        largest = std::max(largest, request.body.size());
        // The right answer for each block of zeros.
        const std::string line = R"({"Key":")" + cid_of(std::string(262'144, '\0')).to_string() + "\"}\n";
        std::string out;
        for (auto at = request.body.find("filename="); at != std::string::npos;
             at = request.body.find("filename=", at + 1)) {
            out += line;
        }
        return {200, out};
    });
    ContentStore store({.api_url = server.url(), .gateways = {}}, http);
    {
        FileUpload upload(store);
        for (int i = 0; i < 40; ++i) {
            upload.write(Bytes(262'144));
        }
    }
    CHECK(heads.size() >= 9);
    CHECK(largest <= (1U << 20) + 4'096);
    for (const auto& head : heads) {
        CHECK(head.find("pin=false") != std::string::npos);
    }
}
